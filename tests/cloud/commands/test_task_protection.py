"""Task scale-in protection of a service: up, a plan without changes, and down while a task is protected."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Project, ready_image

pytestmark = [pytest.mark.slow, world.EMPTY]


def test_down_ends_protected_tasks(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    ready_image(cloud, "frontend")
    project = Project(cloud, tmp_path)
    project.write(SMALL.replace("public = true\n", "public = true\ntask_protection = true\n"))
    before = project.inventory()
    project.up()
    names = cloud.client("iam").list_role_policies(RoleName=f"{NAME}-task-frontend")["PolicyNames"]
    assert "task-protection" in names
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}
    ecs = cloud.client("ecs")
    running = ecs.list_tasks(cluster=NAME)["taskArns"]
    answer = ecs.update_task_protection(cluster=NAME, tasks=running, protectionEnabled=True)
    assert not answer["failures"]
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}
    project.close()
