"""A type with another name than in an earlier version goes on with the resources of that version."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.engine.records.type_aliases import renamed, rewrite
from provisioner.engine.resource import RESOURCE_TYPES
from provisioner.resources.ec2.network import Subnet, Vpc
from provisioner.state.local import LocalStore, read
from provisioner.state.model import Record, StateError
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import NETWORK, Ended, Project

LATER = """
from provisioner.engine.resource import RESOURCE_TYPES
from provisioner.resources.ec2.network import Subnet, Vpc

for resource_type, name in ((Vpc, "cloud_network"), (Subnet, "zone")):
    former = resource_type.type_name
    RESOURCE_TYPES[name] = RESOURCE_TYPES.pop(former)
    resource_type.type_name, resource_type.aliases = name, (former,)

from provisioner.cli.main import main
main()
"""
"""A later version, in which two types have other names."""


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    found = Project(cloud, tmp_path)
    yield found
    found.close()


def later(project: Project, *words: str, code: int = 0) -> Ended:
    """Run a command of the later version."""
    ended = project.end(project.start(*words, program=[sys.executable, "-c", LATER]))
    assert ended.code == code, f"{ended.err}\n{ended.out[-4000:]}"
    return ended


def tag_of_vpc(cloud: EmbeddedCloud) -> str:
    (vpc,) = cloud.client("ec2").describe_vpcs(Filters=[{"Name": "tag:ManagedBy", "Values": ["provisioner"]}])["Vpcs"]
    return next(str(tag["Value"]) for tag in vpc["Tags"] if tag["Key"] == "provisioner:address")


def store(project: Project) -> LocalStore:
    return LocalStore(project.state / "local" / "ecs-sample-dev", "ecs-sample-dev", "test", "0")


@pytest.mark.slow
def test_a_later_version_takes_over_what_is_recorded(project: Project, cloud: EmbeddedCloud) -> None:
    project.up(*NETWORK)
    plan = later(project, "plan", "--json", *NETWORK).document
    assert {item["action"] for item in plan["resources"]} == {"none"}
    assert "cloud_network/main" in {item["address"] for item in plan["resources"]}
    shown = later(project, "show", "cloud_network/main", "--json").document
    assert (shown["address"], shown["type"]) == ("cloud_network/main", "cloud_network")
    assert later(project, "show", "vpc/main", "--json").document["id"] == shown["id"]

    assert set(later(project, "up", "--yes", "--json", *NETWORK).results.values()) == {"unchanged"}
    records = read(project.state / "local" / "ecs-sample-dev", "ecs-sample-dev").records
    assert not any(name.startswith(("vpc/", "subnet/")) for name in records)
    assert "cloud_network/main" in records["zone/private-a"].dependencies
    assert tag_of_vpc(cloud) == "vpc/main"
    moved = later(project, "state", "mv", "subnet/public-a", "subnet/front-a", "--yes", "--json").document
    assert moved["address"] == "zone/front-a"
    later(project, "state", "mv", "zone/front-a", "subnet/public-a", "--yes")

    shutil.rmtree(project.state / "local")
    later(project, "recover", "--yes")
    assert {it["action"] for it in later(project, "plan", "--json", *NETWORK).document["resources"]} == {"none"}
    deleted = later(project, "down", "--yes", "--json").results
    assert deleted["cloud_network/main"] == "deleted"
    assert not cloud.client("ec2").describe_vpcs(Filters=[{"Name": "tag:ManagedBy", "Values": ["provisioner"]}])["Vpcs"]


@pytest.fixture
def later_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process the VPC's type has another name."""
    monkeypatch.delitem(RESOURCE_TYPES, "vpc")
    monkeypatch.setitem(RESOURCE_TYPES, "cloud_network", Vpc)
    monkeypatch.setattr(Vpc, "type_name", "cloud_network")
    monkeypatch.setattr(Vpc, "aliases", ("vpc",))
    assert Subnet.aliases == ()


def record(address: str, id: str, *dependencies: str) -> dict[str, Any]:
    parts: dict[str, Any] = {"address": address, "type": address.partition("/")[0], "phase": "ready", "token": "t"}
    return parts | {"id": id, "dependencies": list(dependencies)}


@pytest.mark.usefixtures("later_here")
@pytest.mark.parametrize("left", [[], ["cloud_network/main"]], ids=["none", "the new record"])
def test_a_rewrite_that_was_killed_is_taken_up_again(left: list[str], tmp_path: Path) -> None:
    with LocalStore(tmp_path, "s", "test", "0") as opened:
        for address in ("vpc/main", *left):
            opened.put(Record.from_dict(record(address, "vpc-1")))
        opened.put(Record.from_dict(record("subnet/a", "subnet-1", "vpc/main")))
        rewrite(opened)
    found = read(tmp_path, "s").records
    assert {a: (r.type, r.dependencies) for a, r in found.items()} == {
        "cloud_network/main": ("cloud_network", []),
        "subnet/a": ("subnet", ["cloud_network/main"]),
    }


@pytest.mark.usefixtures("later_here")
def test_two_resources_of_one_name_are_refused() -> None:
    both = [Record.from_dict(record("vpc/main", "vpc-1")), Record.from_dict(record("cloud_network/main", "vpc-2"))]
    with pytest.raises(StateError, match="two records of cloud_network/main, one under a former name"):
        renamed({one.address: one for one in both})


def test_state_list_shows_the_names_that_are_written(project: Project) -> None:
    project.up(*NETWORK)
    listed = json.loads(later(project, "state", "list", "--json").out)
    assert "vpc/main" in {one["address"] for one in listed}
