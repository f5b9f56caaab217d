"""Helpers for the tests of the embedded cloud's ECS: services on Fargate, and the resources that they need."""

from __future__ import annotations

from typing import Any

from tests.cloud.conftest import Network

Answer = dict[str, Any]


def cluster(network: Network, name: str = "main") -> Answer:
    everything = ["TAGS", "SETTINGS", "ATTACHMENTS", "CONFIGURATIONS", "STATISTICS"]
    (found,) = network.cloud.client("ecs").describe_clusters(clusters=[name], include=everything)["clusters"]
    answer: Answer = found
    return answer


def service(network: Network, name: str = "web", *, tags: bool = False) -> Answer:
    client = network.cloud.client("ecs")
    include = ["TAGS"] if tags else []
    (found,) = client.describe_services(cluster="main", services=[name], include=include)["services"]
    answer: Answer = found
    return answer


def tasks(network: Network, name: str = "web", status: str = "RUNNING") -> list[Answer]:
    client = network.cloud.client("ecs")
    arns = client.list_tasks(cluster="main", serviceName=name, desiredStatus=status)["taskArns"]
    return client.describe_tasks(cluster="main", tasks=arns, include=["TAGS"])["tasks"] if arns else []


def create(network: Network, name: str = "web", **more: Any) -> Answer:
    request: dict[str, Any] = {
        "cluster": "main",
        "serviceName": name,
        "taskDefinition": "web",
        "desiredCount": 2,
        "launchType": "FARGATE",
        "networkConfiguration": network.awsvpc(),
        **more,
    }
    answer: Answer = network.cloud.client("ecs").create_service(**request)["service"]
    return answer


def steady(network: Network, name: str = "web", running: int = 2) -> Answer:
    def reached() -> Answer | None:
        found = service(network, name)
        done = len(found["deployments"]) == 1 and found["deployments"][0]["rolloutState"] == "COMPLETED"
        return found if done and found["runningCount"] == running else None

    answer: Answer = network.cloud.wait(reached, f"{name} steady at {running}")
    return answer


def gone(network: Network, name: str = "web") -> None:
    network.cloud.wait(lambda: service(network, name)["status"] == "INACTIVE", f"{name} INACTIVE")


def target_group(network: Network, name: str = "web", delay: int = 20, *, listener: bool = True) -> str:
    """A target group, by default behind a load balancer's listener."""
    balancing = network.cloud.client("elbv2")
    arn: str = balancing.create_target_group(
        Name=name, Protocol="HTTP", Port=80, VpcId=network.vpc, TargetType="ip", HealthCheckPath="/"
    )["TargetGroups"][0]["TargetGroupArn"]
    attributes = [{"Key": "deregistration_delay.timeout_seconds", "Value": str(delay)}]
    balancing.modify_target_group_attributes(TargetGroupArn=arn, Attributes=attributes)
    if listener:
        # an internal one needs no internet gateway, in whose VPC tasks without a public address would reach nothing
        made = balancing.create_load_balancer(Name=name, Subnets=network.subnets, Scheme="internal")
        balancer = made["LoadBalancers"][0]
        balancer_arn = balancer["LoadBalancerArn"]

        def active() -> bool:
            (found,) = balancing.describe_load_balancers(LoadBalancerArns=[balancer_arn])["LoadBalancers"]
            return bool(found["State"]["Code"] == "active")

        network.cloud.wait(active, "load balancer")
        forward = [{"Type": "forward", "TargetGroupArn": arn}]
        balancing.create_listener(LoadBalancerArn=balancer_arn, Protocol="HTTP", Port=80, DefaultActions=forward)
    return arn


def registry(network: Network) -> tuple[str, str]:
    """A Cloud Map service; its id and ARN."""
    discovery = network.cloud.client("servicediscovery")
    discovery.create_private_dns_namespace(Name="svc.internal", Vpc=network.vpc)
    (namespace,) = network.cloud.wait(lambda: discovery.list_namespaces()["Namespaces"], "namespace")
    dns = {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": 10}]}
    made = discovery.create_service(
        Name="web", NamespaceId=namespace["Id"], DnsConfig=dns, HealthCheckCustomConfig={"FailureThreshold": 1}
    )["Service"]
    return made["Id"], made["Arn"]
