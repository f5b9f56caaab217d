"""`[alarms]`: the valid settings, a stack's alarms, and the policy that lets CloudWatch publish."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.config.alarms import Alarms
from provisioner.config.models import Config
from provisioner.resources.cloudwatch.alarms import Alarm
from provisioner.resources.events import EventRule
from provisioner.resources.policies import policy
from provisioner.resources.sns import Subscription, Topic, may_publish
from provisioner.steps.stack import Stack, run
from tests.unit.steps.test_capacity_steps import FACTS

TOLD = {"email": ["ops@example.com"]}
WEB, WORKER = {"image": "web:1", "port": 80, "public": True}, {"image": "worker:1"}


def stack(alarms: dict[str, Any] | None, **more: Any) -> Stack:
    tables = {"services": {"web": WEB, "worker": WORKER}, **more}
    return run(Config.model_validate({**tables, **({"alarms": alarms} if alarms else {})}), FACTS)


def declared(stack: Stack, resource_type: type[Any]) -> dict[str, Any]:
    found = (one.resource for one in stack.declared.values())
    return {one.name: one for one in found if isinstance(one, resource_type)}


def test_without_the_table_nothing_watches() -> None:
    made = stack(None)
    assert declared(made, Alarm) == declared(made, Topic) == declared(made, Subscription) == {}


def test_what_a_stack_has_is_watched_and_nothing_else() -> None:
    job = {"jobs": {"feed": {"image": "web:1", "schedule": "rate(1 hours)"}}}
    whole = declared(stack(TOLD, database={}, **job), Alarm)
    services = {f"{name}.{what}" for name in ("web", "worker") for what in ("running", "cpu", "memory")}
    assert whole.keys() == {
        *services,
        "errors",
        "web.errors",
        "web.unhealthy",
        "database.acu",
        "schedules",
        "feed.failed",
    }
    assert declared(stack(TOLD, services={"worker": WORKER}), Alarm).keys() == {
        "worker.running",
        "worker.cpu",
        "worker.memory",
    }
    assert len({one.alarm_name for one in whole.values()}) == len(whole)


@pytest.mark.parametrize(
    ("key", "gone"),
    [
        ("errors", {"errors", "web.errors"}),
        ("unhealthy", {"web.unhealthy"}),
        ("running", {"web.running", "worker.running"}),
        ("cpu", {"web.cpu", "worker.cpu"}),
        ("memory", {"web.memory", "worker.memory"}),
        ("acu", {"database.acu"}),
        ("schedules", {"schedules"}),
        ("failed_jobs", {"feed.failed"}),
    ],
)
def test_false_leaves_one_out(key: str, gone: set[str]) -> None:
    more = {"database": {}, "jobs": {"feed": {"image": "web:1", "schedule": "rate(1 hours)"}}}
    usual, without = (declared(stack({**TOLD, **said}, **more), Alarm) for said in ({}, {key: False}))
    assert usual.keys() - without.keys() == gone


def test_failed_runs_are_watched_of_jobs_with_a_schedule() -> None:
    jobs = {"feed": {"image": "web:1", "schedule": "rate(1 hours)"}, "migrate": {"image": "web:1"}}
    made = stack(TOLD, jobs=jobs)
    assert declared(made, EventRule).keys() == {"feed.failed"}
    alarm = declared(made, Alarm)["feed.failed"]
    assert (alarm.namespace, alarm.metric_name) == ("AWS/Events", "TriggeredRules")
    assert alarm.dimensions == {"RuleName": "${event_rule/feed.failed:id}"}
    assert declared(stack({**TOLD, "failed_jobs": False}, jobs=jobs), EventRule) == {}
    assert declared(stack(None, jobs=jobs), EventRule) == {}


def test_a_service_is_watched_down_to_its_least() -> None:
    scaling = {**WORKER, "scaling": {"min": 3}}
    idle = {**WORKER, "count": 0}
    found = declared(stack(TOLD, services={"busy": scaling, "idle": idle}), Alarm)
    assert found["busy.running"].threshold == 3
    assert "idle.running" not in found


def test_alarms_tell_the_own_topic_and_that_of_others() -> None:
    theirs = "arn:aws:sns:ap-northeast-1:111111111111:ops"
    made = stack({**TOLD, "topic": theirs})
    (alarm, *_) = declared(made, Alarm).values()
    assert alarm.alarm_actions == alarm.ok_actions == ["${topic/alarms:arn}", theirs]
    assert declared(made, Subscription).keys() == {"ops@example.com"}
    alone = stack({"topic": theirs})
    assert declared(alone, Topic) == declared(alone, Subscription) == {}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "nobody would be told"),
        ({"email": ["ops"]}, "is not an e-mail address"),
        ({"email": ["a@example.com", "a@example.com"]}, "address"),
        ({"topic": "ops"}, "is not the ARN of an SNS topic"),
        ({"topic": "arn:aws:sns:eu-west-1:111111111111:ops.fifo"}, "use a standard one"),
        ({**TOLD, "cpu": True}, "neither a percentage"),
        ({**TOLD, "cpu": 100}, "100 is neither a percentage"),
        ({**TOLD, "errors": 0}, "0 is neither a number of errors"),
        ({**TOLD, "errors": "10"}, "neither a number of errors"),
    ],
)
def test_what_is_wrong_is_said(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Alarms.model_validate(wrong)


def test_a_topic_is_in_the_region_of_the_stack() -> None:
    with pytest.raises(ValidationError, match="use one in that Region"):
        stack({"topic": "arn:aws:sns:eu-west-1:111111111111:ops"})


ACCOUNT = "111111111111"
WATCH = {"Service": "cloudwatch.amazonaws.com"}


@pytest.mark.parametrize(
    ("may", "statement"),
    [
        (True, {"Principal": WATCH, "Action": "sns:Publish"}),
        (True, {"Principal": {"AWS": "*"}, "Action": ["SNS:Subscribe", "SNS:Publish"]}),
        (True, {"Principal": "*", "Action": "sns:*", "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}}}),
        (True, {"Principal": WATCH, "Action": "*", "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:*"}}}),
        (False, {"Principal": WATCH, "Action": "sns:Subscribe"}),
        (False, {"Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}),
        (False, {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sns:Publish"}),
        (
            False,
            {"Principal": WATCH, "Action": "sns:Publish", "Condition": {"StringEquals": {"aws:SourceAccount": "2"}}},
        ),
        (False, {"Principal": WATCH, "Action": "sns:Publish", "Effect": "Deny"}),
    ],
)
def test_a_policy_lets_cloudwatch_publish(may: bool, statement: dict[str, Any]) -> None:
    document = policy({"Effect": "Allow", "Resource": "*", **statement})
    assert may_publish("cloudwatch.amazonaws.com", document, ACCOUNT) is may
