"""Early success criteria in the embedded cloud: refusals, DescribeServices, and deployments completed before others."""

from __future__ import annotations

from typing import Any

import pytest

from ecs_emulator.ecs import early_success
from tests.cloud.conftest import Network, refused
from tests.cloud.ecs_rig import create, service, steady, tasks
from tests.cloud.emulator.test_cloud_deployments import BREAKER, broken, ended

Answer = dict[str, Any]
DEFERRED: Answer = {"enable": True, "healthyPercent": 100, "sourceServiceRevisionCleanup": "DEFERRED"}
OFF: Answer = {"enable": False, "healthyPercent": 100, "sourceServiceRevisionCleanup": "BLOCKING"}


@pytest.fixture
def ecs(network: Network) -> Any:
    """An ECS client in a cloud with a network, the cluster `main` and a task definition."""
    client = network.cloud.client("ecs")
    client.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    network.definition("web")
    return client


def configured(**criteria: Any) -> Answer:
    return {"deploymentConfiguration": {"earlySuccessCriteria": criteria}}


def shown(network: Network) -> Any:
    return service(network)["deploymentConfiguration"].get("earlySuccessCriteria")


def test_what_is_shown_and_kept(network: Network, ecs: Any) -> None:
    create(network)
    assert shown(network) is None
    ecs.update_service(cluster="main", service="web", **configured(**DEFERRED))
    assert shown(network) == DEFERRED
    ecs.update_service(cluster="main", service="web", deploymentConfiguration={"maximumPercent": 150})
    assert shown(network) == DEFERRED
    with refused("InvalidParameterException", "Early success criteria not supported for BLUE_GREEN"):
        ecs.update_service(cluster="main", service="web", deploymentConfiguration={"strategy": "BLUE_GREEN"})
    ecs.update_service(cluster="main", service="web", **configured(enable=False))
    assert shown(network) == OFF


@pytest.mark.parametrize(
    ("criteria", "says"),
    [
        ({"enable": True}, "requires healthyPercent and sourceServiceRevisionCleanup"),
        ({"enable": True, "healthyPercent": 100}, "requires sourceServiceRevisionCleanup"),
        (DEFERRED | {"healthyPercent": 90}, "minimumHealthyPercent, which is 100"),
    ],
)
def test_incomplete_criteria_are_refused(network: Network, ecs: Any, criteria: Answer, says: str) -> None:
    with refused("InvalidParameterException", says):
        create(network, **configured(**criteria))


@pytest.mark.parametrize(("percent", "desired", "tasks"), [(50, 2, 1), (50, 3, 2), (80, 10, 8), (0, 5, 1), (100, 0, 0)])
def test_how_many_healthy_tasks_are_needed(percent: int, desired: int, tasks: int) -> None:
    assert early_success.needed(DEFERRED | {"healthyPercent": percent}, desired) == tasks


def old_ones_left(network: Network, ecs: Any, **criteria: Any) -> int:
    """Roll a revision out, and return the number of running old tasks at the moment at which it is completed."""
    create(network, **configured(**criteria))
    steady(network)
    former = {task["taskArn"] for task in tasks(network)}
    ecs.update_service(cluster="main", service="web", taskDefinition=network.definition("web"))
    network.cloud.wait(lambda: service(network)["deployments"][0]["rolloutState"] == "COMPLETED", "the deployment")
    (answer,) = ecs.describe_services(cluster="main", services=["web"])["services"]
    left = len(former & {task["taskArn"] for task in tasks(network)})
    assert sum(one["runningCount"] for one in answer["deployments"][1:]) >= left
    assert ended(network, ecs, "SUCCESSFUL")
    found = steady(network)
    assert (len(found["deployments"]), found["runningCount"]) == (1, 2)
    return left


def test_deferred_clean_up_comes_after_the_deployment(network: Network, ecs: Any) -> None:
    assert old_ones_left(network, ecs, **DEFERRED) > 0


@pytest.mark.parametrize("criteria", [OFF, DEFERRED | {"sourceServiceRevisionCleanup": "BLOCKING"}])
def test_otherwise_no_old_task_is_left(network: Network, ecs: Any, criteria: Answer) -> None:
    assert old_ones_left(network, ecs, **criteria) == 0


def test_a_revision_that_fails_is_rolled_back(network: Network, ecs: Any) -> None:
    settings = {"deploymentCircuitBreaker": BREAKER, "earlySuccessCriteria": DEFERRED}
    create(network, deploymentConfiguration=settings)
    steady(network)
    ecs.update_service(cluster="main", service="web", taskDefinition=broken(network))
    ended(network, ecs, "ROLLBACK_SUCCESSFUL")
    steady(network)
