"""Health checks of simulated tasks: requests and their intervals, passing answers, and ECS's reaction to failures."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import Network
from tests.cloud.ecs_rig import create, service, steady, target_group, tasks

SLOW = "web-answers-after-90s:1"
BARE = "distroless-web:1"
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


@pytest.fixture
def ecs(network: Network) -> Any:
    client = network.cloud.client("ecs")
    client.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    return client


def define(network: Network, image: str, check: dict[str, Any] | None = None) -> str:
    container = {"name": "web", "image": image, "portMappings": [{"containerPort": 80}]}
    return network.definition("web", containerDefinitions=[{**container, **({"healthCheck": check} if check else {})}])


def group_of(network: Network, **health: Any) -> str:
    """A target group asked every 10 s, unhealthy after 2 failures, healthy again after 3 answers."""
    arn = target_group(network)
    settings = {"HealthCheckIntervalSeconds": 10, "UnhealthyThresholdCount": 2, "HealthyThresholdCount": 3, **health}
    network.cloud.client("elbv2").modify_target_group(TargetGroupArn=arn, **settings)
    return arn


def behind(network: Network, group: str, grace: int, **more: Any) -> None:
    """Create a service of one task behind a target group."""
    balancer = {"targetGroupArn": group, "containerName": "web", "containerPort": 80}
    settings = {"deploymentConfiguration": BREAKER, "desiredCount": 1, **more}
    create(network, loadBalancers=[balancer], healthCheckGracePeriodSeconds=grace, **settings)


def shown(network: Network, group: str) -> list[dict[str, Any]]:
    answer = network.cloud.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return [one["TargetHealth"] for one in answer]


def states(network: Network, group: str) -> set[str]:
    return {one["State"] for one in shown(network, group)} - {"draining", "unused"}


def failed(network: Network) -> list[str]:
    """Return the reasons for which tasks were stopped."""
    return [task["stoppedReason"] for task in tasks(network, status="STOPPED")]


def test_a_slow_starter_becomes_healthy_within_its_grace_period(network: Network, ecs: Any) -> None:
    define(network, SLOW)
    group = group_of(network)
    behind(network, group, 120)
    seen: list[str] = []

    def told() -> bool:
        seen.extend(states(network, group))
        return bool(service(network)["deployments"][0]["rolloutState"] == "COMPLETED")

    network.cloud.wait(told, "it is well")
    assert list(dict.fromkeys(seen)) == ["initial", "unhealthy", "healthy"]
    (task,) = tasks(network)
    took = (service(network)["deployments"][0]["updatedAt"] - task["pullStoppedAt"]).total_seconds()
    # 90 s, then three answers 10 s apart
    assert 110 <= took <= 120
    assert failed(network) == []


def test_a_short_grace_period_fails_the_deployment(network: Network, ecs: Any) -> None:
    define(network, SLOW)
    group = group_of(network)
    behind(network, group, 30)

    def given_up() -> bool:
        return bool(service(network)["deployments"][0]["rolloutState"] == "FAILED")

    network.cloud.wait(given_up, "the circuit breaker", 1200)
    assert set(failed(network)) == {f"Task failed ELB health checks in (target-group {group})"}
    assert {task["stopCode"] for task in tasks(network, status="STOPPED")} == {"ServiceSchedulerInitiated"}
    assert service(network)["deployments"][0]["failedTasks"] == 3
    unhealthy = f"(port 80) is unhealthy in (target-group {group}) due to (reason Health checks failed)."
    assert f"(service web) {unhealthy}" in [event["message"] for event in service(network)["events"]]


def test_a_deployment_that_fails_its_checks_is_rolled_back(network: Network, ecs: Any) -> None:
    first = define(network, "web:1")
    group = group_of(network)
    behind(network, group, 0)
    steady(network, running=1)
    define(network, SLOW)
    ecs.update_service(cluster="main", service="web", taskDefinition="web")
    network.cloud.wait(lambda: service(network)["taskDefinition"] == first, "the rollback", 1200)
    steady(network, running=1)
    assert states(network, group) == {"healthy"}


def test_codes_and_path_decide_and_can_be_changed(network: Network, ecs: Any) -> None:
    define(network, "web-answers-404:1")
    group = group_of(network)
    behind(network, group, 3600)
    network.cloud.wait(lambda: states(network, group) == {"unhealthy"}, "404 is not 200")
    found = shown(network, group)[0]
    assert (found["Reason"], found["Description"]) == (
        "Target.ResponseCodeMismatch",
        "Health checks failed with these codes: [404]",
    )
    elb = network.cloud.client("elbv2")
    elb.modify_target_group(TargetGroupArn=group, Matcher={"HttpCode": "200-299,404"})
    began = network.cloud.now()
    steady(network, running=1)
    assert 20 <= network.cloud.now() - began <= 30, "three answers, 10 s apart"
    define(network, "web-answers-at-up:1")
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/up?deep=1", Matcher={"HttpCode": "200"})
    ecs.update_service(cluster="main", service="web", taskDefinition="web")
    steady(network, running=1)
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/health")
    began = network.cloud.now()
    network.cloud.wait(lambda: states(network, group) == {"unhealthy"}, "nothing at /health")
    assert network.cloud.now() - began <= 20, "two failures, 10 s apart"


def test_a_check_in_an_image_without_a_shell_fails(network: Network, ecs: Any) -> None:
    define(network, BARE, {"command": ["CMD-SHELL", "exit 0"], "interval": 5, "retries": 2})
    create(network, desiredCount=1, deploymentConfiguration=BREAKER)
    network.cloud.wait(lambda: len(failed(network)) >= 3, "three tasks", 1200)
    assert set(failed(network)) == {"Task failed container health checks"}
    define(network, BARE, {"command": ["CMD", "/healthcheck"], "interval": 5, "retries": 2})
    ecs.update_service(cluster="main", service="web", taskDefinition="web")
    steady(network, running=1)
    (task,) = tasks(network)
    assert task["healthStatus"] == task["containers"][0]["healthStatus"] == "HEALTHY"
    define(network, BARE)
    ecs.update_service(cluster="main", service="web", taskDefinition="web")
    steady(network, running=1)
    (task,) = tasks(network)
    assert task["healthStatus"] == "UNKNOWN"


def test_a_start_period_excuses_a_slow_starter(network: Network, ecs: Any) -> None:
    check = {"command": ["CMD-SHELL", "exit 0"], "interval": 5, "retries": 2}
    define(network, SLOW, {**check, "startPeriod": 100})
    create(network, desiredCount=1)
    steady(network, running=1)
    assert failed(network) == []
    define(network, SLOW, {**check, "startPeriod": 20})
    ecs.update_service(cluster="main", service="web", taskDefinition="web")
    network.cloud.wait(lambda: failed(network), "a task is stopped")
    assert failed(network) == ["Task failed container health checks"]


def test_a_grace_period_counts_for_a_containers_own_check_too(network: Network, ecs: Any) -> None:
    define(network, SLOW, {"command": ["CMD-SHELL", "exit 0"], "interval": 5, "retries": 2})
    behind(network, group_of(network), 150)
    steady(network, running=1)
    assert failed(network) == []


def test_a_task_that_is_run_by_hand_goes_on_whatever_its_health(network: Network, ecs: Any) -> None:
    define(network, f"{BARE}-runs-on", {"command": ["CMD-SHELL", "exit 0"], "interval": 5, "retries": 2})
    ecs.run_task(cluster="main", taskDefinition="web", launchType="FARGATE", networkConfiguration=network.awsvpc())
    (arn,) = ecs.list_tasks(cluster="main")["taskArns"]

    def health() -> str:
        return str(ecs.describe_tasks(cluster="main", tasks=[arn])["tasks"][0]["healthStatus"])

    network.cloud.wait(lambda: health() == "UNHEALTHY", "its check fails", 600)
    network.cloud.advance(600)
    assert ecs.list_tasks(cluster="main")["taskArns"] == [arn]


@pytest.mark.parametrize(("maximum", "most"), [(200, 2), (100, 1)])
def test_an_unhealthy_tasks_successor_comes_first_if_it_fits(
    network: Network, ecs: Any, maximum: int, most: int
) -> None:
    define(network, "web-answers-at-up:1")
    group = group_of(network, HealthCheckPath="/up")
    configuration = {"maximumPercent": maximum, "minimumHealthyPercent": 0}
    behind(network, group, 0, deploymentConfiguration=configuration, availabilityZoneRebalancing="DISABLED")
    steady(network, running=1)
    (old,) = tasks(network)
    elb = network.cloud.client("elbv2")
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/gone")
    network.cloud.wait(lambda: states(network, group) == {"unhealthy"}, "unhealthy")
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/up", HealthyThresholdCount=10)
    counts: list[int] = []

    def replaced() -> bool:
        now = tasks(network)
        counts.append(len(now))
        return [one["lastStatus"] for one in now] == ["RUNNING"] and now[0]["taskArn"] != old["taskArn"]

    network.cloud.wait(replaced, "another task runs alone", 600)
    assert max(counts) == most
    assert (0 in counts) == (most == 1)


def test_a_task_that_nothing_checks_counts_after_forty_seconds(network: Network, ecs: Any) -> None:
    define(network, "web:1")
    create(network, desiredCount=1)
    steady(network, running=1)
    (old,) = tasks(network)
    define(network, "web:2")
    ecs.update_service(cluster="main", service="web", taskDefinition="web")
    steady(network, running=1)
    (new,) = tasks(network)
    (gone,) = (task for task in tasks(network, status="STOPPED") if task["taskArn"] == old["taskArn"])
    network.cloud.wait(lambda: "stoppingAt" in tasks(network, status="STOPPED")[0], "it stops")
    (gone,) = tasks(network, status="STOPPED")
    assert 40 <= (gone["stoppingAt"] - new["startedAt"]).total_seconds() <= 41


def grpc_group(network: Network, **more: Any) -> str:
    """A target group of gRPC, asked every 10 s."""
    request = {"Name": "grpc", "Protocol": "HTTP", "Port": 80, "VpcId": network.vpc, "TargetType": "ip"}
    settings = {"ProtocolVersion": "GRPC", "HealthCheckIntervalSeconds": 10, **more}
    elb = network.cloud.client("elbv2")
    return str(elb.create_target_group(**request, **settings)["TargetGroups"][0]["TargetGroupArn"])


def test_a_grpc_group_has_the_check_that_nobody_implements(network: Network, ecs: Any) -> None:
    arn = grpc_group(network)
    (group,) = network.cloud.client("elbv2").describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    assert (group["ProtocolVersion"], group["HealthCheckPath"]) == ("GRPC", "/AWS.ALB/healthcheck")
    assert group["Matcher"] == {"GrpcCode": "12"}


def test_grpc_codes_can_be_changed(network: Network, ecs: Any) -> None:
    elb = network.cloud.client("elbv2")
    arn = grpc_group(network, HealthCheckPath="/grpc.health.v1.Health/Check", Matcher={"GrpcCode": "0"})
    elb.modify_target_group(TargetGroupArn=arn, Matcher={"GrpcCode": "0-99"})
    (group,) = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    assert group["Matcher"] == {"GrpcCode": "0-99"}
