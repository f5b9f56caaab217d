"""Task scale-in protection in the embedded cloud: which tasks its service scheduler keeps, and until when."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import Network
from tests.cloud.ecs_rig import create, gone, steady, tasks


@pytest.fixture
def ecs(network: Network) -> Any:
    """An ECS client in a cloud with a network, the cluster `main` and a steady service of two tasks."""
    client = network.cloud.client("ecs")
    client.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    network.definition("web")
    create(network)
    steady(network)
    return client


def arns(network: Network) -> set[str]:
    return {task["taskArn"] for task in tasks(network)}


def protect(ecs: Any, *wanted: str, on: bool = True) -> dict[str, Any]:
    answer: dict[str, Any] = ecs.update_task_protection(cluster="main", tasks=list(wanted), protectionEnabled=on)
    return answer


def test_scale_in_keeps_the_protected_task(network: Network, ecs: Any) -> None:
    oldest, youngest = (one["taskArn"] for one in sorted(tasks(network), key=lambda task: task["createdAt"]))
    protect(ecs, youngest)
    ecs.update_service(cluster="main", service="web", desiredCount=0)
    network.cloud.wait(lambda: oldest not in arns(network), "the other task stopped")
    network.cloud.advance(3600)
    assert arns(network) == {youngest}
    network.cloud.advance(3700)
    network.cloud.wait(lambda: not arns(network), "the protection ended after two hours")


def test_a_deployment_waits_for_a_protected_task(network: Network, ecs: Any) -> None:
    held = min(arns(network))
    protect(ecs, held)
    ecs.update_service(cluster="main", service="web", taskDefinition=network.definition("web"))
    network.cloud.wait(lambda: len(arns(network)) == 3, "two new tasks beside the protected one")
    network.cloud.advance(600)
    (found,) = ecs.describe_services(cluster="main", services=["web"])["services"]
    assert held in arns(network)
    assert found["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    protect(ecs, held, on=False)
    steady(network)
    assert held not in arns(network)


def test_more_than_the_desired_count_is_refused(network: Network, ecs: Any) -> None:
    one, other = arns(network)
    protect(ecs, one)
    ecs.update_service(cluster="main", service="web", desiredCount=1)
    (failure,) = protect(ecs, other)["failures"]
    assert failure["reason"] == "DEPLOYMENT_BLOCKED"
    assert protect(ecs, one)["failures"] == []


def test_a_deleted_service_and_stop_task_end_it(network: Network, ecs: Any) -> None:
    one, other = arns(network)
    protect(ecs, one, other)
    ecs.stop_task(cluster="main", task=one)
    network.cloud.wait(lambda: one not in arns(network), "the stopped task")
    ecs.delete_service(cluster="main", service="web", force=True)
    gone(network)
