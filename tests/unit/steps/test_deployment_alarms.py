"""The stack's own alarms that end deployments."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.steps.test_alarms import TOLD
from tests.unit.steps.test_alarms import stack as with_alarms
from tests.unit.steps.test_service_steps import declared, desired

WEB = {"image": "web:1", "port": 80, "public": True}


def ending(strategy: str, *alarms: str) -> dict[str, Any]:
    return {"web": {**WEB, "deployment": {"strategy": strategy, "alarms": [*alarms]}}}


def test_each_target_group_of_a_service_has_one() -> None:
    stack = declared(**ending("canary", "slow", "errors"))
    names = ["web.deployment-errors", "web-B.deployment-errors"]
    asked = desired(stack, "service/web").deployment_configuration["alarms"]
    assert asked == {
        "alarmNames": ["slow", *(f"${{alarm/{name}:id}}" for name in names)], "enable": True, "rollback": True,
    }  # fmt: skip
    found = [desired(stack, f"alarm/{name}") for name in names]
    assert [one.dimensions["TargetGroup"] for one in found] == [
        "${target_group/web:arn_suffix}", "${target_group/web-B:arn_suffix}",
    ]  # fmt: skip
    assert [(one.threshold, one.evaluation_periods, one.alarm_actions) for one in found] == [(10.0, 1, [])] * 2
    settings = stack.config.services["web"].deployment
    assert settings.alarm_names(stack.name, "web") == ["slow", *(one.alarm_name for one in found)]


@pytest.mark.parametrize(("errors", "threshold"), [(3, 3.0), (False, 10.0)])
def test_its_threshold_is_that_of_the_other_alarms(errors: int, threshold: float) -> None:
    stack = with_alarms({**TOLD, "errors": errors}, services=ending("rolling", "errors"))
    own = desired(stack, "alarm/web.deployment-errors")
    assert (own.threshold, own.alarm_actions) == (threshold, [])
    assert "alarm/web-B.deployment-errors" not in stack.declared


def test_only_a_public_service_has_errors_that_are_counted() -> None:
    with pytest.raises(ValueError, match=r"deployment\.alarms.*add public = true"):
        declared(worker={"image": "web:1", "deployment": {"alarms": ["errors"]}})
