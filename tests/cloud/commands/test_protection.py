"""A protected stack: its protection against deletion, its removal all the same, and the final snapshot."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import kill
from tests.cloud.inventory import NEVER_REMOVED, Inventory, difference, inventory
from tests.cloud.lookups import NAME, OWNER, balancer, database
from tests.cloud.project import SAMPLE, Project

pytestmark = [pytest.mark.random_order(disabled=True), pytest.mark.slow, world.FILE]
"""They are one life, in its order."""

BOTH = {"db_cluster/main", "load_balancer/main"}
BALANCER, CLUSTER = "elasticloadbalancing:ModifyLoadBalancerAttributes", "rds:ModifyDBCluster"


@pytest.fixture(scope="module")
def empty(running_cloud: EmbeddedCloud) -> Inventory:
    """The inventory of an account as AWS makes it."""
    running_cloud.reset()
    return inventory(running_cloud.client)


@pytest.fixture(scope="module")
def project(
    running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory, empty: Inventory
) -> Iterator[Project]:
    """The sample, protected and up. The tests are the life of this stack, in their order."""
    here = Project(running_cloud, tmp_path_factory.mktemp("protected"))
    here.write("protect = true\n" + SAMPLE)
    up(here)
    yield here
    here.close()


def up(project: Project) -> None:
    for step in ("load_balancer", "database"):
        project.run("up", "--yes", "--target-step", step)


def changes(project: Project) -> dict[str, set[str]]:
    return {a: set(item["changes"]) for a, item in project.planned().items() if item["action"] == "change"}


def protections(found: Inventory) -> tuple[str, bool]:
    return balancer(found)["attributes"]["deletion_protection.enabled"], database(found)["DeletionProtection"]


def snapshots(project: Project) -> list[dict[str, Any]]:
    return list(project.cloud.client("rds").describe_db_cluster_snapshots()["DBClusterSnapshots"])


def killed_at(project: Project, operation: str, *words: str) -> None:
    """Run a command that is killed as soon as the operation has had its effect."""
    process = project.fork(*words)
    kill(project.cloud, pid=process.pid, call=1, when="after", operation=operation)
    assert project.end(process).code == -signal.SIGKILL
    assert kill(project.cloud)["hit"] == operation


def test_the_balancer_and_the_database_are_protected(project: Project) -> None:
    assert protections(project.inventory()) == ("true", True)
    assert changes(project) == {}


def test_down_is_refused_with_what_to_do_and_writes_nothing(project: Project) -> None:
    since = project.last_call()
    ended = project.run("down", "--yes", "--json", code=1)
    assert ended.out == ""
    assert ended.err.splitlines()[1:] == ["More: `provision explain protected`"]
    assert all(address in ended.err for address in BOTH)
    assert "`provision down --unprotect`" in ended.err
    # what counts is what is there, not what the file has come to say
    project.change("protect = true", "protect = false")
    assert "are protected" in project.run("down", "--yes", code=1).err
    assert project.writes(since) == []
    # nor does a step go that they are built on
    step = project.run("down", "--yes", "--target-step", "network", code=1)
    assert "`provision down --target-step network --unprotect`" in step.err
    assert project.writes(since) == []
    project.change("protect = false", "protect = true")


def test_it_is_turned_off_and_on_again_as_any_other_setting(project: Project) -> None:
    project.change("protect = true", "protect = false")
    assert changes(project) == {
        "db_cluster/main": {"deletion_protection", "final_snapshot"},
        "load_balancer/main": {"deletion_protection"},
        # ECS Exec is on without it, and its agent is to reach its endpoint
        "security_group_egress/frontend": {"rules"},
    }
    up(project)
    assert protections(project.inventory()) == ("false", False)
    # by hand is as good as by configuration: AWS is asked
    elb = project.cloud.client("elbv2")
    arn = balancer(project.inventory())["LoadBalancerArn"]
    protection = {"Key": "deletion_protection.enabled", "Value": "true"}
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[protection])
    refused = project.run("down", "--yes", code=1).err
    # an `up` that is limited to a step does not lift the protection of all
    assert "the stack and load_balancer/main are protected" in refused
    project.change("protect = false", "protect = true")
    up(project)
    assert protections(project.inventory()) == ("true", True)


def test_without_a_terminal_it_wants_yes_and_names_the_account(project: Project) -> None:
    since = project.last_call()
    ended = project.run("down", "--unprotect", "--json", code=4)
    assert ended.out == ""
    assert "account 123456789012" in ended.err
    assert "add --yes" in ended.err
    assert all(f"{address} is protected; its protection is disabled first" in ended.err for address in BOTH)
    assert project.writes(since) == []


def test_a_down_killed_after_each_unlock_leaves_one_snapshot(project: Project, empty: Inventory) -> None:
    killed_at(project, CLUSTER, "down", "--yes", "--unprotect", "--target-step", "database")
    assert not database(project.inventory())["DeletionProtection"]
    # the database is open now, and still recorded as protected
    assert "db_cluster/main and load_balancer/main are protected" in project.run("down", "--yes", code=1).err
    killed_at(project, BALANCER, "down", "--yes", "--unprotect", "--target-step", "load_balancer")
    ended = project.run("down", "--yes", "--json", "--unprotect")
    (snapshot,) = snapshots(project)
    name = snapshot["DBClusterSnapshotIdentifier"]
    assert re.fullmatch(rf"{NAME}-final-\d{{8}}-\d{{6}}", name)
    assert (snapshot["Status"], snapshot["SnapshotType"]) == ("available", "manual")
    assert OWNER.items() <= {tag["Key"]: tag["Value"] for tag in snapshot["TagList"]}.items()
    (finished,) = ended.said("run_finished")
    assert finished["ok"]
    told = " ".join(finished["next"])
    assert f"final snapshot {name}" in told
    assert "USD" in told
    assert f"aws rds delete-db-cluster-snapshot --region ap-northeast-1 --db-cluster-snapshot-identifier {name}" in told
    left = difference(empty, project.inventory(), *NEVER_REMOVED)
    assert left.keys() == {"db_cluster_snapshots"}, "it is the only thing that stays"
    assert project.run("state", "list").out.strip() == ""


def test_plan_and_up_tell_that_a_new_database_is_empty(project: Project) -> None:
    (snapshot,) = snapshots(project)
    name = snapshot["DBClusterSnapshotIdentifier"]
    told = f"the database will be empty. A final snapshot of this stack's earlier one exists ({name}): "
    assert told in project.run("plan", "--target-step", "database", code=2).out
    ended = project.run("up", "--yes", "--target-step", "database")
    assert told in ended.err
    assert "will be empty" not in project.run("up", "--yes", "--target-step", "database").err


def test_the_next_teardown_leaves_another(project: Project) -> None:
    project.cloud.client("rds").create_db_cluster_snapshot(
        DBClusterIdentifier=NAME, DBClusterSnapshotIdentifier="by-hand"
    )
    told = project.run("down", "--yes", "--unprotect").out
    names = sorted(s["DBClusterSnapshotIdentifier"] for s in snapshots(project))
    assert len(names) == 3
    assert [name in told for name in names] == [False, True, True], "the earlier one is told as well, not that by hand"


def test_a_new_database_is_made_of_the_newest_snapshot(project: Project) -> None:
    names = [one["DBClusterSnapshotIdentifier"] for one in snapshots(project)]
    written = project.config.read_text()
    project.write(written.replace("[database]", '[database]\nfrom_snapshot = "latest"'))
    planned = project.run("plan", "--target-step", "database", code=2).out
    assert max(name for name in names if "-final-" in name) in planned
    assert "will be empty" not in planned
    project.run("up", "--yes", "--target-step", "database")
    ssm = project.cloud.client("ssm")
    (parameter,) = ssm.describe_parameters(
        ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [f"/{NAME}/database/password"]}]
    )["Parameters"]
    tags = {tag["Key"]: tag["Value"] for tag in database(project.inventory())["TagList"]}
    assert tags["provisioner:password-version"].endswith(f"/{parameter['Version']}")
    assert "No changes" in project.run("plan", "--target-step", "database").out
    project.write(written)
    assert "No changes" in project.run("plan", "--target-step", "database").out


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ('from_snapshot = "none"', 'database.from_snapshot is "none", but there is no such cluster snapshot in'),
        ('from_snapshot = "by-hand"\nuser = "other"', 'and stays: write user = "dbadmin"'),
        ('from_snapshot = "latest"', "but there is no final snapshot of ecs-sample-other"),
    ],
)
def test_a_snapshot_that_does_not_fit_is_refused_first(project: Project, keys: str, told: str) -> None:
    written, since = project.config.read_text(), project.last_call()
    project.write(written.replace("[database]", f"[database]\n{keys}"))
    assert told in project.run("up", "--yes", "--env", "other", code=4).err
    assert project.writes(since) == []
    project.write(written)
