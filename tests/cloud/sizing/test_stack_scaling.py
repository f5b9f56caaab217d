"""The number of a service's tasks: `count` keeps it, `scaling` leaves it to AWS, and one can follow the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import Project

pytestmark = [pytest.mark.slow, world.EMPTY]

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
WEB = f"""
[dns]
domain = "example.com"

[services.web]
image = "{REGISTRY}/web:1"
port = 8080
public = true
"""
SCALED = WEB + "scaling = { min = 2, max = 6, cpu = 60, memory = 80, requests = 500 }\n"


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    here = Project(cloud, tmp_path)
    yield here
    here.close()


def begun(project: Project, text: str) -> None:
    project.write(text)
    project.up()
    assert project.planned() == {}


def shown(project: Project) -> dict[str, Any]:
    ecs = project.cloud.client("ecs")
    service: dict[str, Any] = ecs.describe_services(cluster=NAME, services=["web"])["services"][0]
    return service


def wanted(project: Project) -> int:
    return int(shown(project)["desiredCount"])


def running(project: Project) -> int:
    return int(shown(project)["runningCount"])


def by_hand(project: Project, count: int) -> None:
    project.cloud.client("ecs").update_service(cluster=NAME, service="web", desiredCount=count)
    project.cloud.wait(lambda: running(project) == count, f"{count} tasks run")


def policies(project: Project) -> dict[str, str]:
    """Return the resource label of the metric that each policy follows, by the policy's name."""
    client = project.cloud.client("application-autoscaling")
    return {
        one["PolicyName"]: one["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"].get(
            "ResourceLabel", ""
        )
        for one in client.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    }


def test_count_is_kept_and_scaling_is_left_to_aws(project: Project) -> None:
    before = project.inventory()
    begun(project, WEB)
    assert (wanted(project), policies(project)) == (1, {})
    by_hand(project, 3)
    drift = project.planned()
    assert {a: item["changes"] for a, item in drift.items()} == {"service/web": {"desired_count": {"old": 3, "new": 1}}}
    project.up()
    assert (wanted(project), project.planned()) == (1, {})

    project.write(WEB + "count = 3\n")
    project.up()
    assert (running(project), project.planned()) == (3, {})
    # taken over at the running number
    project.write(WEB + "scaling = { min = 1, max = 6 }\n")
    made = {"scalable_target/web", "scaling_policy/web", "service_linked_role/task-scaling"}
    assert set(project.planned()) == made
    project.up()
    assert (running(project), project.planned()) == (3, {})
    by_hand(project, 5)
    assert project.planned() == {}, "the number is autoscaling's"

    project.write(SCALED)
    project.up()
    (label,) = filter(None, policies(project).values())
    assert label.startswith(f"app/{NAME}/")
    assert f"/targetgroup/{NAME}-web/" in label
    assert set(policies(project)) == {f"{NAME}-web-{metric}" for metric in ("cpu", "memory", "requests")}
    assert (running(project), project.planned()) == (5, {})

    project.write(WEB + "count = 2\n")
    ended = project.done("plan", "--json")
    (note,) = [text for text in ended.document["notes"] if "scaling" in text]
    assert "services.web has no `scaling`" in note
    assert "count = 2. To keep them, write scaling = { min = 2, max = 6, cpu = 60 } there" in note
    changes = {item["address"]: item for item in ended.document["resources"] if item["action"] != "none"}
    assert changes["service/web"]["changes"] == {"desired_count": {"old": 5, "new": 2}}
    assert changes["scalable_target/web"]["action"] == "delete"
    project.up()
    assert (wanted(project), policies(project), project.planned()) == (2, {}, {})
    # stopped, and kept
    project.write(WEB + "count = 0\n")
    project.up()
    assert (running(project), project.planned()) == (0, {})
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_what_scaling_left_serves_until_the_new_tasks_do(project: Project) -> None:
    """A failed deployment takes nothing away: the number goes down last."""
    begun(project, WEB + "scaling = { min = 4, max = 6 }\n")
    assert running(project) == 4
    project.write(WEB.replace("web:1", "web-does-not-exist:2"))
    project.up(code=1)
    assert wanted(project) == 4
    assert list(policies(project)) == [f"{NAME}-web-cpu"]
    project.write(WEB.replace("web:1", "web:2"))
    project.up()
    assert (wanted(project), policies(project), project.planned()) == (1, {}, {})


def test_a_service_goes_with_its_scaling(project: Project) -> None:
    before = project.inventory()
    begun(project, WEB + "scaling = { max = 2 }\n")
    project.write(WEB.replace("services.web", "services.other"))
    ended = project.up()
    assert {a for a, result in ended.results.items() if result == "deleted"} >= {
        "service/web",
        "scalable_target/web",
        "scaling_policy/web",
    }
    assert (policies(project), project.planned()) == ({}, {})
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}
