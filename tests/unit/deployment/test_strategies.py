"""Strategies that shift traffic: a service's way to them and back, and their parts that are not this stack's."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.engine.resource import Observed, compare
from provisioner.resources.ecs import strategies
from provisioner.resources.ecs.progress import PROGRESS, Progress
from provisioner.resources.ecs.service import Service

BREAKER = {"enable": True, "rollback": True, "resetOnHealthyTask": True, "thresholdConfiguration": {}}
ROLLING: dict[str, Any] = {"deploymentCircuitBreaker": BREAKER, "maximumPercent": 200, "minimumHealthyPercent": 100}
CANARY: dict[str, Any] = {
    **ROLLING,
    "strategy": "CANARY",
    "bakeTimeInMinutes": 5,
    "alarms": {"alarmNames": [], "enable": False, "rollback": False},
    "canaryConfiguration": {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10},
}
ONE: dict[str, Any] = {"targetGroupArn": "a", "containerName": "web", "containerPort": 80}
TWO: dict[str, Any] = {**ONE, "advancedConfiguration": {"alternateTargetGroupArn": "b"}}


def service(configuration: dict[str, Any], balancer: dict[str, Any], **more: Any) -> Service:
    settings: dict[str, Any] = {
        "cluster": "c", "service_name": "web", "task_definition": "t:1", "desired_count": 1,
        "capacity_provider_strategy": [], "subnets": [], "security_groups": [], "assign_public_ip": "DISABLED",
        "load_balancers": [balancer], "service_registries": [], "health_check_grace_period_seconds": 0,
        "deployment_configuration": configuration, "availability_zone_rebalancing": "ENABLED",
        "enable_execute_command": False, "enable_ecs_managed_tags": True, "propagate_tags": "SERVICE",
    }  # fmt: skip
    return Service("web", **{**settings, **more})


def live(of: Service, state: str = "COMPLETED", **attributes: Any) -> Observed:
    return Observed("arn", {**of.fields(), **attributes}, details={PROGRESS: Progress(rollout_state=state)})


@pytest.mark.parametrize(
    ("balancer", "state", "first"),
    [(ONE, "COMPLETED", ROLLING), (TWO, "IN_PROGRESS", ROLLING), (TWO, "COMPLETED", CANARY)],
)
def test_tasks_know_both_groups_before_traffic_shifts(balancer: Any, state: str, first: Any) -> None:
    wanted = service(CANARY, TWO)
    there = live(service(ROLLING, balancer), state)
    wider = wanted.widened(there.attributes, there)
    assert (wider.deployment_configuration, list(wider.load_balancers)) == (first, [TWO])


def test_tasks_in_the_group_that_goes_are_moved_first() -> None:
    wanted = service(ROLLING, ONE)
    there = live(service(CANARY, TWO), target_group="b")
    wider = wanted.widened(there.attributes, there)
    assert (wider.target_group, wider.deployment_configuration) == ("a", CANARY)
    assert compare(wider, there).keys() == {"target_group"}, "one more deployment, and nothing else"


def test_tasks_in_the_group_that_stays_are_rolled_at_once() -> None:
    wanted = service(ROLLING, ONE, task_definition="t:2")
    there = live(service(CANARY, TWO), target_group="a")
    assert wanted.widened(there.attributes, there) == wanted


def test_a_deployment_under_way_is_waited_for_on_the_way_back() -> None:
    wanted = service(ROLLING, ONE, task_definition="t:2")
    there = live(service(CANARY, TWO), "IN_PROGRESS", target_group="a")
    assert compare(wanted.widened(there.attributes, there), there) == {}


def test_which_group_serves_is_no_drift() -> None:
    assert compare(service(CANARY, TWO), live(service(CANARY, TWO), target_group="b")) == {}


def test_a_strategy_that_somebody_else_chose_is_not_shown() -> None:
    foreign = service(CANARY, TWO).fields()
    asked = service(ROLLING, ONE).fields()
    assert strategies.hidden(foreign, [asked, asked])["deployment_configuration"] == ROLLING
    assert strategies.hidden(foreign, [asked])["load_balancers"] == [ONE]
    assert strategies.hidden(foreign, [asked, foreign]) == foreign, "the stack itself has asked for it before"


def test_early_success_is_switched_off_by_name() -> None:
    early = {**ROLLING, strategies.EARLY: {**strategies.EARLY_SUCCESS}}
    assert strategies.configuration(early)[strategies.EARLY] == strategies.EARLY_SUCCESS
    off = {"enable": False, "healthyPercent": 100, "sourceServiceRevisionCleanup": "BLOCKING"}
    assert strategies.EARLY not in strategies.configuration({**early, strategies.EARLY: off})
    assert strategies.request(early, ROLLING) == early
    for wanted in (ROLLING, CANARY):
        assert strategies.request(wanted, early)[strategies.EARLY] == {"enable": False}
    foreign, asked = service(early, ONE).fields(), service(ROLLING, ONE).fields()
    assert strategies.hidden(foreign, [asked])["deployment_configuration"] == ROLLING
    assert strategies.hidden(foreign, [asked, foreign])["deployment_configuration"] == early


def test_what_is_left_out_is_taken_back_by_name() -> None:
    sent = strategies.request(ROLLING, CANARY)
    assert (sent["strategy"], sent["alarms"]["enable"], sent["bakeTimeInMinutes"]) == ("ROLLING", False, 0)
    assert strategies.request(ROLLING, ROLLING) == ROLLING
    assert strategies.request(CANARY, ROLLING) == CANARY


def test_what_aws_leaves_out_is_its_default() -> None:
    shown = {"strategy": "LINEAR", "maximumPercent": 200, "minimumHealthyPercent": 100}
    found = strategies.configuration(shown)
    assert found["linearConfiguration"] == {"stepPercent": 10.0, "stepBakeTimeInMinutes": 6}
    assert (found["alarms"], found["bakeTimeInMinutes"]) == (strategies.NO_ALARMS, 0)
    assert "canaryConfiguration" not in found
    assert "strategy" not in strategies.configuration({})


def test_waiting_lasts_as_long_as_steps_and_bake_time() -> None:
    linear = {**CANARY, "linearConfiguration": {"stepPercent": 20.0, "stepBakeTimeInMinutes": 60}}
    del linear["canaryConfiguration"]
    assert strategies.minutes({"deployment_configuration": linear}) == 305
    assert strategies.minutes({"deployment_configuration": CANARY}) == 15
    assert strategies.minutes({"deployment_configuration": ROLLING}) == 0


HOOKS: dict[str, Any] = {
    "lifecycleHooks": [
        {
            "targetType": "PAUSE",
            "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"],
            "timeoutConfiguration": {"timeoutInMinutes": 30, "action": "ROLLBACK"},
        }
    ]
}
LAMBDA: dict[str, Any] = {"hookTargetArn": "arn:f", "roleArn": "arn:r", "lifecycleStages": ["POST_SCALE_UP"]}


def test_a_pause_is_compared_whatever_aws_leaves_out() -> None:
    shown = {**CANARY, "lifecycleHooks": [{"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]}]}
    (hook,) = strategies.configuration(shown)["lifecycleHooks"]
    assert hook["timeoutConfiguration"] == {"timeoutInMinutes": 1440, "action": "ROLLBACK"}
    for hooks in (None, [], [LAMBDA]):
        assert "lifecycleHooks" not in strategies.configuration({**CANARY, "lifecycleHooks": hooks})


def test_somebody_elses_hooks_stay_beside_pauses() -> None:
    assert strategies.request({**CANARY, **HOOKS}, CANARY, [LAMBDA])["lifecycleHooks"] == [
        *HOOKS["lifecycleHooks"],
        LAMBDA,
    ]
    assert strategies.request(CANARY, {**CANARY, **HOOKS}, [LAMBDA])["lifecycleHooks"] == [LAMBDA]
    assert "lifecycleHooks" not in strategies.request(CANARY, CANARY, [LAMBDA])


def test_waiting_lasts_as_long_as_pauses_do() -> None:
    assert strategies.minutes({"deployment_configuration": {**CANARY, **HOOKS}}) == 15 + 2 * 30


def test_tasks_that_only_move_wait_for_nobody() -> None:
    there = live(service({**CANARY, **HOOKS}, TWO), target_group="b")
    assert service(ROLLING, ONE).widened(there.attributes, there).deployment_configuration == CANARY
