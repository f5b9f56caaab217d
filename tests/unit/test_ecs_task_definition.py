"""What is compared of a task definition, against answers that AWS may come to give."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3

from provisioner.aws import Aws
from provisioner.engine.waits import Pace
from provisioner.kinds.ecs_task_definition import CONTENT_TAG, TaskDefinition, content_of

ROLE = "arn:aws:iam::123456789012:role/tasks"
WANT = TaskDefinition(
    "web",
    family="p-dev-web",
    requires_compatibilities=["FARGATE"],
    network_mode="awsvpc",
    cpu="256",
    memory="512",
    execution_role_arn=ROLE,
    task_role_arn=ROLE,
    runtime_platform={"cpuArchitecture": "X86_64"},
    container_definitions=[{"name": "web", "image": "nginx:1", "essential": True}],
)


def test_a_new_default_of_aws_is_no_difference() -> None:
    """Or each `up` would register a revision, with the same default, and deploy it."""
    container = {"name": "web", "image": "nginx:1", "essential": True, "cpu": 0, "newSetting": "on"}
    shown: dict[str, Any] = {
        "taskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/p-dev-web:1",
        "family": "p-dev-web",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": ROLE,
        "taskRoleArn": ROLE,
        "runtimePlatform": {"cpuArchitecture": "X86_64"},
        "containerDefinitions": [container],
    }
    aws = Aws(boto3.Session("k", "s", region_name="eu-west-1"), "p", "dev", Pace())
    aws.known = lambda kind: [WANT.fields()]
    tags = aws.tags("task_definition/web") | {CONTENT_TAG: content_of(WANT.fields())}
    arn = shown["taskDefinitionArn"]
    answers: dict[str, Any] = {
        "GetResources": {"ResourceTagMappingList": []},
        "ListTaskDefinitions": {"taskDefinitionArns": [arn]},
        "DescribeTaskDefinition": {
            "taskDefinition": shown,
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
        },
    }

    def answer(model: Any, **_: Any) -> Any:
        return SimpleNamespace(status_code=200), answers[model.name]

    for service, name in (("ecs", "ecs"), ("resourcegroupstaggingapi", "resource-groups-tagging-api")):
        aws.client(service).meta.events.register(f"before-call.{name}", answer)
    (live,) = aws.live(TaskDefinition)
    assert live.attributes == WANT.fields()
