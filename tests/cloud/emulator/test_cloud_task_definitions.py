"""ECS task definitions of the embedded cloud."""

from __future__ import annotations

import pytest

from tests.cloud.conftest import Network, refused


def test_task_definition_is_returned_whole_with_defaults(network: Network) -> None:
    ecs = network.cloud.client("ecs")
    container = {
        "name": "web",
        "image": "web:1",
        "portMappings": [{"containerPort": 80}],
        "environment": [{"name": "A", "value": "b"}],
        "secrets": [{"name": "S", "valueFrom": "arn:aws:ssm:ap-northeast-1:123456789012:parameter/s"}],
        "user": "10001:10001",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True},
        "healthCheck": {"command": ["CMD", "true"]},
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/x"}},
    }
    runtime = {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}
    tags = [{"key": "Project", "value": "p"}]
    volumes = [{"name": "tmp"}]
    arn = network.definition(
        "web", containerDefinitions=[container], runtimePlatform=runtime, tags=tags, volumes=volumes
    )
    assert "tags" not in ecs.describe_task_definition(taskDefinition="web")
    answer = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
    found = answer["taskDefinition"]
    assert answer["tags"] == tags
    assert (found["revision"], found["status"], found["volumes"]) == (1, "ACTIVE", [{"name": "tmp"}])
    assert (found["cpu"], found["memory"], found["networkMode"]) == ("256", "512", "awsvpc")
    assert (found["executionRoleArn"], found["taskRoleArn"]) == (network.execution_role, network.task_role)
    assert (found["runtimePlatform"], found["compatibilities"]) == (runtime, ["EC2", "FARGATE"])
    assert found["containerDefinitions"] == [
        {
            **container,
            "linuxParameters": {"initProcessEnabled": True, "capabilities": {}, "devices": []},
            "cpu": 0,
            "essential": True,
            "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
            "mountPoints": [],
            "volumesFrom": [],
            "systemControls": [],
            "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3},
        }
    ]


@pytest.mark.parametrize(
    ("cpu", "memory"), [("256", "2048"), ("1024", "8192"), (".25 vCPU", "1 GB"), ("4096", "30720")]
)
def test_fargate_sizes_that_exist(network: Network, cpu: str, memory: str) -> None:
    assert network.definition("web", cpu=cpu, memory=memory).endswith("web:1")


def test_a_revisions_number_is_never_used_again(network: Network) -> None:
    ecs = network.cloud.client("ecs")
    first, second = network.definition("web"), network.definition("web")
    network.definition("website")
    assert ecs.list_task_definitions(familyPrefix="web")["taskDefinitionArns"] == [first, second]
    assert ecs.list_task_definitions(familyPrefix="web", sort="DESC")["taskDefinitionArns"] == [second, first]
    assert ecs.list_task_definition_families(familyPrefix="web")["families"] == ["web", "website"]
    failure = ecs.delete_task_definitions(taskDefinitions=[first])["failures"][0]
    assert "still in ACTIVE status" in failure["reason"]
    assert ecs.deregister_task_definition(taskDefinition=second)["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.describe_task_definition(taskDefinition=second)["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]["taskDefinitionArn"] == first
    assert ecs.list_task_definitions(familyPrefix="web", status="INACTIVE")["taskDefinitionArns"] == [second]
    (deleted,) = ecs.delete_task_definitions(taskDefinitions=[second])["taskDefinitions"]
    assert deleted["status"] == "DELETE_IN_PROGRESS"
    assert network.definition("web").endswith("web:3")
    with refused("ClientException", "Unable to describe task definition."):
        ecs.describe_task_definition(taskDefinition="other")
    with refused("ClientException", "Revision is missing."):
        ecs.deregister_task_definition(taskDefinition="web")
