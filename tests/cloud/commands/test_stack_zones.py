"""Fewer zones for a standing stack: resources are moved out of the zone that goes, then its subnets go."""

from __future__ import annotations

import pytest

from tests.cloud.inventory import Inventory
from tests.cloud.project import SAMPLE, Project, project  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow

THREE_EACH = SAMPLE.replace("{ max = 10 }", "{ min = 3 }").replace("{ min = 1, max = 10 }", "{ min = 3 }")
IN_ALL_ZONES = f"{THREE_EACH}\n[network]\nzones = 3\n\n[capacity]\nmin = 3\nmax = 3\n"


def zones(found: Inventory, what: str) -> set[str]:
    """The letters of the zones that something is in."""
    where = {s["SubnetId"]: s["AvailabilityZone"][-1] for s in found["subnets"]}
    return {where[one["SubnetId"]] for one in found[what]}


def counts(found: Inventory) -> dict[str, tuple[int, int]]:
    return {s["serviceName"]: (s["desiredCount"], s["runningCount"]) for s in found["ecs_services"]}


def test_fewer_zones(project: Project) -> None:  # noqa: F811
    project.write(IN_ALL_ZONES)
    project.up()
    before = project.inventory()
    in_d = [s for s in before["subnets"] if s["AvailabilityZone"].endswith("d") and not s["DefaultForAz"]]
    gone = {s["SubnetId"] for s in in_d}
    assert zones(before, "instances") == {"a", "c", "d"}
    assert gone & {i["SubnetId"] for i in before["network_interfaces"]}
    project.change("zones = 3", "zones = 2")
    assert {a for a, item in project.planned().items() if item["action"] == "delete"} == {
        f"subnet/{tier}-d" for tier in ("public", "private", "database")
    }
    project.up()
    after = project.inventory()
    assert not gone & {s["SubnetId"] for s in after["subnets"]}
    assert zones(after, "instances") == zones(after, "network_interfaces") == {"a", "c"}
    assert counts(after) == {"frontend": (3, 3), "backend": (3, 3)}
    since = project.last_call()
    project.up()
    assert project.writes(since) == []
