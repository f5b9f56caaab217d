"""References to the stack's own database and Valkey under names of the tasks, from plan to `down`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Project, ready_image

pytestmark = [pytest.mark.slow, world.EMPTY]

USED = SMALL.replace("public = true\n", "public = true\ndatabase = true\nredis = true\n")
STORES = '[database]\nname = "shop"\n[redis]\nreplicas = 0\n'
REFERRING = """
[services.frontend.environment]
PGHOST = "{database.host}"
SPRING_DATASOURCE_URL = "jdbc:mysql://{database.host}:{database.port}/{database.name}?user={database.user}"
CACHE_NODE = "{redis.host}:{redis.port}"
KEPT = "${database.host} {{database.host}} {env}"
[services.frontend.secrets]
MYSQL_PASSWORD = "database.password"
SQLALCHEMY_DATABASE_URI = "database.url"
CELERY_BROKER_URL = "redis.url"
REDIS_PASSWORD = "redis.password"
[services.frontend.sidecars.pool]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
essential = false
environment = { BACKEND = "{database.host}" }
secrets = { PASSWORD = "database.password" }
"""
PASSWORD, TOKEN = f"/{NAME}/database/password", f"/{NAME}/redis/token"


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Project:
    """A small stack with both stores."""
    ready_image(cloud, "frontend")
    here = Project(cloud, tmp_path)
    here.write(USED + REFERRING + STORES)
    return here


def container(project: Project, name: str = "frontend") -> dict[str, Any]:
    """A container of the newest task definition, with its variables and secrets by name."""
    shown = project.cloud.client("ecs").describe_task_definition(taskDefinition=f"{NAME}-frontend")
    [found] = [one for one in shown["taskDefinition"]["containerDefinitions"] if one["name"] == name]
    variables = {one["name"]: one["value"] for one in found.get("environment", ())}
    places = {one["name"]: one["valueFrom"].rpartition(":parameter")[2] for one in found.get("secrets", ())}
    return {"variables": variables, "places": places, "labels": found.get("dockerLabels", {})}


def counts(project: Project) -> set[str]:
    return set(project.run("plan", "--json").document["counts"])


def rotate(project: Project, parameter: str) -> None:
    value = {"Value": "another0token0of0thirty0characters", "Type": "SecureString", "Overwrite": True}
    project.cloud.client("ssm").put_parameter(Name=parameter, **value)


def test_tasks_get_the_stores_under_names_of_their_own(project: Project) -> None:
    before = project.inventory()
    project.up()
    given = container(project)
    variables, places = given["variables"], given["places"]
    host = variables["DB_HOST"]
    assert variables["PGHOST"] == host
    assert variables["SPRING_DATASOURCE_URL"] == f"jdbc:mysql://{host}:3306/shop?user=dbadmin"
    groups = project.cloud.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert variables["CACHE_NODE"] == f"{groups[0]['NodeGroups'][0]['PrimaryEndpoint']['Address']}:6379"
    assert variables["KEPT"] == "${database.host} {{database.host}} {env}"
    assert places["MYSQL_PASSWORD"] == places["DB_PASSWORD"] == PASSWORD
    assert places["SQLALCHEMY_DATABASE_URI"] == places["DATABASE_URL"] == f"/{NAME}/database/url"
    assert places["CELERY_BROKER_URL"] == places["REDIS_URL"] == f"/{NAME}/redis/url"
    assert places["REDIS_PASSWORD"] == TOKEN
    beside = container(project, "pool")
    assert (beside["variables"], beside["places"]) == ({"BACKEND": host}, {"PASSWORD": PASSWORD})
    assert counts(project) == {"none"}
    rows = {one["name"]: one for one in project.run("secret", "list", "--json").document["secrets"]}
    assert rows["MYSQL_PASSWORD, PASSWORD"]["place"] == PASSWORD
    assert rows["REDIS_PASSWORD"]["version"] == "1"
    refused = project.given(b"x", "secret", "set", "MYSQL_PASSWORD")
    assert (refused.code, "which the stack makes itself" in refused.err) == (4, True)
    rehearsed = project.run("rehearse", "--json")
    assert "had other values so far" not in rehearsed.out + rehearsed.err

    # a rotation replaces the tasks once the store has taken the new value
    for parameter, variable in ((PASSWORD, "MYSQL_PASSWORD"), (TOKEN, "REDIS_PASSWORD")):
        rotate(project, parameter)
        assert f"secret {variable} changed" in project.run("plan", code=2).out
        assert project.up().results["service/frontend"] == "changed"
        assert container(project)["labels"][f"provisioner.secret.{variable}"].endswith("/2")
        assert counts(project) == {"none"}

    # without the references, the rights on the token end too
    project.write(USED + STORES)
    project.up()
    assert "REDIS_PASSWORD" not in container(project)["places"]
    roles = project.cloud.client("iam").list_role_policies(RoleName=f"{NAME}-execution-frontend")["PolicyNames"]
    assert sorted(roles) == ["parameters", "redis"]
    assert counts(project) == {"none"}
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}
