"""A stack of more services than one call takes alarms: its schedules and its commands send them in pieces."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import boto3
import pytest
from botocore.exceptions import ParamValidationError

from provisioner.aws import list_limits
from provisioner.config.models import Config
from provisioner.config.records import Sizes
from provisioner.operations.overrides import sleep_schedule
from provisioner.operations.planning import step_run
from provisioner.resources.scheduler import UniversalSchedule, operation_of
from provisioner.state.model import Record
from provisioner.steps.stack import Stack
from tests.unit.steps.test_capacity_steps import FACTS

SERVICES = [f"worker-{number}" for number in range(102)]
CONFIG = Config.model_validate(
    {
        "services": {"web": {"image": "i:1", "port": 80, "public": True}}
        | {name: {"image": "i:1", "scaling": {"max": 3, "cpu": 50}} for name in SERVICES},
        "alarms": {"email": ["ops@example.com"]},
        "schedule": {"sleep": "cron(0 20 * * ? *)", "wake": "cron(0 7 * * ? *)"},
        "database": {"min_acu": 0.5},
    }
)
SESSION = boto3.Session(region_name="eu-west-1")


@cache
def large() -> Stack:
    """Return the stack with all its alarms and schedules."""
    return step_run.declare(CONFIG, FACTS)


def calls(stack: Stack) -> dict[str, UniversalSchedule]:
    """Return the schedules that call an API, by name."""
    found = [item.resource for item in stack.declared.values()]
    return {one.name: one for one in found if isinstance(one, UniversalSchedule)}


def test_no_schedule_sends_a_list_that_is_too_long() -> None:
    found = calls(large())
    assert len(found) > 2 * len(SERVICES)
    for one in found.values():
        list_limits.check(one.input, operation_of(SESSION, one.target_arn))


@pytest.mark.parametrize("when", ["sleep", "wake"])
def test_the_pieces_have_each_alarm_once(when: str) -> None:
    found = calls(large())
    pieces = [found[name].input["AlarmNames"] for name in (f"{when}.alarms", f"{when}.alarms.2")]
    assert [len(piece) for piece in pieces] == [100, 4]
    assert len({name for piece in pieces for name in piece}) == len(SERVICES) + 2
    assert f"{when}.alarms.3" not in found


def test_commands_change_each_piece() -> None:
    """The alarm of a paused service leaves its piece, and no alarm moves from one piece to the other."""
    records = {
        address: Record(address, item.resource.type_name, "ready", "", address, item.resource.recorded())
        for address, item in large().declared.items()
    }
    paused = Sizes(paused={SERVICES[0]: 1, SERVICES[100]: 1, SERVICES[101]: 1})
    told = sleep_schedule.of_stack(CONFIG, records, paused)
    declared = calls(step_run.declare(CONFIG, replace(FACTS, sizes=paused)))
    for when in ("sleep", "wake"):
        for name, noisy in ((f"{when}.alarms", 99), (f"{when}.alarms.2", 2)):
            sent = told[f"universal_schedule/{name}"].resource.fields()["input"]["AlarmNames"]
            assert (len(sent), len(declared[name].input["AlarmNames"])) == (noisy, noisy)


def test_a_list_that_is_too_long_is_not_sent() -> None:
    model = operation_of(SESSION, "arn:aws:scheduler:::aws-sdk:cloudwatch:disableAlarmActions")
    with pytest.raises(ParamValidationError, match="AlarmNames has 101 entries, and AWS takes 100"):
        list_limits.check({"AlarmNames": ["a"] * 101}, model)
    cluster = operation_of(SESSION, "arn:aws:scheduler:::aws-sdk:rds:stopDBCluster")
    list_limits.check({"DbClusterIdentifier": "a"}, cluster)
