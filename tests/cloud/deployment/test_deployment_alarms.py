"""`alarms = ["errors"]`: alarms of the stack's own, from before the service until after it."""

from __future__ import annotations

import pytest

from tests.cloud import world
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.deployment.test_rolling_alarms import asked
from tests.cloud.deployment.test_strategies import CANARY, PLAIN, newest, project, shown, weights
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.project import Project

__all__ = ["project"]
pytestmark = [pytest.mark.slow, world.EMPTY]
OWN = [f"{NAME}-frontend-deployment-errors", f"{NAME}-frontend-B-deployment-errors"]
WATCHED = CANARY.replace(" }", ', alarms = ["errors"] }')


def alarms(project: Project) -> list[str]:
    found = project.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return sorted(one["AlarmName"] for one in found)


def test_they_come_before_the_service_and_end_its_deployments(project: Project) -> None:
    project.change(PLAIN, f"{PLAIN}\n{WATCHED}")
    project.up()
    writes = project.writes(0)
    assert writes[: writes.index("ecs:CreateService")].count("monitoring:PutMetricAlarm") == len(OWN)
    assert alarms(project) == sorted(OWN)
    assert asked(project) == {"alarmNames": OWN, "enable": True, "rollback": True}
    clean(project)
    before = weights(project)
    project.cloud.hold(150)
    running = project.begin("deploy", "frontend", "--image", f"{REGISTRY}/good:1", "--json")
    project.cloud.await_held()
    assert newest(project)["lifecycleStage"] == "PRODUCTION_TRAFFIC_SHIFT"
    watch = project.cloud.client("cloudwatch")
    watch.set_alarm_state(AlarmName=OWN[1], StateValue="ALARM", StateReason="a test")
    project.cloud.release()
    ended = project.end(running)
    assert (ended.code, weights(project)) == (1, before)
    assert f"alarms in state ALARM: {OWN[1]}" in ended.err
    clean(project)
    project.run("down", "--yes")
    assert alarms(project) == []


def test_they_come_and_go_without_a_deployment(project: Project) -> None:
    project.up()
    for keys, names in (('deployment = { alarms = ["errors"] }', OWN[:1]), ("", [])):
        revision, since = shown(project)["taskDefinition"], project.last_call()
        project.change(PLAIN if names else "^deployment = .*$", f"{PLAIN}\n{keys}" if names else keys)
        project.up()
        assert [one for one in project.writes(since) if one.startswith("ecs:")] == ["ecs:UpdateService"]
        assert (alarms(project), shown(project)["taskDefinition"]) == (names, revision)
        assert asked(project)["alarmNames"] == names
        assert len(shown(project)["deployments"]) == 1
        clean(project)
