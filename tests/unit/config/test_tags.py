"""`[tags]`: the limits of AWS that are checked before any call."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from provisioner.config.models import Config
from provisioner.config.stack_file import load
from provisioner.config.tags import MOST
from provisioner.engine.errors import ConfigurationError

WEB = '[services.web]\nimage = "web:1"\n'


def test_tags_are_texts_with_the_words_of_the_stack() -> None:
    text = f'project = "shop"\n[tags]\nTeam = "größe {{env}} + 1"\n"cost:center" = "{{project}}/17 @x"\n{WEB}'
    assert Config.model_validate(tomllib.loads(text)).tags == {
        "Team": "größe dev + 1",
        "cost:center": "shop/17 @x",
    }


def test_an_overlay_adds_tags(tmp_path: Path) -> None:
    (tmp_path / "stack.toml").write_text(
        f'[tags]\nTeam = "a"\nStage = "low"\n{WEB}[environments.prod.tags]\nStage = "high"\n'
    )
    assert load(tmp_path / "stack.toml", env="prod").tags == {"Team": "a", "Stage": "high"}


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ('"aws:x" = "1"', "begins with aws:, and AWS keeps that prefix for itself: use another key"),
        ('"AWS:x" = "1"', "begins with aws:"),
        ('"provisioner:address" = "1"', "begins with provisioner:, and this tool keeps that prefix"),
        ('Project = "1"', "is a tag of this tool's own, by which it finds resources: use another key"),
        ('environment = "1"', "is a tag of this tool's own"),
        ('Name = "1"', "would give all resources one name: use another key"),
        ('a = "1"\nA = "2"', 'differs from "A" in upper and lower case alone, which IAM does not tell apart'),
        (f'{"k" * 129} = "1"', "has 129 characters as a key: use 1 to 128"),
        ('"a#b" = "1"', "is not a key that all services allow: use letters, digits, spaces and _ . : / = + - @"),
        ('" a" = "1"', "no space at an end"),
        ('a = ""', 'is empty, which EventBridge Scheduler refuses: write a value, such as "yes"'),
        (f'a = "{"v" * 257}"', "has 257 characters as a value: use 256 or fewer"),
        ('a = "b, c"', "has a character that not all services allow"),
        ("a = 1", 'must be text in quotes, not 1: write "1"'),
        ('a = "{region}"', "has {region}: only {project} and {env} stand for something here"),
        ("\n".join(f'k{n} = "1"' for n in range(MOST + 1)), "has 41 tags, and AWS allows 50 with the stack's own"),
    ],
)
def test_tags_that_aws_would_refuse_are_told(tmp_path: Path, tag: str, told: str) -> None:
    (tmp_path / "stack.toml").write_text(f"{WEB}[tags]\n{tag}\n")
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path / "stack.toml")
    assert told in str(refused.value).splitlines()[0]
