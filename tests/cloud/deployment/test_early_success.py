"""Rolling deployments that end before their old tasks are gone: on and off again, and the wait for these tasks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.project import Project

pytestmark = [pytest.mark.slow, world.EMPTY]
WORKER = f"""
[services.worker]
image = "{REGISTRY}/worker:1"
count = 2
"""
EARLY = WORKER + "deployment = { early_success = true }\n"
ON = {"enable": True, "healthyPercent": 100, "sourceServiceRevisionCleanup": "DEFERRED"}


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A stack of one worker, up: ECS counts its tasks, which have no check, as healthy 40 s after they run."""
    here = Project(cloud, tmp_path, durations="typical")
    here.write(WORKER)
    here.up()
    yield here
    here.close()


def shown(project: Project) -> Any:
    return project.cloud.client("ecs").describe_services(cluster=NAME, services=["worker"])["services"][0]


def criteria(project: Project) -> Any:
    return shown(project)["deploymentConfiguration"].get("earlySuccessCriteria", {})


def set_by_hand(project: Project, **wanted: Any) -> None:
    project.cloud.client("ecs").update_service(
        cluster=NAME, service="worker", deploymentConfiguration={"earlySuccessCriteria": wanted}
    )


def rolled_out(project: Project, text: str) -> tuple[float, int]:
    """Roll a configuration out; return its seconds, and the number of tasks that run then."""
    project.write(text)
    (finished,) = project.up().said("run_finished")
    return finished["seconds"], shown(project)["runningCount"]


def test_it_ends_when_the_new_tasks_are_healthy(project: Project) -> None:
    late, _ = rolled_out(project, WORKER.replace("worker:1", "worker:2"))
    project.write(EARLY.replace("worker:1", "worker:2"))
    since = project.last_call()
    project.up()
    assert (project.ecs_writes(since), criteria(project)) == (["ecs:UpdateService"], ON)
    early, running = rolled_out(project, EARLY)
    assert (early < late, running > 2) == (True, True), (early, late, running)
    clean(project)
    project.cloud.wait(lambda: shown(project)["runningCount"] == 2, "the old tasks are gone")
    clean(project)


def test_it_is_switched_off_and_that_of_others_stays(project: Project) -> None:
    set_by_hand(project, **ON)
    clean(project)
    project.up()
    assert criteria(project) == ON
    project.write(EARLY)
    project.up()
    set_by_hand(project, enable=False)
    assert set(project.planned()) == {"service/worker"}
    project.up()
    assert criteria(project) == ON
    project.write(WORKER)
    project.up()
    assert not criteria(project)["enable"]
    clean(project)


def test_former_settings_wait_for_the_old_tasks(project: Project) -> None:
    project.write("[network]\nzones = 3\n" + EARLY)
    project.up()
    project.write("[network]\nzones = 2\n" + EARLY)
    project.up()
    assert shown(project)["runningCount"] == 2
    clean(project)
