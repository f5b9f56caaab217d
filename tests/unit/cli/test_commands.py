"""The list of commands: its groups, its sentences, and the former names that still work."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer

from provisioner.cli.app import FORMER, GROUPS
from provisioner.cli.commands import app
from provisioner.cli.main import _failed
from tests.unit.conftest import Run

ROOT = Path(__file__).parents[3]


def pages(width: int = 80) -> dict[str, str]:
    """The help of the program, and of each group of commands in it."""
    root = typer.main.get_command(app)
    top = root.make_context("provision", [], resilient_parsing=True, terminal_width=width)
    groups = {name: one for name, one in getattr(root, "commands", {}).items() if hasattr(one, "commands")}
    below = {n: one.make_context(n, [], parent=top, resilient_parsing=True).get_help() for n, one in groups.items()}
    return {"": top.get_help(), **below}


def test_each_command_stands_in_one_group_or_is_hidden() -> None:
    commands = getattr(typer.main.get_command(app), "commands", {})
    named = [name for names in GROUPS.values() for name in names]
    assert sorted(named) == sorted(name for name, one in commands.items() if not one.hidden)
    assert len(named) == len(set(named))


def test_no_sentence_in_a_list_of_commands_is_cut() -> None:
    for name, page in pages().items():
        lists = re.split(r"\n\n(?:  -|Options)", page)[0]
        assert "..." not in lists.partition("\n")[2], name


def test_a_command_of_the_list_takes_one_line() -> None:
    page = pages()[""]
    for heading, names in GROUPS.items():
        part = page.partition(f"\n{heading}:\n")[2].partition("\n\n")[0]
        assert [line.split()[0] for line in part.splitlines()] == list(names)
        assert all(line.endswith(".") for line in part.splitlines())


def test_common_options_stand_on_a_page_of_their_own(run: Run) -> None:
    shown = json.loads(run("options", "--json")[1])
    assert len(shown) == 9
    text, page = run("options")[1], run("status", "--help")[1]
    for one in shown:
        assert one["option"] in text
        assert one["help"] in text
        assert one["help"] not in page
    assert "`provision options`" in page


# -- former names ------------------------------------------------------------------------------------------------------


def test_former_names_are_in_the_changelog_and_the_reference() -> None:
    changes, reference = (ROOT / "CHANGELOG.md").read_text(), (ROOT / "docs" / "commands.md").read_text()
    unreleased = changes.partition("## Unreleased")[2].partition("\n## ")[0]
    for former, now in FORMER.items():
        assert f"`{former}`" in unreleased
        assert f"| `{former}` | `{now}` |" in reference


@pytest.mark.parametrize(
    ("former", "now"),
    [
        (["schema"], ["config", "--schema"]),
        (["schema", "--json"], ["config", "--schema", "--json"]),
        (["state", "show", "vpc/main"], ["show", "vpc/main"]),
        (["state", "show", "vpc/main", "--json"], ["show", "vpc/main", "--json"]),
        (["pause", "nobody"], ["sleep", "nobody"]),
        (["resume", "nobody"], ["wake", "nobody"]),
    ],
    ids=" ".join,
)
def test_a_former_name_does_the_same(run: Run, former: list[str], now: list[str]) -> None:
    assert run("init")[0] == 0
    code, out, err = run(*former)
    assert run(*now) == (code, out, err.partition("\n")[2])
    assert re.fullmatch(r"note: `[a-z ]+` is now `.*`; the former name goes with the next release", err.splitlines()[0])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["deploy", "--approve", "--image", "x:1"], "--approve and --image do not go together"),
        (["deploy", "--approve", "--reject"], "--approve and --reject do not go together"),
        (["deploy", "web", "api", "--reject"], "--reject answers one deployment: name one service"),
        (["sleep", "web", "--tasks"], "web and --tasks do not go together"),
        (["sleep", "web", "--nat"], "web and --nat do not go together"),
        (["sleep", "--tasks", "--balancer"], "--tasks and --balancer do not go together"),
        (["wake", "web", "--tasks"], "web and --tasks do not go together"),
        (["history", "--diff"], "--diff compares two revisions of one service: name it"),
        (["history", "web", "1", "2", "3", "--diff"], "--diff compares two revisions of one service: name it"),
        (["config", "region", "--schema"], "--schema prints all keys: leave KEY out"),
        (["cost", "--refresh", "--hints"], "--refresh only reads prices: leave --load and --hints out"),
        (["show", "vpc/main", "--source", "live"], "one resource is shown as recorded: leave --source out"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_options_of_merged_commands_do_not_mix(run: Run, words: list[str], message: str) -> None:
    assert run("init")[0] == 0
    code, out, err = run(*words)
    assert (code, out) == (4, "")
    assert message in err


def test_choices_of_typer_are_told_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    error = typer.BadParameter("Choose from:\n\tgithub,\n\tgitlab")
    assert _failed(error) == 4
    assert capsys.readouterr().err == "error: Invalid value: Choose from: github, gitlab. See `provision --help`\n"
