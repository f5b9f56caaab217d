"""Helpers for the tests of the embedded cloud's groups and capacity providers."""

from __future__ import annotations

from typing import Any

from tests.cloud.conftest import Network

Answer = dict[str, Any]
MANAGED = {"status": "ENABLED", "targetCapacity": 100}


def provider(network: Network, name: str = "spot", group: str = "web", **more: Any) -> Answer:
    """A capacity provider over a group of that name; the group is made when it is not there."""
    found = network.group_named(group)
    arn = found["AutoScalingGroupARN"] if found else network.auto_scaling_group(group, "main")
    settings = {"autoScalingGroupArn": arn, "managedScaling": MANAGED, **more}
    ecs = network.cloud.client("ecs")
    ecs.create_capacity_provider(name=name, autoScalingGroupProvider=settings)
    return described(network, name)


def described(network: Network, name: str) -> Answer:
    client = network.cloud.client("ecs")
    answer: Answer = client.describe_capacity_providers(capacityProviders=[name])["capacityProviders"][0]
    return answer


def attachments(network: Network) -> Answer:
    client = network.cloud.client("ecs")
    answer: Answer = client.describe_clusters(clusters=["main"], include=["ATTACHMENTS"])["clusters"][0]
    return answer


def bind(network: Network, *names: str, default: str | None = None) -> Answer:
    """Put the providers on the cluster and wait until they are attached."""
    strategy = [{"capacityProvider": default, "weight": 1}] if default else []
    answer = network.cloud.client("ecs").put_cluster_capacity_providers(
        cluster="main", capacityProviders=list(names), defaultCapacityProviderStrategy=strategy
    )["cluster"]
    network.cloud.wait(lambda: attachments(network)["attachmentsStatus"] == "UPDATE_COMPLETE", "attached")
    result: Answer = answer
    return result


def group_is(network: Network, states: list[str], name: str = "web") -> list[Answer]:
    """Wait until the group's instances are in exactly these states, and return them."""

    def reached() -> Any:
        members = network.group_named(name).get("Instances", [])
        return [members] if sorted(one["LifecycleState"] for one in members) == sorted(states) else None

    (members,) = network.cloud.wait(reached, f"group in {states}")
    result: list[Answer] = members
    return result


def container_instances(network: Network, number: int) -> list[Answer]:
    """Wait until the cluster has so many container instances, and describe them."""
    client = network.cloud.client("ecs")

    def reached() -> Any:
        arns = client.list_container_instances(cluster="main")["containerInstanceArns"]
        return [arns] if len(arns) == number else None

    (arns,) = network.cloud.wait(reached, f"{number} container instances")
    if not arns:
        return []
    found: list[Answer] = client.describe_container_instances(cluster="main", containerInstances=arns)[
        "containerInstances"
    ]
    return found


def resource(instance: Answer, kind: str, name: str) -> int:
    return next(int(one["integerValue"]) for one in instance[kind] if one["name"] == name)


def ec2_service(network: Network, desired: int, **more: Any) -> None:
    network.definition("web", "EC2")
    request: dict[str, Any] = {
        "cluster": "main",
        "serviceName": "web",
        "taskDefinition": "web",
        "desiredCount": desired,
        "networkConfiguration": network.awsvpc(),
        **more,
    }
    network.cloud.client("ecs").create_service(**request)


def running(network: Network, number: int) -> Answer:
    client = network.cloud.client("ecs")

    def reached() -> Any:
        (found,) = client.describe_services(cluster="main", services=["web"])["services"]
        return found if found["runningCount"] == number and len(found["deployments"]) == 1 else None

    answer: Answer = network.cloud.wait(reached, f"{number} running")
    return answer
