"""Service Connect of the embedded cloud: entries in Cloud Map that ECS keeps, and endpoints that tasks know."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import Network, refused
from tests.cloud.ecs_rig import Answer, create, gone, service, steady

NAME = "svc.internal"


@pytest.fixture
def ecs(network: Network) -> Any:
    """An ECS client in a cloud with a network, the cluster `main`, and a definition whose port has a name."""
    client = network.cloud.client("ecs")
    client.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    network.definition("web", containerDefinitions=[container("http")])
    return client


def container(app_protocol: str) -> Answer:
    port = {"containerPort": 80, "name": "web", "appProtocol": app_protocol}
    return {"name": "web", "image": "web:1", "portMappings": [port]}


def namespace(network: Network) -> str:
    """The ARN of a private namespace."""
    discovery = network.cloud.client("servicediscovery")
    discovery.create_private_dns_namespace(Name=NAME, Vpc=network.vpc)
    (made,) = network.cloud.wait(lambda: discovery.list_namespaces()["Namespaces"], "namespace")
    return str(made["Arn"])


def server(space: str, **more: Any) -> Answer:
    """The configuration of a service that others call."""
    alias = {"dnsName": f"web.{NAME}", "port": 80}
    endpoint = {"portName": "web", "discoveryName": "web_connect", "clientAliases": [alias], **more}
    return {"enabled": True, "namespace": space, "services": [endpoint]}


def entries(network: Network) -> dict[str, Answer]:
    """Cloud Map's services by name."""
    return {one["Name"]: one for one in network.cloud.client("servicediscovery").list_services()["Services"]}


def test_entry_is_there_before_any_task(network: Network, ecs: Any) -> None:
    space = namespace(network)
    create(network, desiredCount=0, serviceConnectConfiguration=server(space))
    (made,) = entries(network).values()
    assert (made["Name"], made["Type"]) == ("web_connect", "HTTP")
    tags = network.cloud.client("servicediscovery").list_tags_for_resource(ResourceARN=made["Arn"])["Tags"]
    assert tags == [{"Key": "AmazonECSManaged", "Value": "true"}]
    found = service(network)
    assert "serviceConnectConfiguration" not in found
    (deployment,) = found["deployments"]
    assert deployment["serviceConnectConfiguration"] == server(space)
    assert deployment["serviceConnectResources"] == [{"discoveryName": "web_connect", "discoveryArn": made["Arn"]}]
    (revision,) = ecs.describe_service_revisions(serviceRevisionArns=[found["currentServiceRevisions"][0]["arn"]])[
        "serviceRevisions"
    ]
    assert revision["serviceConnectConfiguration"] == server(space)
    assert ecs.list_services_by_namespace(namespace=space)["serviceArns"] == [found["serviceArn"]]


def test_tasks_are_registered_and_entries_go(network: Network, ecs: Any) -> None:
    space = namespace(network)
    create(network, serviceConnectConfiguration=server(space))
    create(network, "caller", desiredCount=0, serviceConnectConfiguration={"enabled": True, "namespace": space})
    steady(network)
    known, discovery = entries(network), network.cloud.client("servicediscovery")
    assert known["web_connect"]["InstanceCount"] == 2
    (client,) = (name for name in known if name != "web_connect")
    assert client.startswith("aws-ecs-sc.client.")
    assert client.endswith(".caller")
    ecs.update_service(cluster="main", service="web", serviceConnectConfiguration={"enabled": False})
    steady(network)
    network.cloud.wait(lambda: "web_connect" not in entries(network), "entry gone")
    with refused("ResourceInUse", "contains registered services"):
        discovery.delete_namespace(Id=space.rpartition("/")[2])
    ecs.delete_service(cluster="main", service="caller", force=True)
    gone(network, "caller")
    network.cloud.wait(lambda: not entries(network), "entries gone")
    discovery.delete_namespace(Id=space.rpartition("/")[2])
