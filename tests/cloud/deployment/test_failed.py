"""Deployments that fail by this tool's judgement: they are stopped and put back, in AWS and in the records."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.deployment.test_strategies import PLAIN, newest, shown, weights
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.project import SMALL, Ended, Project, ready_image

STOP = "ecs:StopServiceDeployment"
CANARY = 'deployment = { strategy = "canary", step_percent = 10, step_minutes = 5, bake_minutes = 5 }'
KINDS = ("exits-at-once", "exits-later", "never-healthy")
SERVES_BEFORE = "exits-after-150"
"""An image whose tasks exit when all traffic is at them, in the bake time."""
LONGEST = 600.0
pytestmark = [pytest.mark.slow, world.EMPTY]


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A directory with a stack of one public service, and images for it in ECR."""
    here = Project(cloud, tmp_path, 300, durations="typical")
    here.write(SMALL)
    for name in ("good", *(f"frontend-{kind}" for kind in (*KINDS, SERVES_BEFORE))):
        ready_image(cloud, name)
    yield here
    here.close()


def begin(project: Project, strategy: str) -> None:
    if strategy == "canary":
        project.change(PLAIN, f"{PLAIN}\n{CANARY}")
    project.up()


def ecs_writes(project: Project, since: int) -> list[str]:
    """Return the writes to ECS since a call, without revisions and the copy of the settings in tags."""
    return [one for one in project.ecs_writes(since) if "TaskDefinition" not in one]


def deploy(project: Project, image: str) -> tuple[Ended, float]:
    """Deploy an image that fails, and return the end of the command and its seconds."""
    began = project.cloud.now()
    ended = project.end(project.begin("deploy", "frontend", "--image", f"{REGISTRY}/{image}:1", "--json"))
    return ended, project.cloud.now() - began


@pytest.mark.parametrize("strategy", ["rolling", "canary"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_fails_is_over(project: Project, strategy: str, kind: str) -> None:
    begin(project, strategy)
    traffic: Any = weights(project) if strategy == "canary" else None
    since = project.last_call()
    ended, seconds = deploy(project, f"frontend-{kind}")
    assert ended.code == 1
    assert seconds < LONGEST
    assert newest(project)["status"] == "ROLLBACK_SUCCESSFUL"
    assert shown(project)["taskDefinition"].endswith(":1")
    assert strategy == "rolling" or weights(project) == traffic
    by_ecs = strategy == "rolling" and kind != "exits-later"
    assert ecs_writes(project, since) == ["ecs:UpdateService", *([] if by_ecs else [STOP])]
    first, *further = ended.err.splitlines()
    assert first.startswith("error: frontend still serves revision 1, since ")
    cause = "Task failed ELB health checks" if kind == "never-healthy" else "exit code 1: exiting with code 1"
    assert f"; revision 2 failed: {cause}" in first
    assert further == ["    `up` does not try this deployment again"]
    (finished,) = ended.said("run_finished")
    advice = "When it is mended: `provision deploy frontend`. Logs: `provision logs frontend`."
    assert finished["next"][0] == advice
    clean(project)
    assert newest(project)["status"] == "ROLLBACK_SUCCESSFUL"


def test_one_failure_is_enough_where_traffic_has_no_task(project: Project) -> None:
    project.change(PLAIN, f'{PLAIN}\ndeployment = "blue-green"')
    project.up()
    traffic, since = weights(project), project.last_call()
    ended, seconds = deploy(project, f"frontend-{SERVES_BEFORE}")
    assert ended.code == 1
    assert ecs_writes(project, since) == ["ecs:UpdateService", STOP]
    assert newest(project)["status"] == "ROLLBACK_SUCCESSFUL"
    assert weights(project) == traffic
    assert seconds < 300, "its only task has run for 150 s, and is not waited for a second time"
    clean(project)


@pytest.mark.parametrize("strategy", ["rolling", "canary"])
def test_what_up_rolls_out_is_not_tried_again(project: Project, strategy: str) -> None:
    begin(project, strategy)
    project.change("frontend:1", "frontend-exits-later:1")
    since = project.last_call()
    project.up(code=1)
    assert ecs_writes(project, since) == ["ecs:UpdateService", STOP]
    project.cloud.wait(lambda: newest(project)["status"] == "ROLLBACK_SUCCESSFUL", "the rollback")
    assert project.planned() == {}
    since = project.last_call()
    assert "It is not tried again" in project.up(code=1).err
    assert ecs_writes(project, since) == []
    project.up("--retry-failed", code=1)
    assert ecs_writes(project, since) == ["ecs:UpdateService", STOP]
    project.change("frontend-exits-later:1", "good:1")
    project.up()
    assert newest(project)["status"] == "SUCCESSFUL"
    clean(project)


def test_an_up_ends_what_a_killed_deploy_has_left(project: Project) -> None:
    begin(project, "rolling")
    image = f"{REGISTRY}/frontend-exits-later:1"
    project.cut(60, signal.SIGKILL, "deploy", "frontend", "--image", image, "--json")
    project.cloud.advance(400)
    assert newest(project)["status"] == "IN_PROGRESS"
    since = project.last_call()
    plan = project.run("plan").out
    assert "frontend:2 is being rolled out" in plan, plan
    project.up(code=1)
    assert ecs_writes(project, since) == [STOP]
    project.cloud.wait(lambda: newest(project)["status"] == "ROLLBACK_SUCCESSFUL", "the rollback")
    assert project.planned() == {}


def test_without_the_permission_it_says_that_ecs_goes_on(project: Project) -> None:
    begin(project, "rolling")
    project.cloud.control("POST", "faults", "scenarios=denied&only=StopServiceDeployment")
    ended, _ = deploy(project, "frontend-exits-later")
    assert ended.code == 1
    assert "ECS goes on with it, since StopServiceDeployment was refused: AccessDenied" in ended.err
    assert newest(project)["status"] == "IN_PROGRESS"
