"""Service deployments of the embedded cloud: history, circuit breaker, rollback, and strategies other than rolling."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from ecs_emulator.ecs import breaker
from tests.cloud.conftest import Network, refused
from tests.cloud.ecs_rig import create, gone, service, steady, target_group, tasks

Answer = dict[str, Any]
ROLLED_BACK = "Service deployment rolled back because the circuit breaker threshold was exceeded."
BREAKER = {"enable": True, "rollback": True}


@pytest.fixture
def ecs(network: Network) -> Any:
    """An ECS client in a cloud with a network and the cluster `main`, which has Fargate's two providers."""
    client = network.cloud.client("ecs")
    client.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    return client


def briefs(ecs: Any, **more: Any) -> list[Answer]:
    found: list[Answer] = ecs.list_service_deployments(cluster="main", service="web", **more)["serviceDeployments"]
    return found


def newest(ecs: Any) -> Answer:
    """The newest service deployment in full."""
    arn = briefs(ecs)[0]["serviceDeploymentArn"]
    (found,) = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    answer: Answer = found
    return answer


def ended(network: Network, ecs: Any, status: str) -> Answer:
    """The newest service deployment once it has this status."""
    answer: Answer = network.cloud.wait(lambda: newest(ecs)["status"] == status and newest(ecs), status)
    return answer


def broken(network: Network, image: str = "exits-at-once:1", **more: Any) -> str:
    """A revision that does not come up."""
    container = {"name": "web", "image": image, "memory": 256, "portMappings": [{"containerPort": 80}], **more}
    return network.definition("web", containerDefinitions=[container])


def rolled_back(network: Network, ecs: Any, desired: int = 1, **configuration: Any) -> Answer:
    """Deploy a broken revision to a service that runs, and return the deployment once it is rolled back."""
    network.definition("web")
    create(network, desiredCount=desired, deploymentConfiguration={"deploymentCircuitBreaker": BREAKER})
    steady(network, running=desired)
    circuit = {"deploymentConfiguration": {"deploymentCircuitBreaker": {**BREAKER, **configuration}}}
    ecs.update_service(cluster="main", service="web", taskDefinition=broken(network), **circuit)
    return ended(network, ecs, "ROLLBACK_SUCCESSFUL")


def test_history_tells_each_deployment_the_newest_first(network: Network, ecs: Any) -> None:
    """The shapes of ids and ARNs: AWS CLI, examples of list-service-deployments and describe-service-deployments."""
    network.definition("web")
    made = create(network, desiredCount=1, deploymentConfiguration={"deploymentCircuitBreaker": BREAKER})
    assert "currentServiceDeployment" not in made
    assert [one["status"] for one in briefs(ecs)] == ["PENDING"]
    running = steady(network, running=1)
    first = newest(ecs)
    assert running["currentServiceDeployment"] == first["serviceDeploymentArn"]
    assert re.fullmatch(
        r"arn:aws:ecs:[\w-]+:\d{12}:service-deployment/main/web/[\w-]{21}", first["serviceDeploymentArn"]
    )
    assert (first["status"], first["sourceServiceRevisions"]) == ("SUCCESSFUL", [])
    assert first["createdAt"] <= first["startedAt"] <= first["finishedAt"] == first["updatedAt"]
    counts = {"requestedTaskCount": 1, "runningTaskCount": 1, "pendingTaskCount": 0}
    number = running["deployments"][0]["id"].removeprefix("ecs-svc/")
    arn = f"arn:aws:ecs:ap-northeast-1:123456789012:service-revision/main/web/{number}"
    assert first["targetServiceRevision"] == {"arn": arn, **counts}
    assert running["currentServiceRevisions"] == [{"arn": arn, **counts}]
    assert first["deploymentCircuitBreaker"] == {"status": "MONITORING_COMPLETE", "failureCount": 0, "threshold": 3}
    assert first["alarms"] == {"status": "DISABLED"}
    assert not first.keys() & {"rollback", "statusReason", "stoppedAt", "lifecycleStage", "targetServiceRevisionArn"}

    ecs.update_service(cluster="main", service="web", taskDefinition=network.definition("web"))
    network.cloud.step(60)
    assert newest(ecs)["deploymentCircuitBreaker"]["status"] == "MONITORING"
    steady(network, running=1)
    second, before = briefs(ecs)
    assert before["serviceDeploymentArn"] == first["serviceDeploymentArn"]
    assert before["targetServiceRevisionArn"] == arn
    assert [one["arn"] for one in newest(ecs)["sourceServiceRevisions"]] == [arn]
    assert newest(ecs)["sourceServiceRevisions"][0]["runningTaskCount"] == 0

    assert briefs(ecs, status=["SUCCESSFUL"]) == [second, before]
    assert briefs(ecs, status=["STOPPED", "ROLLBACK_FAILED"]) == []
    assert briefs(ecs, createdAt={"after": first["createdAt"] + timedelta(seconds=5)}) == [second]
    assert briefs(ecs, createdAt={"before": second["createdAt"] - timedelta(seconds=5)}) == [before]
    page = ecs.list_service_deployments(cluster="main", service="web", maxResults=1)
    assert page["serviceDeployments"] == [second]
    assert briefs(ecs, maxResults=1, nextToken=page["nextToken"]) == [before]


def test_what_is_unknown_is_refused_or_a_failure(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network, desiredCount=0)
    arn = briefs(ecs)[0]["serviceDeploymentArn"]
    answer = ecs.describe_service_deployments(serviceDeploymentArns=[arn, arn[:-1]])
    assert [one["serviceDeploymentArn"] for one in answer["serviceDeployments"]] == [arn]
    assert answer["failures"] == [{"arn": arn[:-1], "reason": "MISSING"}]
    with refused("ServiceNotFoundException"):
        ecs.list_service_deployments(cluster="main", service="nothing")
    with refused("ClusterNotFoundException"):
        ecs.list_service_deployments(cluster="nothing", service="web")
    with refused("InvalidParameterException"):
        ecs.list_service_deployments(cluster="main", service="web", status=["DONE"])


def test_a_rollback_says_why_and_to_what(network: Network, ecs: Any) -> None:
    found = rolled_back(network, ecs)
    running = service(network)
    assert found["statusReason"] == ROLLED_BACK
    assert found["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
    assert found["rollback"]["reason"] == ROLLED_BACK
    assert found["startedAt"] < found["rollback"]["startedAt"] <= found["finishedAt"]
    assert found["rollback"]["serviceRevisionArn"] == running["currentServiceRevisions"][0]["arn"]
    assert running["currentServiceDeployment"] == found["serviceDeploymentArn"], (
        "a rollback is no deployment of its own"
    )
    assert running["deployments"][0]["rolloutState"] == "COMPLETED"
    asked = [found["targetServiceRevision"]["arn"], found["rollback"]["serviceRevisionArn"]]
    failed, good = ecs.describe_service_revisions(serviceRevisionArns=asked)["serviceRevisions"]
    assert failed["taskDefinition"].endswith("web:2")
    assert failed["containerImages"][0]["image"] == "exits-at-once:1"
    assert good["taskDefinition"] == running["taskDefinition"]


def test_a_first_deployment_has_nowhere_to_go_back_to(network: Network, ecs: Any) -> None:
    broken(network)
    create(network, desiredCount=1, deploymentConfiguration={"deploymentCircuitBreaker": BREAKER})
    found = ended(network, ecs, "ROLLBACK_FAILED")
    assert found["statusReason"] == "No rollback candidate was found to run the rollback."
    assert (found["rollback"]["reason"], "serviceRevisionArn" in found["rollback"]) == (ROLLED_BACK, False)
    assert service(network)["deployments"][0]["rolloutState"] == "FAILED"


def test_a_failed_deployment_stops_if_rollback_is_off(network: Network, ecs: Any) -> None:
    broken(network)
    circuit = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    create(network, desiredCount=1, deploymentConfiguration=circuit)
    found = ended(network, ecs, "STOPPED")
    assert found["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
    assert (found["stoppedAt"], "rollback" in found) == (found["finishedAt"], False)


def test_a_new_deployment_stops_the_one_under_way(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network, desiredCount=1)
    network.cloud.step(60)
    ecs.update_service(cluster="main", service="web", forceNewDeployment=True)
    assert [one["status"] for one in briefs(ecs)] == ["PENDING", "STOPPED"]
    steady(network, running=1)
    assert [one["status"] for one in briefs(ecs)] == ["SUCCESSFUL", "STOPPED"]


def test_without_a_breaker_nothing_is_given_up(network: Network, ecs: Any) -> None:
    broken(network)
    create(network, desiredCount=1)
    network.cloud.wait(lambda: service(network)["deployments"][0]["failedTasks"] > 4, "failures")
    assert newest(ecs)["status"] == "IN_PROGRESS"
    assert newest(ecs)["deploymentCircuitBreaker"] == {"status": "DISABLED"}


@pytest.mark.parametrize(
    ("kind", "value", "desired", "expected"),
    [
        # the table of the developer guide
        ("BOUNDED_PERCENT", 50, 1, 3),
        ("BOUNDED_PERCENT", 50, 25, 13),
        ("BOUNDED_PERCENT", 50, 400, 200),
        ("BOUNDED_PERCENT", 50, 800, 200),
        ("UNBOUNDED_PERCENT", 50, 800, 400),
        ("COUNT", 5, 800, 5),
        ("COUNT", 1, 10, 1),
    ],
)
def test_the_threshold_of_the_breaker(kind: str, value: int, desired: int, expected: int) -> None:
    circuit = {"deploymentCircuitBreaker": {"thresholdConfiguration": {"type": kind, "value": value}}}
    assert breaker.threshold(circuit, desired) == expected


def test_a_count_of_one_rolls_back_after_one_failure(network: Network, ecs: Any) -> None:
    found = rolled_back(network, ecs, thresholdConfiguration={"type": "COUNT", "value": 1})
    assert found["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 1, "threshold": 1}


def test_members_of_the_breaker_that_are_left_out_stay(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network, desiredCount=0, deploymentConfiguration={"deploymentCircuitBreaker": BREAKER})
    for given in ({"thresholdConfiguration": {"type": "COUNT", "value": 9}}, {"resetOnHealthyTask": False}):
        configuration = {"deploymentCircuitBreaker": {**BREAKER, **given}}
        ecs.update_service(cluster="main", service="web", deploymentConfiguration=configuration)
    assert service(network)["deploymentConfiguration"]["deploymentCircuitBreaker"] == {
        **BREAKER, "resetOnHealthyTask": False, "thresholdConfiguration": {"type": "COUNT", "value": 9},
    }  # fmt: skip
    for wrong in (
        {"type": "COUNT", "value": 0},
        {"type": "BOUNDED_PERCENT", "value": 101},
        {"type": "ALL", "value": 1},
    ):
        circuit = {"deploymentCircuitBreaker": {**BREAKER, "thresholdConfiguration": wrong}}
        with refused("InvalidParameterException"):
            ecs.update_service(cluster="main", service="web", deploymentConfiguration=circuit)


def test_failed_load_balancer_checks_count_as_failed_tasks(network: Network, ecs: Any) -> None:
    network.definition("web")
    balancers = [{"targetGroupArn": target_group(network), "containerName": "web", "containerPort": 80}]
    create(
        network,
        desiredCount=1,
        loadBalancers=balancers,
        deploymentConfiguration={"deploymentCircuitBreaker": BREAKER},
    )
    steady(network, running=1)
    ecs.update_service(cluster="main", service="web", taskDefinition=broken(network, "never-healthy:1"))
    found = ended(network, ecs, "ROLLBACK_SUCCESSFUL")
    assert found["deploymentCircuitBreaker"]["failureCount"] == 3
    failed = [task for task in tasks(network, status="STOPPED") if "health checks" in task["stoppedReason"]]
    assert len(failed) == 3
    assert all("startedAt" in task and task["stopCode"] == "ServiceSchedulerInitiated" for task in failed)


@pytest.mark.parametrize(("resets", "count"), [(True, 0), (False, 2)])
def test_a_healthy_task_resets_the_count_by_default(network: Network, ecs: Any, resets: bool, count: int) -> None:
    network.definition("web")
    circuit = {**BREAKER, "resetOnHealthyTask": resets, "thresholdConfiguration": {"type": "COUNT", "value": 9}}
    network.cloud.control("POST", "faults", "scenarios=task-fails")
    create(network, desiredCount=1, deploymentConfiguration={"deploymentCircuitBreaker": circuit})
    network.cloud.wait(lambda: service(network)["deployments"][0]["failedTasks"] == 2, "two failures")
    network.cloud.control("POST", "faults", "scenarios=")
    steady(network, running=1)
    assert newest(ecs)["deploymentCircuitBreaker"]["failureCount"] == count


def test_tasks_that_end_after_they_ran_are_never_counted(network: Network, ecs: Any) -> None:
    """AWS re:Post, "ecs-deployment-roll-back-failure": such a deployment goes on for ever."""
    broken(network, "exits-later:1")
    create(network, desiredCount=1, deploymentConfiguration={"deploymentCircuitBreaker": BREAKER})
    network.cloud.wait(lambda: len(tasks(network, status="STOPPED")) > 4, "a loop")
    assert newest(ecs)["deploymentCircuitBreaker"] == {"status": "MONITORING", "failureCount": 0, "threshold": 3}


def test_another_strategy_has_stages_and_a_rollout_state(network: Network, ecs: Any) -> None:
    """The states: JWanderer73/credit-card-fraud, docs/evidence/healthy-canary-taskssets.txt."""
    network.definition("web")
    blue_green = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}
    create(network, desiredCount=1, deploymentConfiguration=blue_green)
    ended(network, ecs, "SUCCESSFUL")
    assert service(network)["deployments"][0]["rolloutState"] == "COMPLETED"
    ecs.update_service(cluster="main", service="web", taskDefinition=network.definition("web"))

    def baking() -> bool:
        return newest(ecs).get("lifecycleStage") == "BAKE_TIME"

    network.cloud.wait(baking, "bake time")
    found = service(network)
    assert (found["runningCount"], len(found["deployments"])) == (2, 2), "blue and green run side by side"
    assert [one["rolloutState"] for one in found["deployments"]] == ["IN_PROGRESS", "COMPLETED"]
    done = ended(network, ecs, "SUCCESSFUL")
    assert done["finishedAt"] - done["startedAt"] > timedelta(minutes=5)
    assert service(network)["runningCount"] == 1


def test_history_goes_back_90_days_and_goes_with_its_service(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network, desiredCount=0)
    arn = briefs(ecs)[0]["serviceDeploymentArn"]
    network.cloud.advance(91 * 86400)
    assert briefs(ecs) == []
    ecs.update_service(cluster="main", service="web", forceNewDeployment=True)
    (kept,) = briefs(ecs)
    ecs.delete_service(cluster="main", service="web")
    gone(network)
    asked = [arn, kept["serviceDeploymentArn"]]
    assert len(ecs.describe_service_deployments(serviceDeploymentArns=asked)["failures"]) == 2
