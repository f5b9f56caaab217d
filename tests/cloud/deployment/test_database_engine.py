"""A whole stack with a database of Aurora PostgreSQL, and an engine that no command changes."""

from __future__ import annotations

import re

import pytest

from provisioner.config.stack_file import load
from provisioner.permissions.printed import printed
from tests.cloud import world
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.lookups import NAME
from tests.cloud.policies import enforce
from tests.cloud.project import SMALL, Project

MYSQL = (
    SMALL
    + """
[services.worker]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
database = true

[database]
min_acu = 0.5
"""
)
POSTGRESQL = MYSQL.replace("[database]", '[database]\nengine = "aurora-postgresql"\nlogs = ["postgresql"]')
GROUP = f"{NAME}-aurora-postgresql17"


def stand(here: Project) -> None:
    """A stack with Aurora PostgreSQL, up."""
    here.write(POSTGRESQL)
    here.up()


pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]


def ids(project: Project) -> dict[str, str]:
    """Return the id of each recorded resource."""
    rows = [line.split() for line in project.run("state", "list").out.splitlines()]
    return {address: found for address, _, found in rows}


def test_its_database_is_of_postgresql(project: Project) -> None:
    client = project.cloud.client
    (cluster,) = client("rds").describe_db_clusters()["DBClusters"]
    assert (cluster["Engine"], cluster["EngineVersion"], cluster["Port"]) == ("aurora-postgresql", "17.7", 5432)
    assert cluster["DBClusterParameterGroup"] == GROUP
    (member,) = client("rds").describe_db_instances()["DBInstances"]
    assert member["Engine"] == "aurora-postgresql"
    found = client("rds").describe_db_cluster_parameters(DBClusterParameterGroupName=GROUP)["Parameters"]
    assert {one["ParameterName"]: one.get("ParameterValue") for one in found}["rds.force_ssl"] == "1"
    groups = client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": [f"{NAME}-database"]}])
    (rule,) = groups["SecurityGroups"][0]["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"]) == (5432, 5432)
    task = client("ecs").describe_task_definition(taskDefinition=f"{NAME}-worker")["taskDefinition"]
    variables = {one["name"]: one["value"] for one in task["containerDefinitions"][0]["environment"]}
    assert variables["DB_PORT"] == "5432"
    (url,) = (one["valueFrom"] for one in task["containerDefinitions"][0]["secrets"] if one["name"] == "DATABASE_URL")
    value = client("ssm").get_parameter(Name=url.partition(":parameter")[2], WithDecryption=True)["Parameter"]["Value"]
    assert re.fullmatch(rf"postgresql://dbadmin:[^@]+@{cluster['Endpoint']}:5432/sample\?sslmode=require", value)
    clean(project)


def test_a_lost_state_is_found(project: Project) -> None:
    before = ids(project)
    project.lose_state()
    project.run("recover", "--yes")
    assert ids(project) == before
    clean(project)


def test_the_printed_policies_are_enough_for_its_life(project: Project) -> None:
    project.run("policy", "--create-boundary")
    project.up()
    policies = printed(load(project.config), read_only=False, boundary=False, account=None).values()
    enforce(project.cloud, *policies)
    project.change('logs = ."postgresql".', "iam_authentication = true")
    project.up()
    clean(project)
    project.run("sleep", "--yes")
    project.run("wake")
    project.run("down", "--yes")
    enforce(project.cloud)
    left = project.inventory()
    assert {sort: found for sort, found in left.items() if sort.startswith("db_") and found} == {}
    enforce(project.cloud, *policies)
    project.up()
    clean(project)


def test_the_engine_of_a_database_is_never_changed(project: Project) -> None:
    project.write(MYSQL)
    since = project.last_call()
    for words in ("plan", "up --yes"):
        ended = project.run(*words.split(), code=1)
        told = ended.out + ended.err
        assert "database.engine cannot change from aurora-postgresql to aurora-mysql" in told
        assert "copy the data" in told
        assert "recreate the stack" not in told
    assert project.writes(since) == []
    project.write(POSTGRESQL)
    clean(project)


def test_nor_is_that_of_mysql(project: Project) -> None:
    project.run("down", "--yes")
    project.write(MYSQL)
    project.up()
    project.write(POSTGRESQL)
    since = project.last_call()
    ended = project.run("up", "--yes", code=1)
    assert "database.engine cannot change from aurora-mysql to aurora-postgresql" in ended.out + ended.err
    assert "recreate the stack" not in ended.out + ended.err
    assert project.writes(since) == []


def test_views_and_rehearsals_know_the_engine(project: Project) -> None:
    project.run("picture", "it.svg")
    assert "Aurora PostgreSQL" in (project.directory / "it.svg").read_text()
    assert "0.5 to 4 ACU" in project.run("cost").out
    assert "db_cluster" in project.run("status").out + project.run("show").out
    project.change("min_acu = 0.5", "min_acu = 1")
    assert "it would succeed" in project.run("rehearse").out


def test_a_database_of_a_snapshot_has_its_engine(project: Project) -> None:
    rds = project.cloud.client("rds")
    rds.create_db_cluster_snapshot(DBClusterIdentifier=NAME, DBClusterSnapshotIdentifier="rescue")
    project.run("down", "--yes")
    project.write(f'{MYSQL}from_snapshot = "rescue"\n')
    said = project.run("plan", code=4).err
    assert "which is of the engine aurora-postgresql" in said
    project.write(f'{POSTGRESQL}from_snapshot = "rescue"\n')
    project.up()
    (cluster,) = rds.describe_db_clusters()["DBClusters"]
    assert (cluster["Engine"], cluster["Port"], cluster["DBClusterParameterGroup"]) == (
        "aurora-postgresql",
        5432,
        GROUP,
    )
    clean(project)
