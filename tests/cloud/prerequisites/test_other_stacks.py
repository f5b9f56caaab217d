"""A new stack that has the names of another one is refused before the first write, and names the other one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import NETWORK, SMALL, Project, ready_image

pytestmark = world.EMPTY

CONTAINER = {"name": "web", "image": "web:1", "memory": 64}


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Project:
    ready_image(cloud, "frontend")
    return Project(cloud, tmp_path)


def named(project: Project, name: str, env: str, service: str = "frontend", more: str = "") -> None:
    """Write a small configuration of this project, environment and service."""
    text = SMALL.replace('"ecs-sample"', f'"{name}"', 1).replace('"dev"', f'"{env}"', 1)
    project.write(text.replace("[services.frontend]", f"[services.{service}]") + more)


def owner(name: str, env: str) -> list[dict[str, str]]:
    tags = {"Project": name, "Environment": env, "ManagedBy": "provisioner"}
    return [{"key": key, "value": value} for key, value in tags.items()]


def stands(cloud: EmbeddedCloud, name: str, env: str, *services: str) -> None:
    """Make the parts of a stack that the check reads: its cluster and its task definitions."""
    ecs, tags = cloud.client("ecs"), owner(name, env)
    ecs.create_cluster(clusterName=f"{name}-{env}", tags=tags)
    for service in services:
        ecs.register_task_definition(family=f"{name}-{env}-{service}", containerDefinitions=[CONTAINER], tags=tags)


def refused(project: Project) -> str:
    """Return the message with which `plan` and `up` refuse; `up` must write nothing."""
    since = project.last_call()
    said = project.run("up", "--yes", code=4).err
    assert project.writes(since) == []
    assert said.split("error: ")[-1].strip()[:60] in project.done("plan").err
    return said


def test_an_equal_name_of_another_project_is_refused(project: Project) -> None:
    stands(project.cloud, "shop-dev", "eu")
    named(project, "shop", "dev-eu")
    assert 'the stack shop-dev-eu exists already: it belongs to project "shop-dev", environment "eu"' in refused(
        project
    )


def test_a_deleted_stack_of_an_equal_name_is_not_there(project: Project) -> None:
    stands(project.cloud, "shop-dev", "eu")
    project.cloud.client("ecs").delete_cluster(cluster="shop-dev-eu")
    named(project, "shop", "dev-eu")
    project.up(*NETWORK)


@pytest.mark.parametrize(
    ("standing", "service", "env"),
    [(("shop", "dev", "eu-web"), "web", "dev-eu"), (("shop", "dev-eu", "web"), "eu-web", "dev")],
)
def test_a_service_of_an_equal_name_is_refused(
    project: Project, standing: tuple[str, str, str], service: str, env: str
) -> None:
    stands(project.cloud, *standing)
    named(project, "shop", env, service)
    said = refused(project)
    assert (
        'shop-dev-eu-web would be the name of a service or job of this stack, and belongs to project "shop", ' in said
    )
    assert f'environment "{standing[1]}"' in said
    # a name that goes on does not matter by itself
    named(project, "shop", env, "other")
    project.up(*NETWORK)


def test_a_target_group_of_an_equal_name_is_refused(project: Project) -> None:
    stands(project.cloud, "shop", "dev")
    pairs = [{"Key": one["key"], "Value": one["value"]} for one in owner("shop", "dev")]
    vpc = project.cloud.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = {"Name": "shop-dev-eu-web", "TargetType": "ip", "Protocol": "HTTP", "Port": 80, "VpcId": vpc}
    project.cloud.client("elbv2").create_target_group(**group, Tags=pairs)
    named(project, "shop", "dev-eu", "web")
    assert "shop-dev-eu-web would be the name" in refused(project)


def test_mixed_roles_are_refused_without_a_path_of_their_own(project: Project) -> None:
    stands(project.cloud, "shop", "dev")
    named(project, "shop", "dev-task")
    assert "the roles of shop-dev-task and of shop-dev" in refused(project)
    named(project, "shop", "dev-task", more='\n[account]\nrole_path = "/shop/dev-task/"\n')
    project.up(*NETWORK)


def test_a_stack_that_stands_is_not_asked_again(project: Project) -> None:
    named(project, "shop", "dev-eu")
    project.up(*NETWORK)
    stands(project.cloud, "shop-dev", "eu")
    project.up(*NETWORK)
