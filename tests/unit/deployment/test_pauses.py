"""Pauses of a deployment, in AWS's answers and in the words for users."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.operations.commands.approve import Decided
from provisioner.render import deployments, status
from provisioner.resources.ecs import pauses
from tests.unit.inspection.test_status_screen import service

MOMENT = datetime(2026, 11, 30, 8, 15, tzinfo=UTC)
HOOK: dict[str, Any] = {
    "hookId": "ecs-pause-1",
    "targetType": "PAUSE",
    "status": "AWAITING_ACTION",
    "expiresAt": MOMENT,
    "timeoutAction": "CONTINUE",
}


def test_a_hook_that_awaits_an_answer_is_waited_for() -> None:
    shown = {"status": "IN_PROGRESS", "lifecycleHookDetails": [HOOK]}
    assert pauses.waiting(shown) == (pauses.Pause("ecs-pause-1", MOMENT, "CONTINUE"),)


@pytest.mark.parametrize(
    ("deployment", "hook"),
    [
        ({"status": "ROLLBACK_IN_PROGRESS"}, {}),
        ({}, {"status": "SUCCEEDED"}),
        ({}, {"targetType": "AWS_LAMBDA"}),
        ({}, {"hookId": None}),
        ({}, {"status": "SOMETHING_NEW"}),
        ({"lifecycleHookDetails": None}, {}),
    ],
)
def test_nothing_else_is_waited_for(deployment: dict[str, Any], hook: dict[str, Any]) -> None:
    shown = {"status": "IN_PROGRESS", "lifecycleHookDetails": [{**HOOK, **hook}], **deployment}
    assert pauses.waiting(shown) == ()


@pytest.mark.parametrize(
    ("pause", "said"),
    [
        (
            pauses.Pause("1", MOMENT),
            "waits for `provision deploy web --approve` until 2026-11-30 08:15 UTC, then ECS rolls back",
        ),
        (pauses.Pause("1", None, "CONTINUE"), "waits for `provision deploy web --approve`, then ECS goes on"),
    ],
)
def test_how_long_it_waits_is_said(pause: pauses.Pause, said: str) -> None:
    assert pauses.told("web", [pause]) == said
    assert pauses.told("web", []) == ""


def test_status_says_what_is_waited_for() -> None:
    asked = {"stage": "POST_SCALE_UP", "until": MOMENT.timestamp(), "then": "rollback"}
    said = "waits at POST_SCALE_UP for `provision deploy web --approve` until 2026-11-30 08:15 UTC, then ECS rolls back"
    assert status.awaited(service("web", approval=asked)) == said
    assert status.awaited(service("web", approval={**asked, "until": None})).endswith(
        "`provision deploy web --approve`, then ECS rolls back"
    )
    assert status.awaited(service("web")) == ""


@pytest.mark.parametrize(("decision", "next_one"), [("approved", "up"), ("rejected", "rollback web")])
def test_an_answer_says_what_comes_next(decision: str, next_one: str) -> None:
    made = Decided("web", "shop-dev-web:3", "POST_SCALE_UP", decision)
    (line,) = deployments.decided(made, lambda *words: f"`provision {' '.join(words)}`")
    assert f"{decision} shop-dev-web:3 at POST_SCALE_UP" in line
    assert f"`provision {next_one}`" in line
