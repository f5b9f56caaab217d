"""`doctor` on the alarms that are to end deployments."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.permissions.printed import printed
from tests.cloud import world
from tests.cloud.doctor.test_doctor import REGISTRY, Look, configured, look
from tests.cloud.policies import enforce
from tests.cloud.rig import Rig

pytestmark = world.EMPTY

__all__ = ["look"]
WEB = {"image": f"{REGISTRY}/web:1", "port": 80, "public": True}


def watched(*alarms: str) -> dict[str, Any]:
    return {"web": {**WEB, "deployment": {"strategy": "canary", "alarms": [*alarms]}}}


@pytest.fixture
def watch(rig: Rig) -> Any:
    """A cloud with the alarms `slow` and `http-errors`."""
    client = rig.cloud.client("cloudwatch")
    for name in ("slow", "http-errors"):
        client.put_metric_alarm(
            AlarmName=name, Namespace="Shop", MetricName=name, Period=60, EvaluationPeriods=1, Threshold=1,
            Statistic="Sum", ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
    return client


@pytest.mark.usefixtures("watch")
def test_alarms_that_could_end_a_deployment_are_well(look: Look) -> None:
    assert look("alarms") == look("alarms", services=watched()) == {}
    found = look("alarms", services=watched("slow", "http-errors"))["alarms"]
    assert (found.verdict, found.text) == ("ok", "http-errors, slow: none is in ALARM")


@pytest.mark.usefixtures("watch")
def test_one_that_is_not_there_is_told(look: Look) -> None:
    found = look("alarms", services=watched("http-errors", "eror"))["alarms"]
    assert (found.verdict, found.text) == ("warning", "there is no eror, so that it ends no deployment")
    assert found.fix == "create it, or correct services.web.deployment.alarms"


def test_one_that_the_stack_makes_need_not_be_there(look: Look) -> None:
    services = watched("ecs-sample-dev-web-errors")
    assert look("alarms", services=services)["alarms"].verdict == "warning"
    found = look("alarms", services=services, alarms={"email": ["ops@example.com"]})["alarms"]
    assert found.verdict == "ok"


def test_one_in_alarm_is_ignored_by_ecs(look: Look, watch: Any) -> None:
    watch.set_alarm_state(AlarmName="slow", StateValue="ALARM", StateReason="tried")
    found = look("alarms", services=watched("http-errors", "slow"))["alarms"]
    assert found.verdict == "warning"
    assert "slow is in ALARM, so that ECS ignores it in a deployment that begins now" in found.text
    assert found.fix == "deploy when it is over"


@pytest.mark.usefixtures("watch")
@pytest.mark.parametrize("read_only", [False, True])
def test_the_printed_policies_let_it_ask(look: Look, rig: Rig, *, read_only: bool) -> None:
    services = watched("slow")
    config = configured(services)
    enforce(rig.cloud, *printed(config, read_only=read_only, boundary=False, account=None).values())
    assert look("alarms", services=services)["alarms"].verdict == "ok"
    enforce(rig.cloud, *printed(configured(), read_only=read_only, boundary=False, account=None).values())
    found = look("alarms", services=services)["alarms"]
    assert (found.verdict, found.text) == ("unknown", "the caller may not call DescribeAlarms")
