"""Services of HTTP/2, gRPC and TLS: on a standing stack, after changes by hand, and with another protocol."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.listeners import shared
from tests.cloud.project import Project, project  # noqa: F401
from tests.cloud.rehearsals import predicted, rehearsed, temporary  # noqa: F401

pytestmark = [pytest.mark.slow, world.EMPTY]

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
HEAD = """
project = "ecs-sample"
env = "dev"
dns = { domain = "example.com" }
network = { allow = ["127.0.0.1/32"], egress = "public" }
"""
WEB = f"""
[services.web]
image = "{REGISTRY}/web:1"
port = 8080
public = true
"""
ORDERS = f"""
[services.orders]
image = "{REGISTRY}/orders:1"
port = 50051
public = true
protocol = "grpc"
"""


def group(project: Project, name: str = "") -> Any:  # noqa: F811
    groups = project.cloud.client("elbv2").describe_target_groups()["TargetGroups"]
    return next(one for one in groups if one["TargetGroupName"].endswith(name))


def refused(project: Project, text: str, command: str = "plan", code: int = 4) -> str:  # noqa: F811
    project.write(text)
    ended = project.run(command, code=code)
    return ended.err + ended.out


def test_a_grpc_service_lives_behind_https(project: Project) -> None:  # noqa: F811
    project.write(HEAD + ORDERS)
    project.up()
    made = group(project)
    assert (made["Protocol"], made["ProtocolVersion"], made["HealthCheckProtocol"]) == ("HTTP", "GRPC", "HTTP")
    assert (made["HealthCheckPath"], made["Matcher"]) == ("/AWS.ALB/healthcheck", {"GrpcCode": "12"})
    assert project.planned() == {}
    elb = project.cloud.client("elbv2")
    elb.modify_target_group(TargetGroupArn=made["TargetGroupArn"], Matcher={"GrpcCode": "0-99"})
    assert project.planned()["target_group/orders"]["changes"].keys() == {"matcher"}
    project.write(f'{HEAD}{ORDERS}health = "/grpc.health.v1.Health/Check"\n')
    project.up()
    assert (group(project)["HealthCheckPath"], group(project)["Matcher"]) == (
        "/grpc.health.v1.Health/Check",
        {"GrpcCode": "0"},
    )
    for file in (project.state / "local" / "ecs-sample-dev").iterdir():
        file.unlink()
    project.run("recover", "--yes")
    assert project.planned() == {}
    project.down()


def test_tasks_with_tls_are_asked_by_https(project: Project) -> None:  # noqa: F811
    api = f'[services.api]\nimage = "{REGISTRY}/api:1"\nport = 8443\ntls = true\n'
    called = f'calls = ["api"]\n{api}'
    project.write(f'{HEAD}{WEB}tls = true\ndeployment = "blue-green"\n{called}')
    project.up()
    made = [group(project, name) for name in ("web", "web-B")]
    assert [(one["Protocol"], one["ProtocolVersion"], one["HealthCheckProtocol"]) for one in made] == [
        ("HTTPS", "HTTP1", "HTTPS")
    ] * 2
    defined = project.cloud.client("ecs").describe_task_definition(taskDefinition="ecs-sample-dev-web")
    (container,) = defined["taskDefinition"]["containerDefinitions"]
    assert {"name": "API_URL", "value": "https://api.svc.internal:8443"} in container["environment"]
    elb = project.cloud.client("elbv2")
    elb.modify_target_group(TargetGroupArn=made[0]["TargetGroupArn"], HealthCheckProtocol="HTTP")
    assert project.planned()["target_group/web"]["changes"].keys() == {"health_check_protocol"}
    project.up()
    assert project.planned() == {}
    assert "services.web.tls is false, but true in its target group" in refused(project, f"{HEAD}{WEB}{called}")


def test_another_protocol_is_refused_with_the_way_there(project: Project) -> None:  # noqa: F811
    project.write(HEAD + WEB)
    project.up()
    for command, code in {"plan": 4, "up": 4, "rehearse": 1}.items():
        told = refused(project, f'{HEAD}{WEB}protocol = "http2"\n', command, code)
        assert 'services.web.protocol is "http2", but "http" in its target group' in told
        assert "Give the service another name" in told


def test_under_another_name_there_is_no_outage(project: Project) -> None:  # noqa: F811
    project.write(HEAD + WEB)
    project.up()
    project.write(f'{HEAD}{WEB.replace("services.web", "services.site")}protocol = "http2"\n')
    assert predicted(rehearsed(project, "up")).outages == []
    project.up()
    assert project.planned() == {}
    assert group(project)["ProtocolVersion"] == "HTTP2"


def test_endpoints_of_proxies_keep_their_protocol(project: Project) -> None:  # noqa: F811
    head = HEAD.replace("network = {", 'network = { connect = "service-connect",').replace(
        'dns = { domain = "example.com" }\n', ""
    )
    text = f"""{head}
[services.job]
image = "{REGISTRY}/job:1"
calls = ["api", "cache"]
[services.cache]
image = "{REGISTRY}/cache:1"
port = 6379
protocol = "redis"
[services.api]
image = "{REGISTRY}/api:1"
port = 50051
protocol = "grpc"
"""
    project.write(text)
    project.up()
    ecs = project.cloud.client("ecs")
    spoken = {
        name: ecs.describe_task_definition(taskDefinition=f"ecs-sample-dev-{name}")["taskDefinition"][
            "containerDefinitions"
        ][0]["portMappings"][0].get("appProtocol")
        for name in ("api", "cache")
    }
    assert spoken == {"api": "grpc", "cache": None}
    assert project.planned() == {}
    told = refused(project, text.replace('protocol = "grpc"', ""))
    assert 'services.api has "http" by its protocol and tls, but "grpc" in its endpoint' in told
    renamed = text.replace("services.api", "services.api2").replace('"api", "cache"', '"api2", "cache"')
    project.write(renamed.replace('protocol = "grpc"', ""))
    assert predicted(rehearsed(project, "up")).outages == []
    project.up()
    assert project.planned() == {}


def test_a_listener_of_others_needs_https(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud, "HTTP")
    network = f'network = {{ vpc = "{theirs.vpc.id}" }}\nload_balancer = {{ listener = "{theirs.arn}" }}\n'
    told = refused(project, f'project = "ecs-sample"\nenv = "dev"\n{network}{ORDERS}hosts = ["orders.example.com"]\n')
    assert 'services.orders.protocol is "grpc", which a load balancer takes by HTTPS alone' in told
