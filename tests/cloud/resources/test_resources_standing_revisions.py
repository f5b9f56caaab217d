"""Tests of task definitions that lists confirm without a read of each, and of their drift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from provisioner.resources.ecs.standing_revisions import FEWEST, SPARE
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.resources.iam import Role
from provisioner.steps.stack import Stack
from tests.cloud.rig import Rig
from tests.cloud.samples.stores import trust

NAME = "ecs-sample-dev-w2"
COPIED = ("family", "requiresCompatibilities", "networkMode", "cpu", "memory", "executionRoleArn", "taskRoleArn")


def declared(stack: Stack, count: int = FEWEST, memory: Mapping[int, str] | None = None, word: str = "one") -> None:
    role = stack.ensure(Role("tasks", "ecs-sample-dev-tasks", trust("ecs-tasks")))
    variables = [{"name": "WORD", "value": word}]
    for number in range(count):
        stack.ensure(
            TaskDefinition(
                f"w{number}",
                family=f"ecs-sample-dev-w{number}",
                requires_compatibilities=["FARGATE"],
                network_mode="awsvpc",
                cpu="256",
                memory=(memory or {}).get(number, "512"),
                execution_role_arn=role.arn,
                task_role_arn=role.arn,
                runtime_platform={"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
                container_definitions=[
                    {"name": "web", "image": "nginx:1", "essential": True, "environment": variables}
                ],
            )
        )


def looked(rig: Rig, declare: Callable[[Stack], None] = declared) -> tuple[Mapping[str, str], Counter[str]]:
    """Return the actions that a plan shows, by address, and its calls about task definitions."""
    before = max((call["number"] for call in rig.cloud.calls()), default=0)
    planned = {item.address: item.action for item in rig.plan(declare)}
    asked = Counter(call["operation"] for call in rig.cloud.calls(before) if "TaskDefinition" in call["operation"])
    return planned, asked


def revisions(ecs: Any, family: str = NAME) -> Sequence[str]:
    found: Sequence[str] = ecs.list_task_definitions(familyPrefix=family)["taskDefinitionArns"]
    return found


def copied(ecs: Any, family: str, **other: Any) -> str:
    """Register a copy of the newest revision, with its tags, as pipelines do; return its ARN."""
    shown = ecs.describe_task_definition(taskDefinition=family, include=["TAGS"])
    fields = {name: shown["taskDefinition"][name] for name in (*COPIED, "containerDefinitions", "runtimePlatform")}
    made = ecs.register_task_definition(**{**fields, **other}, tags=shown["tags"])
    return str(made["taskDefinition"]["taskDefinitionArn"])


@pytest.fixture
def stood(rig: Rig) -> Rig:
    """A stack of a few task definitions, each with an older revision."""
    rig.up(partial(declared, memory=dict.fromkeys(range(FEWEST), "1024"))).ok()
    rig.up(declared).ok()
    return rig


def test_one_list_confirms_all_revisions_of_a_stack(stood: Rig) -> None:
    assert looked(stood) == ({}, {"ListTaskDefinitions": 1})
    assert stood.up(declared).ok().writes == []


def test_a_revision_that_was_deregistered_is_found(stood: Rig) -> None:
    ecs = stood.cloud.client("ecs")
    *older, newest = revisions(ecs)
    ecs.deregister_task_definition(taskDefinition=newest)
    planned, asked = looked(stood)
    assert planned == {"task_definition/w2": "change"}, "an older one is the newest now"
    assert asked["DescribeTaskDefinition"] > 0
    for arn in older:
        ecs.deregister_task_definition(taskDefinition=arn)
    assert looked(stood)[0] == {"task_definition/w2": "create"}
    stood.up(declared).ok()
    assert looked(stood) == ({}, {"ListTaskDefinitions": 1})


def test_a_copy_of_others_and_a_change_are_read_singly(stood: Rig) -> None:
    ecs = stood.cloud.client("ecs")
    copied(ecs, NAME, cpu="512", memory="1024")
    planned, asked = looked(stood)
    assert planned == {}, "ours goes on, as without the list"
    assert asked["DescribeTaskDefinition"] > 0
    # another value of a variable is another revision, though the state has only its digest
    planned, _ = looked(stood, partial(declared, word="two"))
    assert planned == {f"task_definition/w{number}": "change" for number in range(FEWEST)}


def test_a_revision_without_our_tags_is_not_confirmed(stood: Rig) -> None:
    ecs = stood.cloud.client("ecs")
    newest = revisions(ecs)[-1]
    ecs.untag_resource(resourceArn=newest, tagKeys=["Project"])
    planned, asked = looked(stood)
    assert planned == {"task_definition/w2": "change"}
    assert asked["DescribeTaskDefinition"] > 0


def test_a_list_that_is_too_long_is_given_up(stood: Rig) -> None:
    ecs = stood.cloud.client("ecs")
    with_others = 100 * SPARE
    for _ in range(with_others):
        ecs.register_task_definition(family="theirs", containerDefinitions=[{"name": "a", "image": "b", "memory": 64}])
    planned, asked = looked(stood)
    assert planned == {}
    assert asked == {"ListTaskDefinitions": SPARE, "DescribeTaskDefinition": FEWEST}


def test_few_task_definitions_are_read_singly(rig: Rig) -> None:
    few = partial(declared, count=FEWEST - 1)
    rig.up(few).ok()
    assert looked(rig, few) == ({}, {"DescribeTaskDefinition": FEWEST - 1})
