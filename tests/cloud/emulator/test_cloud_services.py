"""ECS services of the embedded cloud: they keep their settings and run tasks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import Network, refused
from tests.cloud.ecs_rig import create, gone, registry, service, steady, target_group, tasks


@pytest.fixture
def ecs(network: Network) -> Any:
    """An ECS client in a cloud with a network and the cluster `main`, which has Fargate's two providers."""
    client = network.cloud.client("ecs")
    client.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    return client


def test_service_keeps_every_setting(network: Network, ecs: Any) -> None:
    network.definition("web")
    group, (_, registry_arn) = target_group(network), registry(network)
    settings: dict[str, Any] = {
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}],
        "enableExecuteCommand": True,
        "healthCheckGracePeriodSeconds": 60,
        "availabilityZoneRebalancing": "DISABLED",
        "propagateTags": "SERVICE",
        "enableECSManagedTags": True,
        "loadBalancers": [{"targetGroupArn": group, "containerName": "web", "containerPort": 80}],
        "serviceRegistries": [{"registryArn": registry_arn}],
    }
    breaker = {"enable": True, "rollback": True}
    request = {
        "cluster": "main",
        "serviceName": "web",
        "taskDefinition": "web",
        "desiredCount": 1,
        "networkConfiguration": network.awsvpc(),
        "tags": [{"key": "Project", "value": "p"}],
        "deploymentConfiguration": {"deploymentCircuitBreaker": breaker, "minimumHealthyPercent": 50},
        **settings,
    }
    ecs.create_service(**request)
    found = service(network, tags=True)
    assert {name: found[name] for name in settings} == settings
    assert "launchType" not in found
    assert found["platformVersion"] == "LATEST"
    assert found["tags"] == [{"key": "Project", "value": "p"}]
    configuration = found["deploymentConfiguration"]
    usual = {"resetOnHealthyTask": True, "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50}}
    assert configuration["deploymentCircuitBreaker"] == breaker | usual
    assert (configuration["minimumHealthyPercent"], configuration["maximumPercent"]) == (50, 200)
    awsvpc = found["networkConfiguration"]["awsvpcConfiguration"]
    assert (awsvpc["subnets"], awsvpc["securityGroups"]) == (network.subnets, [network.group])
    assert awsvpc["assignPublicIp"] == "DISABLED"
    steady(network, running=1)
    (task,) = tasks(network)
    managed = {"aws:ecs:serviceName": "web", "aws:ecs:clusterName": "main", "Project": "p"}
    assert {tag["key"]: tag["value"] for tag in task["tags"]} == managed
    assert (task["capacityProviderName"], task["launchType"]) == ("FARGATE_SPOT", "FARGATE")


def test_running_tasks_hold_interfaces_targets_and_instances(network: Network, ecs: Any) -> None:
    network.definition("web")
    group, (registry_id, registry_arn) = target_group(network, delay=40), registry(network)
    create(
        network,
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 80}],
        serviceRegistries=[{"registryArn": registry_arn}],
    )
    seen: set[str] = set()

    def running() -> bool:
        seen.update(task["lastStatus"] for task in tasks(network))
        return bool(service(network)["runningCount"] == 2)

    network.cloud.wait(running, "2 tasks")
    assert seen & {"PROVISIONING", "PENDING", "ACTIVATING"}
    assert all(task["createdAt"] < task["pullStartedAt"] < task["startedAt"] for task in tasks(network))
    found = steady(network)
    assert found["pendingCount"] == 0
    assert any("has reached a steady state" in event["message"] for event in found["events"])
    ecs.get_waiter("services_stable").wait(cluster="main", services=["web"])
    by_address = {}
    for task in tasks(network):
        details = {detail["name"]: detail["value"] for detail in task["attachments"][0]["details"]}
        (interface,) = network.cloud.client("ec2").describe_network_interfaces(
            NetworkInterfaceIds=[details["networkInterfaceId"]]
        )["NetworkInterfaces"]
        assert interface["SubnetId"] == details["subnetId"] in network.subnets
        assert [one["GroupId"] for one in interface["Groups"]] == [network.group]
        assert interface["RequesterManaged"]
        assert interface["Description"].startswith("arn:aws:ecs:ap-northeast-1:123456789012:attachment/")
        by_address[interface["PrivateIpAddress"]] = task
        assert task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"] == interface["PrivateIpAddress"]
    assert len({task["availabilityZone"] for task in by_address.values()}) == 2
    health = network.cloud.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert {(one["Target"]["Id"], one["TargetHealth"]["State"]) for one in health} == {
        (address, "healthy") for address in by_address
    }
    discovery = network.cloud.client("servicediscovery")
    instances = discovery.list_instances(ServiceId=registry_id)["Instances"]
    assert {one["Attributes"]["AWS_INSTANCE_IPV4"] for one in instances} == set(by_address)
    with refused("DependencyViolation"):
        network.cloud.client("ec2").delete_security_group(GroupId=network.group)
    ecs.delete_service(cluster="main", service="web", force=True)
    # Connections get the deregistration delay; the targets are out at once.
    network.cloud.wait(
        lambda: {one["lastStatus"] for one in tasks(network, status="STOPPED")} == {"DEACTIVATING"}, "stop"
    )
    health = network.cloud.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert [one for one in health if one["TargetHealth"]["State"] == "healthy"] == []
    assert discovery.list_instances(ServiceId=registry_id)["Instances"] == []
    assert service(network)["status"] == "DRAINING"
    gone(network)
    (stopped, _) = tasks(network, status="STOPPED")
    assert (stopped["lastStatus"], stopped["stopCode"]) == ("STOPPED", "ServiceSchedulerInitiated")
    assert (stopped["stoppedAt"] - stopped["stoppingAt"]).total_seconds() >= 40
    ec2 = network.cloud.client("ec2")
    managed = [{"Name": "description", "Values": ["arn:aws:ecs:*"]}]
    network.cloud.wait(
        lambda: not ec2.describe_network_interfaces(Filters=managed)["NetworkInterfaces"], "interfaces gone"
    )


def test_rolling_replacement_keeps_the_service_up(network: Network, ecs: Any) -> None:
    first = network.definition("web")
    create(network)
    steady(network)
    second = network.definition("web")
    answer = ecs.update_service(cluster="main", service="web", taskDefinition="web")["service"]
    assert [one["status"] for one in answer["deployments"]] == ["PRIMARY", "ACTIVE"]
    assert [one["taskDefinition"] for one in answer["deployments"]] == [second, first]
    assert answer["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    least, most = [2], [0]

    def rolled() -> bool:
        found = service(network)
        least.append(found["runningCount"])
        most.append(found["runningCount"] + found["pendingCount"])
        return len(found["deployments"]) == 1

    network.cloud.wait(rolled, "one deployment")
    assert min(least) == 2
    assert 2 < max(most) <= 4
    found = steady(network)
    assert found["taskDefinition"] == second
    assert {task["taskDefinitionArn"] for task in tasks(network)} == {second}


def test_force_new_deployment_replaces_tasks_as_no_update_does(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network, desiredCount=1)
    before = steady(network, running=1)
    (old,) = tasks(network)
    ecs.update_service(cluster="main", service="web", taskDefinition="web", networkConfiguration=network.awsvpc())
    assert service(network)["deployments"][0]["id"] == before["deployments"][0]["id"]
    ecs.update_service(cluster="main", service="web", forceNewDeployment=True)
    assert service(network)["deployments"][0]["id"] != before["deployments"][0]["id"]
    steady(network, running=1)
    (new,) = tasks(network)
    assert new["taskArn"] != old["taskArn"]


def test_scaling_in_and_out_and_a_stopped_task_is_replaced(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network)
    steady(network)
    ecs.update_service(cluster="main", service="web", desiredCount=3)
    steady(network, running=3)
    ecs.update_service(cluster="main", service="web", desiredCount=1)
    steady(network, running=1)
    (task,) = tasks(network)
    stopped = ecs.stop_task(cluster="main", task=task["taskArn"], reason="for a test")["task"]
    assert stopped["desiredStatus"] == "STOPPED"

    def replaced() -> bool:
        return [one["lastStatus"] for one in tasks(network) if one["taskArn"] != task["taskArn"]] == ["RUNNING"]

    network.cloud.wait(replaced, "a new task")
    (found,) = ecs.describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
    assert (found["stopCode"], found["stoppedReason"]) == ("UserInitiated", "for a test")


def test_a_second_service_needs_the_same_token_and_content(network: Network, ecs: Any) -> None:
    network.definition("web")
    made = create(network, desiredCount=0, clientToken="one")
    assert create(network, desiredCount=0, clientToken="one")["serviceArn"] == made["serviceArn"]
    with refused("InvalidParameterException", "Creation of service was not idempotent."):
        create(network, desiredCount=1, clientToken="one")
    with refused("InvalidParameterException", "Creation of service was not idempotent."):
        create(network, desiredCount=0, clientToken="two")
    with refused("InvalidParameterException", "Creation of service was not idempotent."):
        create(network, desiredCount=0)
    assert ecs.list_services(cluster="main")["serviceArns"] == [made["serviceArn"]]


def test_delete_refused_above_zero_and_a_draining_name_is_taken(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network, desiredCount=1)
    steady(network, running=1)
    with refused("InvalidParameterException", "The service cannot be stopped while it is scaled above 0."):
        ecs.delete_service(cluster="main", service="web")
    ecs.update_service(cluster="main", service="web", desiredCount=0)
    assert ecs.delete_service(cluster="main", service="web")["service"]["status"] == "DRAINING"
    with refused("InvalidParameterException", "Unable to Start a service that is still Draining."):
        create(network)
    with refused("ServiceNotActiveException"):
        ecs.update_service(cluster="main", service="web", desiredCount=1)
    gone(network)
    assert ecs.list_services(cluster="main")["serviceArns"] == []
    with refused("ServiceNotFoundException"):
        ecs.delete_service(cluster="main", service="web")
    assert create(network, desiredCount=0)["status"] == "ACTIVE"


def test_a_new_deployment_wants_nothing_before_the_scheduler_ran(network: Network, ecs: Any) -> None:
    """Recorded of UpdateService: PRIMARY with desiredCount 0, beside ACTIVE that still wants all its tasks."""
    network.definition("web")
    made = create(network, desiredCount=1)
    assert (made["desiredCount"], made["deployments"][0]["desiredCount"]) == (1, 0)
    assert made["currentServiceRevisions"][0]["pendingTaskCount"] == 0
    assert steady(network, running=1)["deployments"][0]["desiredCount"] == 1
    changed = ecs.update_service(cluster="main", service="web", forceNewDeployment=True)["service"]
    assert [one["desiredCount"] for one in changed["deployments"]] == [0, 1]
    assert changed["deployments"][0]["rolloutState"] == "IN_PROGRESS"


def test_a_service_says_what_it_drains(network: Network, ecs: Any) -> None:
    network.definition("web")
    group = target_group(network, delay=0)
    create(
        network, desiredCount=1, loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 80}]
    )
    steady(network, running=1)
    ecs.update_service(cluster="main", service="web", desiredCount=0)

    def drained() -> bool:
        said = [event["message"] for event in service(network)["events"]]
        gone = f"(service web) deregistered 1 targets in (target-group {group})"
        return gone in said and "(service web) has begun draining connections on 1 tasks." in said

    network.cloud.wait(drained, "the events of draining")
