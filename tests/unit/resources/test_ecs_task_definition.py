"""Comparison of a task definition with answers that AWS may give in future."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from provisioner.aws.inventory import MAX_SINGLE_READS
from provisioner.engine.clock import Pace
from provisioner.resources.ecs.task_definition import CONTENT_TAG, TaskDefinition, content_of
from tests.ways import Knows, way

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


ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/p-dev-web:1"
SHOWN: dict[str, Any] = {
    "taskDefinitionArn": ARN,
    "family": "p-dev-web",
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
    "executionRoleArn": ROLE,
    "taskRoleArn": ROLE,
    "runtimePlatform": {"cpuArchitecture": "X86_64"},
    "containerDefinitions": [{"name": "web", "image": "nginx:1", "essential": True}],
}


class Answering:
    """A stand-in for AWS with these answers; `asked` has each operation with its subject."""

    def __init__(self, desired: TaskDefinition, **answers: Any) -> None:
        self.aws = way(project="p", pace=Pace(), knowledge=Knows(fields=lambda resource_type: [desired.fields()]))
        self.asked: list[tuple[str, str]] = []
        tags = self.aws.tags(desired.address) | {CONTENT_TAG: content_of(desired.fields())}
        self.answers: dict[str, Any] = {
            "GetResources": {"ResourceTagMappingList": []},
            "ListTaskDefinitionFamilies": {"families": [desired.family]},
            "ListTaskDefinitions": {"taskDefinitionArns": [ARN]},
            "DescribeTaskDefinition": {
                "taskDefinition": SHOWN,
                "tags": [{"key": key, "value": value} for key, value in tags.items()],
            },
        } | answers
        for service, name in (("ecs", "ecs"), ("resourcegroupstaggingapi", "resource-groups-tagging-api")):
            events = self.aws.client(service).meta.events
            events.register(f"before-call.{name}", self._answer)

    def _answer(self, model: Any, params: Any, **_: Any) -> Any:
        body = json.loads(params["body"])
        self.asked.append((model.name, body.get("taskDefinition", body.get("familyPrefix", ""))))
        return SimpleNamespace(status_code=200), self.answers[model.name]

    def described(self) -> list[str]:
        """Return the families that were described."""
        return [what for operation, what in self.asked if operation == "DescribeTaskDefinition"]


def test_a_new_default_of_aws_is_no_difference() -> None:
    """Or each `up` would register a revision, with the same default, and deploy it."""
    to = Answering(WANT)
    container = {**SHOWN["containerDefinitions"][0], "cpu": 0, "newSetting": "on"}
    to.answers["DescribeTaskDefinition"]["taskDefinition"] = SHOWN | {"containerDefinitions": [container]}
    (live,) = to.aws.live(TaskDefinition)
    assert live.attributes == WANT.fields()


def test_a_record_without_a_newer_field_is_still_known() -> None:
    """Or the first `up` of a version with the field would register and deploy all revisions anew."""
    older = {name: value for name, value in WANT.fields().items() if name != "ephemeral_storage"}
    assert content_of(older) == content_of(WANT.fields())
    to = Answering(WANT)
    aws = to.aws.knowing(Knows(fields=lambda resource_type: [older]))
    (live,) = aws.live(TaskDefinition)
    assert WANT.differences(live) == {}
    larger = replace(WANT, ephemeral_storage={"sizeInGiB": 30})
    assert {name: (one.old, one.new) for name, one in larger.differences(live).items()} == {
        "ephemeral_storage": (None, {"sizeInGiB": 30})
    }


def test_the_order_of_dropped_capabilities_is_no_difference() -> None:
    def container(*drop: str) -> dict[str, Any]:
        linux = {"capabilities": {"drop": list(drop)}, "initProcessEnabled": True}
        return {"name": "web", "image": "nginx:1", "essential": True, "linuxParameters": linux}

    want = replace(WANT, container_definitions=[container("MKNOD", "NET_RAW")])
    to = Answering(want)
    shown = container("NET_RAW", "MKNOD")
    shown["linuxParameters"]["capabilities"]["add"] = []
    to.answers["DescribeTaskDefinition"]["taskDefinition"] = SHOWN | {"containerDefinitions": [shown]}
    (live,) = to.aws.live(TaskDefinition)
    assert live.attributes == want.fields()


def test_a_family_neither_recorded_nor_listed_is_not_described() -> None:
    """A first `up` of 200 services would do nothing else for its first 10 s."""
    to = Answering(WANT, ListTaskDefinitionFamilies={"families": ["p-dev-other"]})
    assert to.aws.live(TaskDefinition) == []
    assert to.described() == []


def test_a_family_that_is_listed_is_described() -> None:
    to = Answering(WANT)
    assert [live.id for live in to.aws.live(TaskDefinition)] == ["p-dev-web"]
    assert ("ListTaskDefinitionFamilies", "p-dev-") in to.asked


def test_what_tags_tell_of_and_no_list_shows_is_gone() -> None:
    """Tags stay known for a while: the last look of a teardown described every family that it had removed."""
    to = Answering(WANT, ListTaskDefinitionFamilies={"families": []})
    mapping = {"ResourceARN": ARN, "Tags": to.aws.tag_list(WANT.address)}
    to.answers["GetResources"] = {"ResourceTagMappingList": [mapping]}
    assert to.aws.live(TaskDefinition) == []
    assert to.described() == []


def families(*names: str) -> Knows:
    """Families that are declared and recorded."""
    return Knows(
        fields=lambda resource_type: [replace(WANT, family=name).fields() for name in names], ids=lambda _: names
    )


@pytest.mark.parametrize(("count", "again"), [(MAX_SINGLE_READS, MAX_SINGLE_READS), (MAX_SINGLE_READS + 1, 0)])
def test_the_last_look_asks_for_few_deleted_families_one_by_one(count: int, again: int) -> None:
    names = [f"p-dev-{number}" for number in range(count)]
    to = Answering(WANT, ListTaskDefinitionFamilies={"families": []}, ListTaskDefinitions={"taskDefinitionArns": []})
    aws = to.aws.knowing(families(*names)).exhaustive()
    aws.deleted.update(names)
    aws.drop_reads()
    aws.live(TaskDefinition)
    assert len(to.described()) == again


def test_a_family_registered_again_is_no_longer_deleted() -> None:
    to = Answering(WANT, RegisterTaskDefinition={"taskDefinition": SHOWN})
    to.aws.deleted.add(WANT.family)
    WANT.create(to.aws, "0" * 32)
    assert to.aws.deleted == set()


@pytest.mark.parametrize("known_by", ["the record", "a name of another stack"])
def test_a_family_that_may_be_there_unlisted_is_described(known_by: str) -> None:
    desired = replace(WANT, family="web") if known_by == "a name of another stack" else WANT
    to = Answering(desired, ListTaskDefinitionFamilies={"families": []})
    if known_by == "the record":
        to.aws = to.aws.knowing(
            Knows(fields=lambda resource_type: [desired.fields()], ids=lambda resource_type: [desired.family])
        )
    assert [live.id for live in to.aws.live(TaskDefinition)] == [desired.family]
    assert [operation for operation, _ in to.asked].count("ListTaskDefinitionFamilies") == 0


def test_a_look_describes_only_what_it_is_about() -> None:
    """At teardown of 200 services each look at one of them described all the others, at 16 a second."""
    to = Answering(WANT)
    others = [f"p-dev-{number}" for number in range(20)]
    aws = to.aws.knowing(families(WANT.family, *others)).exhaustive()
    assert len(aws.live(TaskDefinition)) == 21
    to.asked.clear()
    assert len(aws.live(TaskDefinition, fresh=True, only=[WANT.family])) == 21
    assert to.asked == [("DescribeTaskDefinition", WANT.family)]


def test_another_order_of_containers_is_no_difference() -> None:
    waits = [{"containerName": name, "condition": "START"} for name in ("agent", "proxy")]
    own = {"name": "web", "image": "nginx:1", "essential": True, "dependsOn": waits}
    others = [{"name": name, "image": "i:1", "essential": False} for name in ("agent", "proxy")]
    wanted = replace(WANT, container_definitions=[own, *others])
    shown = [others[1], {**own, "dependsOn": waits[::-1]}, others[0]]
    to = Answering(wanted)
    to.answers["DescribeTaskDefinition"]["taskDefinition"] = {**SHOWN, "containerDefinitions": shown}
    (live,) = TaskDefinition.list(to.aws, [wanted.fields()])
    assert live.attributes["container_definitions"] == wanted.fields()["container_definitions"]
