"""Services that scale by metrics of 20 seconds: measured so before a policy follows them, read back, and mended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.project import Project

pytestmark = [pytest.mark.slow, world.EMPTY]
WEB = f"""
[services.web]
image = "{REGISTRY}/web:1"
port = 8080
"""
SLOW = WEB + "scaling = { max = 4 }\n"
FAST = WEB + "scaling = { max = 4, resolution = 20 }\n"
CALLS = ("ecs:UpdateService", "application-autoscaling:PutScalingPolicy")


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A stack of one service that scales by its average CPU of each minute, up."""
    here = Project(cloud, tmp_path)
    here.write(SLOW)
    here.up()
    yield here
    here.close()


def measured(project: Project) -> list[Any]:
    """Return the groups of metrics of the service's newest revision."""
    ecs = project.cloud.client("ecs")
    (service,) = ecs.describe_services(cluster=NAME, services=["web"])["services"]
    (revision,) = ecs.describe_service_revisions(serviceRevisionArns=[service["currentServiceRevisions"][0]["arn"]])[
        "serviceRevisions"
    ]
    found: list[Any] = revision.get("monitoring", {}).get("metricConfigurations", [])
    return [(one["resolutionSeconds"], one["metricNames"]) for one in found]


def followed(project: Project) -> str:
    client = project.cloud.client("application-autoscaling")
    (policy,) = client.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    specification = policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]
    return str(specification["PredefinedMetricType"])


def deployments(project: Project) -> int:
    ecs = project.cloud.client("ecs")
    return len(ecs.list_service_deployments(cluster=NAME, service="web")["serviceDeployments"])


def called(project: Project, since: int) -> list[str]:
    return [one for one in project.writes(since) if one in CALLS]


def test_a_standing_service_is_measured_first_and_followed_then(project: Project) -> None:
    project.write(FAST)
    assert set(project.planned()) == {"service/web", "scaling_policy/web"}
    since = project.last_call()
    project.up()
    assert called(project, since) == list(CALLS)
    assert measured(project) == [(20, ["CPUUtilization"]), (60, ["MemoryUtilization"])]
    assert (followed(project), deployments(project)) == ("ECSServiceAverageCPUUtilizationHighResolution", 2)
    assert project.planned() == {}

    slow = {"metricConfigurations": [{"metricNames": ["CPUUtilization"], "resolutionSeconds": 60}]}
    project.cloud.client("ecs").update_service(cluster=NAME, service="web", monitoring=slow)
    drift = {"high_resolution_metrics": {"old": [], "new": ["CPUUtilization"]}}
    assert {address: one["changes"] for address, one in project.planned().items()} == {"service/web": drift}
    project.up()
    assert (measured(project)[0], project.planned()) == ((20, ["CPUUtilization"]), {})

    project.write(SLOW)
    project.up()
    assert measured(project) == [(60, ["CPUUtilization", "MemoryUtilization"])]
    assert (followed(project), project.planned()) == ("ECSServiceAverageCPUUtilization", {})


def test_a_revision_that_fails_is_followed_by_no_policy(project: Project) -> None:
    project.write(FAST.replace("web:1", "exits-at-once:1"))
    project.up(code=1)
    assert followed(project) == "ECSServiceAverageCPUUtilization"
    project.write(FAST)
    project.up()
    assert (followed(project), project.planned()) == ("ECSServiceAverageCPUUtilizationHighResolution", {})
