"""The resolution of a service's metrics in the embedded cloud: deployments, service revisions, and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import Network, refused
from tests.cloud.ecs_rig import create, service, steady
from tests.cloud.emulator.test_cloud_deployments import BREAKER, briefs, broken, ended, newest

Answer = dict[str, Any]
BOTH = ["CPUUtilization", "MemoryUtilization"]


@pytest.fixture
def ecs(network: Network) -> Any:
    """An ECS client in a cloud with a network, the cluster `main` and a task definition."""
    client = network.cloud.client("ecs")
    client.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    network.definition("web")
    return client


def measured(seconds: int, *names: str) -> Answer:
    return {"metricConfigurations": [{"metricNames": list(names), "resolutionSeconds": seconds}]}


def revision(ecs: Any) -> Answer:
    """The revision that the newest service deployment rolls out."""
    arn = newest(ecs)["targetServiceRevision"]["arn"]
    (found,) = ecs.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"]
    answer: Answer = found
    return answer


def test_only_revisions_show_the_resolution(network: Network, ecs: Any) -> None:
    made = create(network, monitoring=measured(20, *BOTH))
    assert "monitoring" not in str([made, service(network)])
    assert revision(ecs)["monitoring"] == measured(20, *BOTH)


def test_another_resolution_is_a_deployment(network: Network, ecs: Any) -> None:
    create(network)
    steady(network)
    assert "monitoring" not in revision(ecs)
    ecs.update_service(cluster="main", service="web", monitoring=measured(20, "CPUUtilization"))
    steady(network)
    assert (len(briefs(ecs)), revision(ecs)["monitoring"]) == (2, measured(20, "CPUUtilization"))
    ecs.update_service(cluster="main", service="web", desiredCount=2)
    assert len(briefs(ecs)) == 2
    ecs.update_service(cluster="main", service="web", forceNewDeployment=True)
    assert revision(ecs)["monitoring"] == measured(20, "CPUUtilization")


def test_a_rollback_brings_the_former_resolution_back(network: Network, ecs: Any) -> None:
    create(network, deploymentConfiguration={"deploymentCircuitBreaker": BREAKER})
    steady(network)
    ecs.update_service(
        cluster="main", service="web", taskDefinition=broken(network), monitoring=measured(20, "CPUUtilization")
    )
    ended(network, ecs, "ROLLBACK_SUCCESSFUL")
    ecs.update_service(cluster="main", service="web", forceNewDeployment=True)
    assert "monitoring" not in revision(ecs)


@pytest.mark.parametrize(
    ("monitoring", "says"),
    [
        (measured(20, "NetworkIn"), "NetworkIn is not valid"),
        (measured(20, "CPUUtilization", "CPUUtilization"), "more than once"),
        (measured(30, "CPUUtilization"), "must be 20 or 60"),
    ],
)
def test_what_ecs_does_not_measure_is_refused(network: Network, ecs: Any, monitoring: Answer, says: str) -> None:
    with refused("InvalidParameterException", says):
        create(network, monitoring=monitoring)
    with refused("InvalidParameterException", "EXTERNAL"):
        create(network, monitoring=measured(20, *BOTH), deploymentController={"type": "EXTERNAL"})
