"""Container Insights of a standing stack, turned off and on again: the measurements that are there stay."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Project, project  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.slow, world.EMPTY]

OFF = "logs = { insights = false }\n"
LOG = f"/aws/ecs/containerinsights/{NAME}/performance"


def insights(project: Project) -> Any:  # noqa: F811
    (cluster,) = project.cloud.client("ecs").describe_clusters(clusters=[NAME], include=["SETTINGS"])["clusters"]
    return cluster["settings"]


def logged(project: Project) -> list[str]:  # noqa: F811
    return [one["logGroupName"] for one in project.cloud.client("logs").describe_log_groups()["logGroups"]]


def test_insights_go_off_and_on_and_their_log_is_kept(project: Project) -> None:  # noqa: F811
    before = project.inventory()
    project.write(SMALL)
    project.up()
    assert (insights(project), LOG in logged(project)) == ([{"name": "containerInsights", "value": "enabled"}], True)

    project.write(OFF + SMALL)
    planned = project.run("plan", "--json", code=2).document
    todo = {one["address"]: one["action"] for one in planned["resources"] if one["action"] != "none"}
    assert todo == {"cluster/main": "change", f"container_insights/{NAME}": "delete"}
    assert (planned["kept"], planned["losses"]) == (["log_group/insights"], [])
    project.up()
    assert (insights(project), LOG in logged(project)) == ([{"name": "containerInsights", "value": "disabled"}], True)
    assert project.planned() == {}

    project.write(SMALL)
    results = project.up().results
    assert {address for address, result in results.items() if result != "unchanged"} == {"cluster/main"}
    assert insights(project) == [{"name": "containerInsights", "value": "enabled"}]
    assert project.planned() == {}

    project.write(OFF + SMALL)
    project.up()
    project.run("down", "--yes")
    left = difference(before, project.inventory())
    assert {sort for sort in left if sort not in NEVER_REMOVED} == set()
