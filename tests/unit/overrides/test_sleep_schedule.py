"""Sleep by a schedule: whether a stack sleeps, the resources of a schedule, and the messages about it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.config.models import Config
from provisioner.operations.overrides import sizes
from provisioner.state.model import Record

SCHEDULE = {"sleep": "cron(0 20 ? * MON-FRI *)", "wake": "cron(0 7 ? * MON-FRI *)", "timezone": "Asia/Tokyo"}
WEB, WORKER = {"image": "web:1", "port": 80}, {"image": "web:1"}
CALL, SLEEP, STOP = "universal_schedule/web.sleep", "sleeping_stack/main", "universal_schedule/sleep.database"
FRIDAY_NIGHT = 1_796_385_600
"""The 4th of December 2026, 21:00 in Tokyo."""


def config(**more: Any) -> Config:
    return Config.model_validate({"services": {"web": WEB, "worker": WORKER}, "schedule": SCHEDULE, **more})


def records(*addresses: str) -> dict[str, Record]:
    return {one: Record(one, one.partition("/")[0], "ready", "") for one in addresses}


@pytest.mark.parametrize(
    ("recorded", "desired", "asleep"),
    [
        ((CALL,), {"web": 0, "worker": 0}, True),
        ((CALL,), {"web": 0, "worker": 1}, False),
        ((CALL,), {}, False),
        ((), {"web": 0, "worker": 0}, False),
        ((CALL, SLEEP), {"web": 0, "worker": 0}, False),
        ((CALL, "paused_workload/web"), {"web": 0, "worker": 1}, False),
        ((CALL, "paused_workload/web", "paused_workload/worker"), {"web": 0, "worker": 0}, False),
    ],
)
def test_it_sleeps_when_ecs_wants_no_task(recorded: tuple[str, ...], desired: dict[str, int], asleep: bool) -> None:
    assert sizes.sleeps(config(), records(*recorded), desired) is asleep


def test_a_service_that_is_to_have_no_task_says_nothing() -> None:
    one = config(services={"web": WEB, "worker": {**WORKER, "count": 0}})
    assert not sizes.sleeps(one, records(CALL), {"worker": 0})


def test_without_the_table_only_a_database_still_sleeps() -> None:
    one, desired = config(schedule=None), {"web": 0, "worker": 0}
    assert not sizes.sleeps(one, records(CALL), desired)
    assert sizes.sleeps(one, records(CALL, STOP), desired)


def test_until_when_is_said_by_its_own_clock() -> None:
    assert sizes.until(config(), FRIDAY_NIGHT) == " until Mon 07:00 JST"
    last = {**SCHEDULE, "wake": "cron(0 7 ? * 6L *)"}
    assert sizes.until(config(schedule=last), FRIDAY_NIGHT) == ""


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"capacity": {"min": 1}, "services": {"web": {**WEB, "launch": "ec2"}}}, "keeps instances there"),
        ({"schedule": {**SCHEDULE, "wake": SCHEDULE["sleep"]}}, "the same moment"),
    ],
)
def test_what_does_not_go_with_it_is_named(table: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        config(**table)
