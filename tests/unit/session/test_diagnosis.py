"""Causes of a failed session into a task, each by itself, with the remedy in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.session.diagnosis import AGENT_ACTIONS, Facts, causes

FINE = Facts(
    "web",
    "0f3a91c2",
    configured=True,
    protected=False,
    service_enabled=True,
    task_enabled=True,
    status="RUNNING",
    agent="RUNNING",
    reason="",
    denied=(),
    endpoint=True,
    up="`provision up`",
)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            {"task_enabled": False, "configured": False},
            "write exec = true under [services.web], and run `provision up`",
        ),
        ({"task_enabled": False, "configured": False, "protected": True}, "is off for web, since protect = true:"),
        ({"task_enabled": False, "service_enabled": False}, "not in ECS for web: run `provision up`"),
        ({"task_enabled": False}, "task 0f3a91c2 of web was started before ECS Exec was switched on"),
        ({"task_enabled": False, "service_enabled": None}, "was started before ECS Exec was switched on"),
        ({"status": "PENDING", "agent": "PENDING"}, "is PENDING, and can be entered once it is RUNNING"),
        ({"agent": ""}, "does not run yet: try again in some seconds"),
        (
            {"agent": "STOPPED", "reason": "Out of memory"},
            "has stopped: Out of memory. Only another task has a running agent",
        ),
        ({"agent": "SOMETHING-NEW"}, "does not run yet"),
        ({"denied": AGENT_ACTIONS[1:2]}, "does not allow ssmmessages:CreateDataChannel"),
        ({"endpoint": False}, "the VPC has no endpoint of ssmmessages with private DNS"),
        ({"keys": ["AWS_ACCESS_KEY_ID"]}, "web has AWS_ACCESS_KEY_ID in its environment"),
    ],
)
def test_each_cause_is_named_alone(wrong: dict[str, Any], says: str) -> None:
    (cause,) = causes(replace(FINE, **wrong))
    assert says in cause


def test_nothing_is_said_where_all_is_well_or_unknown() -> None:
    assert list(causes(FINE)) == []
    assert list(causes(replace(FINE, denied=None, endpoint=None, service_enabled=None))) == []


def test_several_causes_are_all_named() -> None:
    assert len(list(causes(replace(FINE, denied=AGENT_ACTIONS, endpoint=False)))) == 2
