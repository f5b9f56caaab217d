"""A whole stack with one instance of RDS as its database: its life, its changes, and changes that AWS does not make."""

from __future__ import annotations

import re

import pytest

from tests.cloud import world
from tests.cloud.deployment.test_database_engine import ids
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Project

POSTGRESQL = (
    SMALL
    + """
[services.worker]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
database = true

[database]
engine = "postgresql"
instance = "db.t4g.micro"
storage = 20
standby = false
"""
)


def stand(here: Project) -> None:
    """A stack with an instance of RDS for PostgreSQL, up."""
    here.write(POSTGRESQL)
    here.up()


pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]


def test_it_is_one_instance_of_postgresql(project: Project) -> None:
    client = project.cloud.client
    assert client("rds").describe_db_clusters()["DBClusters"] == []
    (instance,) = client("rds").describe_db_instances()["DBInstances"]
    shown = [instance[name] for name in ("Engine", "DBInstanceClass", "AllocatedStorage", "StorageType", "MultiAZ")]
    assert shown == ["postgres", "db.t4g.micro", 20, "gp3", False]
    assert [one["DBParameterGroupName"] for one in instance["DBParameterGroups"]] == [f"{NAME}-postgres17"]
    task = client("ecs").describe_task_definition(taskDefinition=f"{NAME}-worker")["taskDefinition"]
    variables = {one["name"]: one["value"] for one in task["containerDefinitions"][0]["environment"]}
    assert variables["DB_PORT"] == "5432"
    (url,) = (one["valueFrom"] for one in task["containerDefinitions"][0]["secrets"] if one["name"] == "DATABASE_URL")
    value = client("ssm").get_parameter(Name=url.partition(":parameter")[2], WithDecryption=True)["Parameter"]["Value"]
    endpoint = instance["Endpoint"]["Address"]
    assert re.fullmatch(rf"postgresql://dbadmin:[^@]+@{endpoint}:5432/sample\?sslmode=require", value)
    clean(project)


def test_a_lost_state_of_it_is_found(project: Project) -> None:
    before = ids(project)
    project.lose_state()
    project.run("recover", "--yes")
    assert ids(project) == before
    clean(project)


def test_down_leaves_nothing_of_it(project: Project) -> None:
    project.run("down", "--yes")
    left = project.inventory()
    assert {sort: found for sort, found in left.items() if sort.startswith("db_") and found} == {}
    assert project.cloud.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"] == []
