"""The predictions of `provision rehearse`, beside the following run; it touches nothing and leaves nothing behind."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ecs_emulator import control
from tests.cloud.project import Project

QUIET = 4000.0
"""Seconds after which nothing of the last run is under way, and ECS shows no stopped tasks any more."""
EXACT = 0.5
"""Seconds by which a rehearsal may be off: some calls, since the real account holds earlier changes."""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Directories that end with the test, in a place of its own: others may rehearse on this machine too."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))


@dataclass(frozen=True)
class Told:
    """The duration of a run, and the outages by service: its name, a URL, since, until, why."""

    seconds: float
    outages: list[tuple[str, str, float, float | None, str]]


def stack_file(here: Project) -> Path:
    """The document of the state."""
    return here.state / "local" / "ecs-sample-dev" / "state.json"


def history(here: Project) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = json.loads(stack_file(here).read_text())["history"]
    return runs


def rehearsed(here: Project, *words: str, code: int = 0) -> Any:
    """Rehearse; nothing of the stack may be touched meanwhile, nor anything be left."""
    # as the tests' own cloud takes, in which what is predicted then happens
    words = words if "--durations" in words else (*words, "--durations", "typical")
    before, since = stack_file(here).read_bytes() if stack_file(here).exists() else b"", here.last_call()
    document = here.run("rehearse", "--json", *words, code=code).document
    assert here.last_call() == since
    assert (stack_file(here).read_bytes() if before else b"") == before
    assert left() == []
    return document


def left() -> list[Path]:
    """Return the directories that rehearsals have left behind."""
    return sorted(Path(os.environ["TMPDIR"]).glob("provision-rehearsal-*"))


def predicted(document: Any) -> Told:
    run = document["runs"][0]
    outages = [(o["service"], o["url"], o["since"], o["until"], o["why"]) for o in run["outages"]]
    return Told(run["seconds"], sorted(outages))


def happened(here: Project, *words: str) -> Told:
    """Run it on the stack itself, whose cloud watches the services meanwhile."""
    control.watch(here.cloud.process)
    here.run(*words, "--yes", "--json")
    run = history(here)[-1]
    started = run["started"] - float(json.loads(here.cloud.control("GET", "clock"))["epoch"])
    control.pass_time(here.cloud.process, QUIET, "typical")
    outages = [
        (o["service"], o["url"], o["since"] - started, o["until"] and o["until"] - started, o["why"])
        for o in control.outages(here.cloud.process)
        if words == ("down",) or not o["removed"]
    ]
    return Told(run["seconds"], sorted(outages))


def assert_alike(one: Told, other: Told) -> None:
    assert one.seconds == pytest.approx(other.seconds, abs=EXACT)
    assert [(s, n, w) for s, n, _, _, w in one.outages] == [(s, n, w) for s, n, _, _, w in other.outages]
    for (_, _, since, until, _), (_, _, since2, until2, _) in zip(one.outages, other.outages, strict=True):
        assert since == pytest.approx(since2, abs=EXACT)
        assert (until is None) == (until2 is None)
        assert until is None or until == pytest.approx(until2, abs=EXACT)
