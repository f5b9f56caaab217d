"""Hostile names in AWS's answers: no view lets them control the terminal."""

from __future__ import annotations

import io
import json
import re

from hypothesis import given
from hypothesis import strategies as st

import provisioner.steps  # noqa: F401  (importing the package registers the kinds)
from provisioner.engine.errors import Failed, SomeFailed
from provisioner.engine.events import (
    Event,
    Notice,
    ResourceDone,
    ResourceFailed,
    ResourceSkipped,
    ResourceStarted,
    ResourceWaiting,
    RunStarted,
)
from provisioner.engine.execution.leftovers import Leftover
from provisioner.engine.planning.actions import Planned
from provisioner.engine.resource import Change
from provisioner.operations.inspection import health, stack_status
from provisioner.operations.runs.summary import Summary
from provisioner.render import lines as json_lines
from provisioner.render import live, plain, review, status, summary
from provisioner.render.progress import Progress
from provisioner.render.text import say, visible
from provisioner.state.model import Record, State
from tests.unit.cli.hostile import CONFIG, EVIL, harmless

# -- what is shown -------------------------------------------------------------------------------------------------

EVENTS: list[Event] = [
    RunStarted("up", "shop-dev", "123456789012", "eu-west-1", 3),
    ResourceStarted("vpc/a", "network", "create"),
    ResourceWaiting("vpc/a", "network", EVIL, 1.0),
    ResourceWaiting("vpc/b", "network", EVIL, 1.0),
    ResourceDone("vpc/a", "network", "created", 1.0, EVIL),
    ResourceFailed("vpc/c", "network", EVIL),
    ResourceSkipped("vpc/d", "network", "vpc/c"),
    Notice(EVIL),
]
STATE = State("shop-dev", "123456789012", "eu-west-1", records={"vpc/a": Record("vpc/a", "vpc", "ready", "", EVIL)})
CONDITION = health.Health(
    [
        {
            "name": EVIL,
            "running": 1,
            "desired": 1,
            "revision": EVIL,
            "rollout": EVIL,
            "strategy": EVIL,
            "capacity": [EVIL],
            "problem": EVIL,
            "state": EVIL,
        }
    ],
    [
        {
            "id": EVIL,
            "status": EVIL,
            "connected": True,
            "type": EVIL,
            "tasks": 1,
            "ami": EVIL,
            "outdated": True,
            "misfit": True,
        }
    ],
    [{"name": EVIL, "status": EVIL, "host": EVIL, "problem": EVIL}],
    [{"id": EVIL, "name": EVIL, "created": EVIL, "days": 1, "newest": f"{EVIL} "}],
)


def test_no_name_of_aws_reaches_the_terminal_as_it_is() -> None:
    progress, shown = Progress(), io.StringIO()
    with plain.shown(progress, shown):
        for event in EVENTS:
            progress.emit(event)
    drawn = live.draw(progress, 200)
    assert all(line.isprintable() for line in drawn)
    say([*drawn, plain.heartbeat(progress) or ""], shown)
    planned = [
        Planned("vpc/a", "change", "network", {"tags": Change(EVIL, {"a": [EVIL]}), "cidr": Change("a", EVIL)}),
        Planned("vpc/b", "refused", "network", why=EVIL),
    ]
    for width in (40, 200):
        say(review.lines(planned, review.Around(width=width)), shown)
        say(review.in_short(planned, review.Around(width=width)), shown)
    failed = SomeFailed({"vpc/c": Failed(EVIL), "vpc/d": ValueError(EVIL)}, {})
    say(summary.failures(Summary("up", {}, 1.0, [Leftover("vpc", EVIL, EVIL)], failed), progress), shown)
    say(
        status.lines(
            stack_status.document(STATE, CONFIG, "", CONDITION, "", locked_by=EVIL, now=0.0),
            lambda *words: " ".join(words),
        ),
        shown,
    )
    assert harmless(shown.getvalue())
    # text after a line break in a foreign text does not look like a line of the run
    assert [line for line in shown.getvalue().splitlines() if line.startswith("+ all is well")] == []


def test_json_says_the_same_and_steers_no_terminal() -> None:
    shown = io.StringIO()
    write = json_lines.view(shown)
    for event in EVENTS:
        write(event)
    assert harmless(shown.getvalue())
    assert [json.loads(line) for line in shown.getvalue().splitlines()] == [event.to_dict() for event in EVENTS]
    say([json.dumps({"id": EVIL}, ensure_ascii=False)], document := io.StringIO())
    assert harmless(document.getvalue())
    assert json.loads(document.getvalue()) == {"id": EVIL}


@given(st.text())
def test_what_is_visible_is_printable_and_stays_readable(text: str) -> None:
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", visible(text))
    if text.isprintable():
        assert visible(text) == text
