"""A whole stack with one instance of RDS as its database: its life, its changes, and changes that AWS does not make."""

from __future__ import annotations

import re
from typing import Any

import pytest

from provisioner.config.stack_file import load
from provisioner.permissions.printed import printed
from tests.cloud import world
from tests.cloud.deployment.test_database_engine import ids
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.lookups import NAME
from tests.cloud.policies import enforce
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


def instance_of(project: Project) -> dict[str, Any]:
    """Return the database as AWS shows it."""
    (found,) = project.cloud.client("rds").describe_db_instances()["DBInstances"]
    return dict(found)


def test_it_changes_in_place(project: Project) -> None:
    made = instance_of(project)["DbiResourceId"]
    project.change("db.t4g.micro", "db.m7g.large")
    assert "cannot be reached for some minutes" in " ".join(project.done("plan").out.split())
    project.change("storage = 20", "storage = 30\nbackup_days = 3")
    project.change("standby = false", 'standby = true\nlogs = ["postgresql", "upgrade"]')
    project.up()
    found = instance_of(project)
    shown = [found[name] for name in ("DbiResourceId", "DBInstanceClass", "AllocatedStorage", "MultiAZ")]
    assert shown == [made, "db.m7g.large", 30, True]
    assert found["BackupRetentionPeriod"] == 3
    assert found["EnabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    clean(project)
    project.change("standby = true", "standby = false")
    project.up()
    assert not instance_of(project)["MultiAZ"]
    clean(project)


def revision(project: Project) -> int:
    """Return the newest revision of the worker's task definition."""
    shown = project.cloud.client("ecs").describe_task_definition(taskDefinition=f"{NAME}-worker")
    return int(shown["taskDefinition"]["revision"])


def test_its_password_is_rotated(project: Project) -> None:
    before = revision(project)
    project.cloud.client("ssm").put_parameter(
        Name=f"/{NAME}/database/password", Value="another-password", Type="SecureString", Overwrite=True
    )
    project.up()
    assert revision(project) > before
    clean(project)


def refused(project: Project, *words: str) -> str:
    """Return the text of commands that refuse without a write."""
    since, told = project.last_call(), ""
    for command in ("plan", "up --yes"):
        ended = project.done(*command.split())
        assert ended.code
        told = ended.out + ended.err
        for part in words:
            assert part in told
        assert "recreate the stack" not in told
    assert project.writes(since) == []
    return told


def test_its_disk_never_shrinks(project: Project) -> None:
    project.change("storage = 20", "storage = 40")
    project.up()
    project.change("storage = 40", "storage = 30")
    refused(project, "database.storage cannot shrink from 40 to 30 GB", "Write storage = 40")
    project.change("storage = 30", "storage = 41")
    refused(project, "every step at least 10 %", "Write storage = 44")
    project.change("storage = 41", "storage = 60")
    refused(project, "database.storage cannot grow from 40 to 60 GB now", "for 6 hours")
    project.change("storage = 60", "storage = 40")
    clean(project)


ENGINES = ("aurora-mysql", "aurora-postgresql", "mysql", "postgresql")
AURORA = POSTGRESQL.replace('instance = "db.t4g.micro"\nstorage = 20\nstandby = false\n', "")


def of_engine(engine: str) -> str:
    """Return the stack with a database of an engine."""
    return AURORA.replace("postgresql", engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_is_never_changed(project: Project, engine: str) -> None:
    if engine != "postgresql":
        project.run("down", "--yes")
        project.write(of_engine(engine))
        project.up()
    for other in ENGINES:
        if other != engine:
            project.write(of_engine(other))
            refused(project, f"database.engine cannot change from {engine} to {other}", "copy the data")
    project.write(of_engine(engine))
    clean(project)


def test_a_new_one_is_made_of_the_final_snapshot(project: Project) -> None:
    rds = project.cloud.client("rds")
    project.write("protect = true\n" + POSTGRESQL)
    project.up()
    said = project.run("down", "--yes", "--unprotect").out
    (snapshot,) = rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    name = snapshot["DBSnapshotIdentifier"]
    assert f"--db-snapshot-identifier {name}`" in said
    project.write(POSTGRESQL)
    assert name in project.done("plan").out
    project.write(f'{of_engine("mysql")}from_snapshot = "{name}"\n')
    assert 'write engine = "postgresql"' in project.run("plan", code=4).err
    project.write(f'{POSTGRESQL}from_snapshot = "latest"\n')
    project.up()
    assert instance_of(project)["Engine"] == "postgres"
    clean(project)
    project.write(POSTGRESQL)
    clean(project)


def test_it_sleeps_and_wakes(project: Project) -> None:
    project.run("sleep", "--yes")
    assert instance_of(project)["DBInstanceStatus"] == "stopped"
    project.run("wake")
    assert instance_of(project)["DBInstanceStatus"] == "available"
    clean(project)


def test_the_printed_policies_are_enough_for_its_life_too(project: Project) -> None:
    project.change("standby = false", 'iam_authentication = true\nlogs = ["postgresql"]')
    project.run("policy", "--create-boundary")
    project.up()
    policies = printed(load(project.config), read_only=False, boundary=False, account=None).values()
    enforce(project.cloud, *policies)
    project.change("storage = 20", "storage = 30")
    project.up()
    clean(project)
    project.write("protect = true\n" + project.config.read_text())
    project.up()
    project.run("down", "--yes", "--unprotect")
    enforce(project.cloud)
    left = project.inventory()
    assert [sort for sort, found in left.items() if sort.startswith("db_") and found] == ["db_snapshots"]
    enforce(project.cloud, *policies)
    project.change("storage = 30", 'storage = 30\nfrom_snapshot = "latest"')
    enforce(project.cloud, *printed(load(project.config), read_only=False, boundary=False, account=None).values())
    project.up()
    project.run("sleep", "--yes")
    project.run("wake")
    clean(project)
