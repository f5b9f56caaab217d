"""Refusals by ECS about Service Connect."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, Case, Scene, once
from tests.cloud.refusals.ecs_clusters import cluster
from tests.cloud.refusals.ecs_services import create
from tests.cloud.refusals.ecs_tasks import register
from tests.cloud.refusals.servicediscovery import namespace

case = partial(Case, "ecs")
SERVICE = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectService.html"
PORT = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html"
USED = "https://github.com/aws/copilot-cli/issues/4337"


@once
def definition(scene: Scene, protocol: str = "http") -> str:
    """The ARN of a task definition whose port has the name `web`."""
    port = {"containerPort": 80, "name": "web", "appProtocol": protocol}
    containers = [{"name": "web", "image": "web:1", "portMappings": [port]}]
    made = register(scene, scene.client("ecs"), family=f"connect-{protocol}", containerDefinitions=containers)
    return str(made["taskDefinition"]["taskDefinitionArn"])


def endpoint(name: str, **more: Any) -> dict[str, Any]:
    """A service of Service Connect, under a name of its own."""
    return {"portName": "web", "discoveryName": name, "clientAliases": [{"dnsName": name, "port": 80}]} | more


def space(scene: Scene) -> str:
    """The ARN of the namespace."""
    discovery = scene.client("servicediscovery")
    return str(discovery.get_namespace(Id=namespace(scene))["Namespace"]["Arn"])


def called(scene: Scene, ecs: Any, one: dict[str, Any], **more: Any) -> Any:
    """Create a service that others call."""
    configuration = {"enabled": True, "namespace": space(scene), "services": [one]}
    request = {"taskDefinition": definition(scene), "serviceConnectConfiguration": configuration}
    return create(scene, ecs, **request | more)


@once
def standing(scene: Scene) -> str:
    """A service that is called under `standing`."""
    called(scene, scene.client("ecs"), endpoint("standing"), serviceName="connect-standing")
    return "connect-standing"


def again(scene: Scene, ecs: Any, one: dict[str, Any]) -> Any:
    """Create a service beside the standing one."""
    standing(scene)
    return called(scene, ecs, one)


def with_protocol(scene: Scene, ecs: Any, protocol: str) -> Any:
    name, revision = standing(scene), definition(scene, protocol)
    return ecs.update_service(cluster=cluster(scene), service=name, taskDefinition=revision)


CASES = (
    case("CreateService", "with Service Connect in an unknown namespace", "NamespaceNotFoundException", ERRORS,
        lambda s, c: create(s, c, serviceConnectConfiguration={"enabled": True, "namespace": "nowhere"})),
    case("CreateService", "with Service Connect at a port that has no such name", "InvalidParameterException", SERVICE,
        lambda s, c: called(s, c, endpoint("unnamed", portName="other")),
        "portName(other) does not refer to any named PortMapping"),
    case("CreateService", "with Service Connect under a discovery name in use", "InvalidParameterException", USED,
        lambda s, c: again(s, c, endpoint("standing")), "SC service is already used by"),
    case("CreateService", "with Service Connect under an endpoint in use", "InvalidParameterException", SERVICE,
        lambda s, c: again(s, c, endpoint("other", clientAliases=[{"dnsName": "standing", "port": 80}]))),
    case("CreateService", "with Service Connect and two aliases", "InvalidParameterException", SERVICE,
        lambda s, c: called(s, c, endpoint("two", clientAliases=[{"port": 80}, {"port": 81}]))),
    case("UpdateService", "with another protocol of an endpoint", "InvalidParameterException", PORT,
        lambda s, c: with_protocol(s, c, "http2")),
)  # fmt: skip
