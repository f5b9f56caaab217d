"""Beside somebody else's resources, some of them under names that the stack would use: each stays exactly as it was."""

from __future__ import annotations

import pytest

from tests.cloud import bystanders
from tests.cloud.inventory import NEVER_REMOVED, Inventory, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import Project, project  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow

CHANGED_BY_UP = {"zones", "account_settings"}
"""The zone counts its records; the setting is put back by `down`."""
OWN = {"vpcs", "subnets", "route_tables"}
"""Beside these of the stack, each new account has some of its default VPC."""


def test_up_and_down_leave_somebody_elses_resources_as_they_were(project: Project) -> None:  # noqa: F811
    bystanders.settle(project.cloud)
    before = project.inventory()
    project.up()
    lacking = {
        sort: found["lacking"] for sort, found in difference(before, project.inventory()).items() if found["lacking"]
    }
    assert lacking.keys() <= CHANGED_BY_UP, "nothing of theirs is changed or gone while the stack is up"
    project.down()
    after = project.inventory()
    assert difference(before, after, *NEVER_REMOVED) == {}
    assert [s["value"] for s in after["account_settings"] if s["name"] == "awsvpcTrunking"] == ["disabled"]


def test_foreign_resources_under_our_names_are_left_as_they_are(project: Project) -> None:  # noqa: F811
    client = project.cloud.client
    theirs = bystanders.under_names(client, NAME)
    alone = project.settled(_at_rest, "their database and balancer")
    project.run("up", "--yes", "--target-step", "network")
    (vpc,) = [v["VpcId"] for v in project.inventory()["vpcs"] if not v["IsDefault"]]
    theirs |= bystanders.in_network(project.cloud, NAME, vpc)
    before = project.settled(_at_rest, "their endpoint")
    refused = {address: item for address, item in project.planned().items() if item["action"] == "refused"}
    assert refused.keys() == theirs
    assert all("not the tags of this stack, so it is not changed" in item["why"] for item in refused.values())
    assert all("Rename one of them, " in item["why"] for item in refused.values())
    ended = project.up(code=1)
    assert {address for event in ended.said("refused") for address in event["addresses"]} == theirs
    assert ended.results == {}, "what is refused is known before the first write"
    lacking = {sort: found["lacking"] for sort, found in difference(before, project.inventory()).items()}
    assert {sort for sort, found in lacking.items() if found} <= CHANGED_BY_UP | OWN
    bystanders.clear_network(project.cloud, vpc)
    project.down()
    assert difference(alone, project.inventory(), *NEVER_REMOVED) == {}
    print(f"things under our names without our tags: {len(refused)} refused, {len(refused)} unchanged")


def _at_rest(found: Inventory) -> bool:
    """Return whether none of their resources is still being made."""
    states = {
        *(resource["Status"] for resource in found["db_clusters"]),
        *(resource["DBInstanceStatus"] for resource in found["db_instances"]),
        *(resource["State"]["Code"] for resource in found["load_balancers"]),
        *(resource["State"] for resource in found["endpoints"]),
    }
    return states <= {"available", "active"}
