"""Autoscaling that somebody has suspended is named, and left; the number of tasks that ran comes back after a sleep."""

from __future__ import annotations

import pytest

from tests.cloud import world
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Project

SCALING = SMALL.replace("public = true\n", "public = true\nscaling = { min = 2, max = 6, cpu = 60 }\n")
TARGET = {
    "ServiceNamespace": "ecs",
    "ResourceId": f"service/{NAME}/frontend",
    "ScalableDimension": "ecs:service:DesiredCount",
}
NOTE = "services.frontend: somebody has suspended scaling in, scaling out, so that it keeps its number of tasks"


def stand(here: Project) -> None:
    """A service that scales, up."""
    here.write(SCALING)
    here.up()


pytestmark = world.STANDING.with_args(stand)


def suspend(project: Project, *, suspended: bool = True) -> None:
    """Suspend scaling as people do in an incident, or end that."""
    members = dict.fromkeys(("DynamicScalingInSuspended", "DynamicScalingOutSuspended"), suspended)
    project.cloud.client("application-autoscaling").register_scalable_target(**TARGET, SuspendedState=members)


def state(project: Project) -> dict[str, bool]:
    """Return the suspended state of the service in AWS."""
    scaling = project.cloud.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    shown: dict[str, bool] = target["SuspendedState"]
    return shown


def desired(project: Project) -> int:
    """Return the desired count of the service."""
    (service,) = project.cloud.client("ecs").describe_services(cluster=NAME, services=["frontend"])["services"]
    count: int = service["desiredCount"]
    return count


def autoscaling(project: Project) -> list[dict[str, str]]:
    """Return the verdicts of `doctor` on autoscaling."""
    return [one for one in project.done("doctor", "--json").document["checks"] if one["check"] == "autoscaling"]


def test_plan_status_and_doctor_name_it(project: Project) -> None:
    assert "suspended" not in project.run("plan").out
    suspend(project)
    assert NOTE in " ".join(project.run("plan").out.split())
    shown = project.run("status", "--json").document
    (service,) = shown["live"]["services"]
    assert service["suspended"] == ["scaling in", "scaling out"]
    assert any(NOTE in text for text in shown["notes"])
    assert f"note: {NOTE[:60]}" in project.run("status").out
    (checked,) = autoscaling(project)
    assert checked["verdict"] == "warning"
    assert f"--resource-id service/{NAME}/frontend" in checked["fix"]
    suspend(project, suspended=False)
    assert "suspended" not in project.run("plan").out
    (checked,) = autoscaling(project)
    assert checked["verdict"] == "ok"


@pytest.mark.slow
def test_resume_and_wake_name_it_and_leave_it(project: Project) -> None:
    suspend(project)
    for stop, start in (("pause", "resume"), ("sleep", "wake")):
        project.run(stop, "--yes")
        assert NOTE in project.run(start).err
    assert NOTE in project.run("up", "--yes").err
    assert state(project)["DynamicScalingInSuspended"]


@pytest.mark.slow
@pytest.mark.parametrize(("ran", "most", "back"), [(4, 6, 4), (4, 3, 3), (2, 6, 2)])
def test_as_many_tasks_as_ran_come_back(project: Project, ran: int, most: int, back: int) -> None:
    project.cloud.client("ecs").update_service(cluster=NAME, service="frontend", desiredCount=ran)
    project.run("sleep", "--yes")
    assert desired(project) == 0
    project.run("sleep", "--yes")
    project.change("max = 6", f"max = {most}")
    project.run("wake")
    assert desired(project) == back
    assert "asleep" not in project.run("status").out


@pytest.mark.slow
def test_a_service_that_was_paused_before_stays_paused(project: Project) -> None:
    project.cloud.client("ecs").update_service(cluster=NAME, service="frontend", desiredCount=4)
    project.run("sleep", "--tasks", "--yes")
    project.run("sleep", "--yes")
    project.run("wake")
    assert desired(project) == 0
    project.run("wake", "--tasks")
    assert desired(project) == 4
