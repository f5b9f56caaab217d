"""`provision config`: the effective settings of an environment, their origins, and the hidden values."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.main import main
from provisioner.config import sample
from provisioner.config.models import SAMPLE, Config
from provisioner.config.stack_file import load

TEXT = """
project = "shop"
[network]
zones = 2
[dns]
domain = "example.com"
[services.web]
image = "web:1"
port = 8080
public = true
health = "/up"
environment = { LEVEL = "info", API_TOKEN = "abcdefgh-12345-x" }
build_args = {}
[services.worker]
extends = "web"
command = "run --broker redis://:hunter22-of-the-broker@cache:1 --fast"
environment = { ROLE = "worker" }
[environments.prod]
region = "eu-west-1"
services.web = { cpu = 512, memory = 1024, health = { grace = 100 } }
"""
SECRETS = ("abcdefgh-12345-x", "hunter22-of-the-broker")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stack.toml").write_text(TEXT)
    return tmp_path


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, tuple[Any, str]]:
    assert main(["config", "--json", *words]) == 0
    document = json.loads(capsys.readouterr().out)
    return {key: (one["value"], one["from"]) for key, one in document["settings"].items()}


def test_each_value_has_its_origin(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = shown(capsys, "--env", "prod", "--target", "aws")
    expected = {
        "project": ("shop", "file"),
        "env": ("prod", "--env"),
        "target": ("aws", "--target"),
        "region": ("eu-west-1", "environments.prod"),
        "protect": (True, 'default of env = "prod"'),
        "network.zones": (2, "file"),
        "network.cidr": ("10.0.0.0/16", "default"),
        "dns.host": ("app-prod", "default of another environment than the file's own"),
        "capacity.spot": (False, 'default of env = "prod"'),
        "services.web.cpu": (512, "environments.prod"),
        "services.web.health.path": ("/up", "file"),
        "services.web.health.grace": (100, "environments.prod"),
        "services.web.health.codes": ("200", "default"),
        "services.web.count": (2, 'default of env = "prod"'),
        "services.worker.cpu": (512, "extends services.web"),
        "services.worker.image": ("web:1", "extends services.web"),
        "services.worker.extends": ("web", "file"),
        "services.worker.environment.LEVEL": ("info", "extends services.web"),
        "services.worker.environment.ROLE": ("worker", "file"),
        "services.worker.port": (None, "default"),
    }
    assert {key: found[key] for key in expected} == expected


def test_the_values_are_those_of_the_environment(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for env in ("dev", "prod", "qa"):
        config = load(here / "stack.toml", env=env)
        for key, (value, _) in shown(capsys, "--env", env).items():
            held: Any = config.model_dump(mode="json")
            for part in key.split("."):
                held = held[part]
            if not key.endswith(("command", "API_TOKEN")):
                assert value == held, key


@pytest.mark.parametrize("words", [[], ["--env", "prod"], ["services"], ["services.worker.command"]])
def test_it_is_toml_without_secrets(here: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(["config", *words]) == 0
    out = capsys.readouterr().out
    assert not any(secret in out for secret in SECRETS)
    worker = tomllib.loads(out)["services"]["worker"]
    assert worker["command"] == "run --broker (hidden) --fast"
    main(["config", "--json", *words])
    assert not any(secret in capsys.readouterr().out for secret in SECRETS)


def test_one_key_and_one_that_there_is_not(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "services.web.cpu", "--env", "prod"]) == 0
    assert capsys.readouterr().out == "[services.web]\ncpu = 512  # environments.prod\n"
    assert main(["config", "region"]) == 0
    assert capsys.readouterr().out == 'region = "ap-northeast-1"  # default\n'
    for key, says in (("services.wep", 'did you mean "services.web"?'), ("zzz", "`provision config` shows all")):
        assert main(["config", key]) == 4
        assert capsys.readouterr().err.startswith(f'error: there is no key "{key}"')
        main(["config", key])
        assert says in capsys.readouterr().err


def test_the_sample_is_shown_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stack.toml"
    path.write_text(sample.text())
    assert main(["config", "-c", str(path)]) == 0
    tables = tomllib.loads(capsys.readouterr().out)
    without = {"alarms", "cloudfront", "defaults", "kms_key", "redis", "schedule"}
    assert tables.keys() == Config.model_fields.keys() - without
    assert tables["database"]["name"] == load(SAMPLE).model_dump()["database"]["name"]
