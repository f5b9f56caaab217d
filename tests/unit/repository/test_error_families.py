"""Families of errors: each error has one, each family is raised, and its message, page and command name each other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from provisioner.aws.errors import HINTS, ApiError
from provisioner.cli import main
from provisioner.engine import error_codes
from provisioner.engine.errors import Failed, PlanChanged, ProvisionError, SomeFailed
from provisioner.engine.planning.refusals import PlanRefused
from provisioner.operations.runs.summary import Summary
from provisioner.render import summary
from provisioner.render.error_families import FAMILIES, more
from provisioner.render.progress import Progress
from provisioner.state.model import StateLocked
from tests.unit.conftest import Run
from tools import error_page

DOCS = Path(__file__).parents[3] / "docs"
OF_MAIN = {"usage", "output", error_codes.OWN_STEPS, error_codes.UNEXPECTED}
"""Families without a class of ours: `main` knows these."""
LONG = [code for code, family in FAMILIES.items() if len(family.fix) > 1]


def test_every_error_has_a_family_with_its_exit_code() -> None:
    assert len(error_page.errors()) > 40
    for error in error_page.errors():
        assert getattr(error, "exit_code", 1) == FAMILIES[error.code].exit_code, error.__name__


def test_every_family_is_raised_by_something() -> None:
    raised = {error.code for error in error_page.errors()} | {code for code, _, _ in HINTS} | OF_MAIN
    assert raised == FAMILIES.keys()


def test_every_family_has_its_anchor_on_the_page() -> None:
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (.+)$", page, re.MULTILINE) == [*FAMILIES]
    assert [code for code in FAMILIES if not re.fullmatch("[a-z]+(-[a-z]+)*", code)] == []


@pytest.mark.parametrize("code", [code for code, family in FAMILIES.items() if family.page])
def test_what_a_family_refers_to_is_there(code: str) -> None:
    page, _, anchor = FAMILIES[code].page.partition("#")
    headings = re.findall(r"^#+ (.+)$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    slugs = {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
    assert not anchor or anchor in slugs


@pytest.mark.parametrize("code", LONG)
def test_an_error_names_its_family(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    error = ApiError("it went wrong", code)
    assert main._failed(error) == 1
    assert capsys.readouterr().err == f"error: it went wrong\nMore: `provision explain {code}`\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StateLocked("`up` of ann"), "state-locked"),
        (PlanRefused([], []), "plan-refused"),
        (PlanChanged("x"), "plan-changed"),
        (SomeFailed({"a/b": Failed("x"), "a/c": Failed("y")}, {}), "resource-failed"),
        (SomeFailed({"a/b": Failed("x"), "a/c": ApiError("y", "quota")}, {}), "some-failed"),
        (KeyError("x"), "unexpected"),
    ],
)
def test_the_code_of_an_error(error: Exception, code: str) -> None:
    assert error_codes.error_code(error) == code


def test_one_sentence_is_enough_for_some() -> None:
    assert more(["configuration", "throttled", "of-my-own"]) == []
    assert more(["quota", "throttled", "quota"]) == ["More: `provision explain quota`"]


def test_a_run_names_the_families_of_what_failed() -> None:
    failures: dict[str, BaseException] = {"vpc/a": Failed("no"), "vpc/b": ApiError("full", "quota")}
    outcome = Summary("up", {}, 1.0, error=SomeFailed(failures, {}))
    lines = summary.failures(outcome, Progress())
    assert lines[-1] == "More: `provision explain resource-failed quota`"


def test_explain_says_what_to_do(run: Run) -> None:
    code, out, err = run("explain", "state-locked", "quota")
    assert (code, err) == (0, "")
    assert "--wait" in out
    assert "See docs/doctor.md." in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_explain_lists_all_families(run: Run) -> None:
    code, out, _ = run("explain")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ")] == [*FAMILIES]
    assert "…" not in out
    assert all(len(line) <= 80 for line in out.splitlines())
    assert [one["code"] for one in json.loads(run("explain", "--json")[1])] == [*FAMILIES]


@pytest.mark.parametrize(("word", "hint"), [("qouta", 'did you mean "quota"?'), ("x", "`provision explain` lists")])
def test_explain_names_the_near_family(word: str, hint: str, run: Run) -> None:
    code, out, err = run("explain", word)
    assert (code, out) == (4, "")
    assert hint in err


def test_the_base_has_a_family() -> None:
    assert ProvisionError("x").code in FAMILIES
