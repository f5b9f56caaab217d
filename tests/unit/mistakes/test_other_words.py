"""Words of other tools on the command line, and misspelt commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from provisioner.cli import other_words
from provisioner.cli.commands import app
from tests.unit.conftest import Run

PROGRAM = typer.main.get_command(app)
COMMANDS: dict[str, object] = PROGRAM.commands  # type: ignore[attr-defined]
WORDS = [(name, word) for name, words in other_words.COMMANDS.items() for word in words.split()]
HARMLESS = "own town bow done doe plow ploy employ role reel rule jest object except shoe stat list-all shown".split()  # noqa: SIM905


def suggested(answer: str) -> list[str]:
    return re.findall(r"`provision ([\w-]+)", answer)


def params(command: str) -> set[str]:
    return {option for one in COMMANDS[command].params for option in one.opts}  # type: ignore[attr-defined]


def test_each_word_is_answered_with_a_command_that_exists() -> None:
    assert [word for _, word in WORDS if word in COMMANDS] == []
    assert len({word for _, word in WORDS}) == len(WORDS)
    for name, word in WORDS:
        assert suggested(other_words.command("", word, COMMANDS)) == [name.split()[0]]
        assert name.split()[0] in COMMANDS
    for sentence in (*other_words.SENTENCES.values(), *other_words.OPTION_SENTENCES.values()):
        assert all(name in COMMANDS or name.startswith("-") or name.isupper() for name in suggested(sentence)), sentence


def test_each_group_is_answered_with_a_command_of_its_own() -> None:
    for group, table in other_words.GROUPS.items():
        own = COMMANDS[group].commands  # type: ignore[attr-defined]
        assert table.keys() <= own.keys()
        assert [word for words in table.values() for word in words.split() if word in own] == []


def test_each_option_is_one_of_some_command() -> None:
    every = set().union(*(params(name) for name in COMMANDS))
    assert {option.split()[0] for option in other_words.OPTIONS} <= every


def test_words_for_deleting_lead_to_down_alone() -> None:
    deleting = "delete destroy remove rm teardown terminate undeploy uninstall".split()  # noqa: SIM905
    assert {one for word in deleting for one in suggested(other_words.command("", word, COMMANDS))} == {"down"}


@pytest.mark.parametrize("word", HARMLESS)
def test_a_harmless_word_leads_to_no_command_that_writes(word: str) -> None:
    found = suggested(other_words.command("", word, COMMANDS))
    assert set(found) <= other_words.READS


@given(st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=9))
def test_only_a_slip_leads_to_a_command_that_writes(word: str) -> None:
    known = {one for _, one in WORDS} | other_words.SENTENCES.keys() | COMMANDS.keys()
    for found in suggested(other_words.command("", word, COMMANDS)) if word not in known else ():
        assert found in other_words.READS or word in set(slips(found))


def slips(name: str) -> Iterator[str]:
    """Yield the words that are a command with one slip of the fingers."""
    for at in range(len(name)):
        yield name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :]
        yield name[:at] + name[at] + name[at:]
        if len(name) >= other_words.LONG:
            yield name[:at] + name[at + 1 :]
            yield from (name[:at] + one + name[at + 1 :] for one in "abcdefghijklmnopqrstuvwxyz-")


@pytest.mark.parametrize(
    ("word", "name"), [("dwon", "down"), ("upp", "up"), ("depoly", "deploy"), ("statsu", "status")]
)
def test_a_slip_is_answered(word: str, name: str) -> None:
    assert suggested(other_words.command("", word, COMMANDS)) == [name]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("up --auto-approve=true", "Here it is --yes"),
        ("up -auto-approve", "Here it is --yes"),
        ("logs --tail 5", "Here it is --since SPAN"),
        ("down --destroy", "`provision down` deletes the stack"),
        ("state ls", "`provision state list`"),
        ("secret create A", "`provision secret set`"),
    ],
)
def test_options_and_groups_are_answered(line: str, word: str, run: Run) -> None:
    code, _, err = run(*line.split())
    assert (code, word in err) == (4, True), err


@pytest.mark.parametrize(
    ("words", "family"),
    [
        ("AccessDenied", "permission"),
        ("AccessDeniedException", "permission"),
        ("UnauthorizedOperation", "permission"),
        ("Client.UnauthorizedOperation", "permission"),
        ("ThrottlingException", "throttled"),
        ("RequestLimitExceeded", "throttled"),
        ("ExpiredToken", "credentials"),
        ("ExpiredTokenException", "credentials"),
        ("InvalidClientTokenId", "credentials"),
        ("LimitExceededException", "quota"),
        ("ServiceQuotaExceededException", "quota"),
        ("VcpuLimitExceeded", "quota"),
        ("ValidationError", "aws"),
        ("InvalidVpcID.NotFound", "aws"),
        ("An error occurred (DependencyViolation) when calling the DeleteVpc operation: has dependencies", "aws"),
    ],
)
def test_codes_of_aws_are_explained(words: str, family: str, run: Run) -> None:
    code, out, _ = run("explain", *words.split())
    first = out.partition("\n")[0]
    assert (code, first.endswith(f": a code of AWS, of the family {family} (exit code 1)")) == (0, True), out
    assert "What to do:" in out
