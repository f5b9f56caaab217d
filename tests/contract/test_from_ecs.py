"""`init --from ecs` on AWS's answers: services and task definitions are translated, and no member is ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import StructureShape

from provisioner.engine.errors import ConfigurationError
from provisioner.migration.draft import text
from provisioner.migration.ecs import container, deployment, service, task
from provisioner.migration.ecs.answers import Answer, Answers, Balancing
from provisioner.migration.ecs.cluster import draft
from tests.contract import recorded

PLACE: dict[str, Any] = {"account": "644160558196", "region": "us-east-1"}
WEB: Answer = {
    "serviceName": "web",
    "status": "ACTIVE",
    "launchType": "FARGATE",
    "desiredCount": 1,
    "taskDefinition": "web",
}


def answered(operation: str, key: str) -> Iterator[Any]:
    """Yield the recorded values under a key of an operation of ECS, typed as boto3 does."""
    shape = recorded.operation_model("ecs", operation).output_shape
    for one in recorded.of("ecs", operation):
        found = recorded.typed(one.data, shape).get(key) or []
        yield from found if isinstance(found, list) else [found]


SERVICES = list(answered("DescribeServices", "services"))
DEFINITIONS = list(answered("DescribeTaskDefinition", "taskDefinition"))
TASKS = list(answered("DescribeTasks", "tasks"))


def told(one: Answer, definition: Answer) -> str:
    """Return the whole output about a cluster with one service."""
    named = str(one.get("taskDefinition"))
    answers = Answers(
        cluster={"clusterName": "main"}, services=[one], definitions={named: definition}, tasks=TASKS, **PLACE
    )
    try:
        return text(draft(answers))
    except ConfigurationError as error:
        return str(error)


@pytest.mark.parametrize("number", range(len(SERVICES)))
def test_each_service_is_written_or_told_of(number: int) -> None:
    one = SERVICES[number]
    assert str(one.get("serviceName")) in told(one, DEFINITIONS[0])


@pytest.mark.parametrize("number", range(len(DEFINITIONS)))
def test_each_task_definition_is_written_or_told(number: int) -> None:
    found = told(WEB, DEFINITIONS[number])
    assert "[services.web]" in found or "web is left out" in found


def test_load_balancers_as_recorded_are_read() -> None:
    groups = {
        str(group["TargetGroupArn"]): group
        for one in recorded.of("elbv2", "DescribeTargetGroups")
        for group in one.data.get("TargetGroups", ())
    }
    balancers = {
        str(balancer["LoadBalancerArn"]): balancer
        for one in recorded.of("elbv2", "DescribeLoadBalancers")
        for balancer in one.data.get("LoadBalancers", ())
    }
    listeners = [
        listener for one in recorded.of("elbv2", "DescribeListeners") for listener in one.data.get("Listeners", ())
    ]
    rules = [rule for one in recorded.of("elbv2", "DescribeRules") for rule in one.data.get("Rules", ())]
    assert groups
    assert balancers
    for arn in groups:
        balancing = Balancing(
            groups, {}, balancers, listeners, {str(one.get("ListenerArn")): rules for one in listeners}
        )
        one = {**WEB, "loadBalancers": [{"targetGroupArn": arn, "containerName": "web", "containerPort": 80}]}
        plain = {"containerDefinitions": [{"name": "web", "image": "nginx:1"}], "cpu": "256", "memory": "512"}
        answers = Answers(
            cluster={"clusterName": "main"}, services=[one], definitions={"web": plain}, balancing=balancing, **PLACE
        )
        written = text(draft(answers))
        assert "public = true" in written or "service web: loadBalancers: " in written


@pytest.mark.parametrize(
    ("shape", "keys"),
    [
        ("Service", service.KEYS),
        ("Deployment", service.OF_DEPLOYMENT),
        ("TaskDefinition", task.KEYS),
        ("ContainerDefinition", container.KEYS),
        ("DeploymentConfiguration", deployment.KEYS),
    ],
)
def test_every_member_of_the_model_is_known(shape: str, keys: Any) -> None:
    """New members of AWS are reported as unknown; boto3's members are read, or reported with a reason."""
    structure = recorded.service_model("ecs").shape_for(shape)
    assert isinstance(structure, StructureShape)
    members = set(structure.members)
    known = keys.read | keys.why.keys()
    # boto3 may be newer than this list, but nothing in the list may be a slip
    assert known <= members, known - members
    assert members - known <= {"trustedExecutionConfiguration"}, members - known
