"""Alarms of the user's that end rolling deployments: from the file to ECS's rollback, and away again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.deployment.test_strategies import PLAIN, newest, shown
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.project import SMALL, Project, ready_image

pytestmark = [pytest.mark.slow, world.EMPTY]
WATCHED = 'deployment = { alarms = ["http-errors"] }'


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A stack of one public service whose rolling deployments an alarm of two minutes watches, up."""
    here = Project(cloud, tmp_path, durations="typical")
    here.write(SMALL)
    for name in ("good", "better"):
        ready_image(cloud, name)
    watch = cloud.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName="http-errors", Namespace="AWS/ApplicationELB", MetricName="HTTPCode_Target_5XX_Count", Period=60,
        EvaluationPeriods=2, Threshold=1, Statistic="Sum", ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    here.up()
    here.change(PLAIN, f"{PLAIN}\n{WATCHED}")
    since = here.last_call()
    here.up()
    assert [one for one in here.writes(since) if one.startswith("ecs:")] == ["ecs:UpdateService"]
    yield here
    here.close()


def alarm(project: Project, state: str) -> None:
    project.cloud.client("cloudwatch").set_alarm_state(AlarmName="http-errors", StateValue=state, StateReason="a test")


def asked(project: Project) -> Any:
    return shown(project)["deploymentConfiguration"].get("alarms")


def test_an_alarm_rolls_a_rolling_deployment_back(project: Project) -> None:
    clean(project)
    assert asked(project) == {"alarmNames": ["http-errors"], "enable": True, "rollback": True}
    project.cloud.hold(120)
    running = project.begin("deploy", "frontend", "--image", f"{REGISTRY}/good:1", "--json")
    project.cloud.await_held()
    assert newest(project)["status"] == "IN_PROGRESS", "all tasks are new, and the alarm is still watched"
    alarm(project, "ALARM")
    project.cloud.release()
    ended = project.end(running)
    assert ended.code == 1
    assert "frontend still serves revision 1, since" in ended.err
    assert "alarms in state ALARM: http-errors" in ended.err
    project.cloud.wait(lambda: newest(project)["status"] == "ROLLBACK_SUCCESSFUL", "the rollback")
    assert shown(project)["taskDefinition"].endswith(":1")
    clean(project)


def test_a_rollback_heeds_no_alarm(project: Project) -> None:
    project.run("deploy", "frontend", "--image", f"{REGISTRY}/good:1")
    began = project.cloud.now()
    project.run("rollback", "frontend")
    assert project.cloud.now() - began < 120
    assert asked(project) == {"alarmNames": ["http-errors"], "enable": True, "rollback": True}
    clean(project)


def test_alarms_are_taken_away_and_those_of_others_stay(project: Project) -> None:
    project.change("^deployment = .*$", "")
    project.up()
    assert asked(project)["alarmNames"] == []
    clean(project)
    theirs = {"alarmNames": ["http-errors"], "enable": True, "rollback": True}
    project.cloud.client("ecs").update_service(
        cluster=NAME, service="frontend", deploymentConfiguration={"alarms": theirs}
    )
    clean(project)
    assert asked(project) == theirs
