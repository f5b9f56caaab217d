"""Valkey for services: made, rotated, changed in place, kept until it is named, and deleted with a final snapshot."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.resources.elasticache.token_changes import BEGUN, FORMER
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import kill
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Project, ready_image

pytestmark = [pytest.mark.slow, world.EMPTY]

USED = SMALL.replace("public = true\n", "public = true\nredis = true\n")
GROUP, TOKEN, URL = "replication_group/main", f"/{NAME}/redis/token", f"/{NAME}/redis/url"


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A small stack with Valkey."""
    ready_image(cloud, "frontend")
    here = Project(cloud, tmp_path)
    here.write(USED + "[redis]\n")
    yield here
    here.close()


def value(project: Project, name: str) -> str:
    """The value of a parameter."""
    answer = project.cloud.client("ssm").get_parameter(Name=name, WithDecryption=True)
    return str(answer["Parameter"]["Value"])


def group(project: Project) -> dict[str, Any]:
    """The replication group."""
    found: dict[str, Any] = project.cloud.client("elasticache").describe_replication_groups()["ReplicationGroups"][0]
    return found


def test_valkey_is_used_rotated_changed_kept_and_let_go(project: Project) -> None:
    before = project.inventory()
    assert project.up().results[GROUP] == "created"
    endpoint = group(project)["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
    assert value(project, URL) == f"rediss://:{value(project, TOKEN)}@{endpoint}:6379/0"
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}

    # a new token: Valkey takes it beside the former one, the URL is written, tasks are replaced, the former one ends
    former = value(project, TOKEN)
    ssm = project.cloud.client("ssm")
    ssm.put_parameter(Name=TOKEN, Value="another0token0of0thirty0characters", Type="SecureString", Overwrite=True)
    planned = project.run("plan", "--json", code=2).document["counts"]
    since = project.last_call()
    results = project.up().results
    assert results[GROUP] == results["connection_url/redis"] == results["service/frontend"] == "changed"
    assert former not in value(project, URL)
    writes = [one for one in project.writes(since) if not one.startswith("ssm:")]
    assert planned["change"] == 4, "as many as `up` makes"
    begun, cache = "elasticache:AddTagsToResource", "elasticache:ModifyReplicationGroup"
    assert writes == [
        *(begun, cache, begun),
        *("ecs:RegisterTaskDefinition", "ecs:UpdateService"),
        *(begun, cache, "elasticache:RemoveTagsFromResource"),
    ]
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}

    # one node, of another type, that evicts: two changes of nodes, then the type
    project.write(USED + '[redis]\nnode = "cache.t4g.small"\nreplicas = 0\nevict = true\n')
    assert project.up().results[GROUP] == "changed"
    shown = group(project)
    assert (shown["CacheNodeType"], len(shown["MemberClusters"])) == ("cache.t4g.small", 1)
    assert (shown["AutomaticFailover"], shown["MultiAZ"]) == ("disabled", "disabled")
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}
    project.write(USED + '[redis]\nnode = "cache.t4g.small"\nreplicas = 2\n')
    project.up()
    shown = group(project)
    assert (shown["AutomaticFailover"], shown["MultiAZ"], len(shown["MemberClusters"])) == ("enabled", "enabled", 3)
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}
    project.lose_state()
    project.run("recover", "--yes")
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}

    # out of the file it stays until it is named
    project.write(SMALL)
    planned = project.run("plan", "--json", code=2).document
    assert GROUP in planned["kept"]
    # three nodes of cache.t4g.small
    (note,) = [text for text in planned["notes"] if "kept because of the data" in text]
    monthly = re.search(r"for about (\d+) USD a month: the data of Valkey", note)
    assert monthly, note
    assert int(monthly[1]) == round(3 * 0.0392 * 730)
    project.up()
    assert group(project)["Status"] == "available"
    project.write(USED + "[redis]\n")
    project.up()
    assert "the data of Valkey" in project.run("down", code=4).err
    assert project.down().results[GROUP] == "deleted"
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


POINTS = [
    *((1, "AddTagsToResource", when) for when in ("before", "after")),
    *((number, "ModifyReplicationGroup", when) for number in (1, 2) for when in ("before", "after")),
    *((number, "AddTagsToResource", "after") for number in (2, 3)),
    *((1, "RemoveTagsFromResource", when) for when in ("before", "after")),
]


@pytest.mark.parametrize(("number", "operation", "when"), POINTS)
def test_a_killed_rotation_is_continued(project: Project, number: int, operation: str, when: str) -> None:
    project.up()
    token = {"Name": TOKEN, "Value": "another0token0of0thirty0characters", "Type": "SecureString", "Overwrite": True}
    project.cloud.client("ssm").put_parameter(**token)
    since = project.last_call()
    process = project.fork("up", "--yes")
    kill(project.cloud, pid=process.pid, call=number, when=when, operation=f"elasticache:{operation}")
    assert project.end(process).code == -signal.SIGKILL
    project.up()
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}
    asked = [one for one in project.writes(since) if one == "elasticache:ModifyReplicationGroup"]
    assert len(asked) == 2, "ROTATE and SET, each once"
    tags = project.cloud.client("elasticache").list_tags_for_resource(ResourceName=group(project)["ARN"])["TagList"]
    assert {FORMER, BEGUN}.isdisjoint(one["Key"] for one in tags)


def test_the_former_token_stays_valid_in_a_roll_out(project: Project) -> None:
    project.up()
    token = {"Name": TOKEN, "Value": "another0token0of0thirty0characters", "Type": "SecureString", "Overwrite": True}
    project.cloud.client("ssm").put_parameter(**token)
    since = project.last_call()
    process = project.fork("up", "--yes")
    kill(project.cloud, pid=process.pid, call=1, when="after", operation="ecs:UpdateService")
    assert project.end(process).code == -signal.SIGKILL
    assert project.writes(since).count("elasticache:ModifyReplicationGroup") == 1, "ROTATE alone"
    project.up()
    assert project.writes(since).count("elasticache:ModifyReplicationGroup") == 2, "and SET once all is ready"


def test_a_protected_stack_leaves_a_final_snapshot(project: Project) -> None:
    project.write("protect = true\n" + USED + "[redis]\n")
    project.up()
    assert "protect" in project.run("down", "--yes", code=1).err
    said = project.run("down", "--yes", "--unprotect")
    (snapshot,) = project.cloud.client("elasticache").describe_snapshots()["Snapshots"]
    assert f"delete-snapshot --region ap-northeast-1 --snapshot-name {snapshot['SnapshotName']}" in said.out + said.err


def of_snapshot(project: Project, key: str) -> None:
    project.write(f"protect = true\n{USED}[redis]\n{key}")


def test_a_new_one_is_made_of_the_final_snapshot(project: Project) -> None:
    of_snapshot(project, "")
    project.up()
    of_snapshot(project, 'from_snapshot = "latest"\n')
    since = project.last_call()
    assert GROUP not in project.planned(), "one that stands keeps its data"
    asked = {f"{call['service']}:{call['operation']}" for call in project.cloud.calls(since)}
    assert "elasticache:DescribeSnapshots" not in asked
    project.run("down", "--yes", "--unprotect")
    (snapshot,) = project.cloud.client("elasticache").describe_snapshots()["Snapshots"]
    name = snapshot["SnapshotName"]

    of_snapshot(project, "")
    told = f"Valkey will be empty. A final snapshot of this stack's earlier one exists ({name})"
    assert told in project.run("plan", code=2).out
    since = project.last_call()
    of_snapshot(project, 'from_snapshot = "none"\n')
    assert 'redis.from_snapshot is "none", but there is no such snapshot' in project.run("up", "--yes", code=4).err
    assert project.writes(since) == []

    of_snapshot(project, 'from_snapshot = "latest"\n')
    planned = project.run("plan", code=2).out
    assert f"Valkey will be made of the snapshot {name}" in planned
    assert "will be empty" not in planned
    process = project.fork("up", "--yes")
    kill(project.cloud, pid=process.pid, call=1, when="after", operation="elasticache:CreateReplicationGroup")
    assert project.end(process).code == -signal.SIGKILL
    assert f'"snapshot_name": "{name}"' in project.run("show", GROUP).out
    project.up()
    assert project.writes(since).count("elasticache:CreateReplicationGroup") == 1
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}
    of_snapshot(project, "")
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}


def test_a_stack_with_a_snapshot_can_be_rehearsed(project: Project) -> None:
    of_snapshot(project, "")
    project.up()
    project.run("down", "--yes", "--unprotect")
    of_snapshot(project, 'from_snapshot = "latest"\n')
    ahead = project.run("rehearse", "--json").document
    assert "redis.from_snapshot is there and fits; the copy begins empty" in str(ahead["notes"])
    project.up()
    assert '"snapshot_name": "' in project.run("show", GROUP).out
    standing = project.run("rehearse", "--json").document
    assert "from_snapshot" not in str(standing["notes"])
    assert "not copied: replication_group/main" not in str(standing["notes"])


def test_latest_without_a_final_snapshot_is_refused_first(project: Project) -> None:
    of_snapshot(project, 'from_snapshot = "latest"\n')
    since = project.last_call()
    assert f"there is no final snapshot of Valkey of {NAME}" in project.run("up", "--yes", code=4).err
    assert project.writes(since) == []
