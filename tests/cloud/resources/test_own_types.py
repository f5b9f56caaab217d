"""A type from a file of the user's, of which the tool has no row anywhere, goes through every command."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.aws.api import apis
from provisioner.aws.tagging import taggable
from provisioner.engine.resource_types import all_types
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import Ended, Project

TYPE = '''
"""Simple Notification Service: topics, which deliver each message to all subscribers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.permissions import ASKED, OWN, TAGS_AT_ONCE, grants
from provisioner.aws.tagging import observed, tags_of
from provisioner.engine.resource import Changes, Observed, Resource



@dataclass(frozen=True)
class Topic(Resource):
    """An SNS topic. Its subscriptions are not part of the stack."""

    topic_name: str
    display_name: str = ""

    type_name = "own.topic"
    service = "sns"
    arn = "{topic_name}"
    permissions = (
        *grants("sns", "ListTopics"),
        *grants("sns", "GetTopicAttributes ListTagsForResource", OWN),
        *grants("sns", "CreateTopic", OWN, conditions=ASKED),
        *grants("sns", "TagResource", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *grants("sns", "SetTopicAttributes DeleteTopic", OWN),
    )
    identity = ("topic_name",)
    outputs = ("arn",)
    derived = ("id", "arn")

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        """All of ours, and whatever stands under a known name."""
        names = {fields["topic_name"] for fields in known}
        for topic in aws.pages("sns", "list_topics", "Topics"):
            arn = topic["TopicArn"]
            known_name = arn.rpartition(":")[2] in names
            tags = tags_of(aws, "sns", arn, known=known_name)
            if known_name or aws.owns(tags):
                yield cls._live(aws, arn, aws.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"], tags)

    @staticmethod
    def _live(aws: Aws, arn: str, shown: Mapping[str, str], tags: Mapping[str, str]) -> Observed:
        attributes = {"topic_name": arn.rpartition(":")[2], "display_name": shown.get("DisplayName", "")}
        return observed(aws, arn, attributes, tags, {"arn": arn})

    def create(self, aws: Aws, token: str) -> Observed:
        """Exactly one call that writes, the tags in it."""
        settings = {"DisplayName": self.display_name}
        made = aws.client("sns").create_topic(
            Name=self.topic_name, Attributes=settings, Tags=aws.tag_list(self.address)
        )
        return self._live(aws, made["TopicArn"], settings, aws.tags(self.address))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        aws.client("sns").set_topic_attributes(
            TopicArn=live.id, AttributeName="DisplayName", AttributeValue=self.display_name
        )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("sns").delete_topic(TopicArn=live.id)
'''
STEPS = '''
"""Who is notified when a service has a problem."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.engine.declaration import step
from mytopic import Topic
from provisioner.steps.stack import Stack


@dataclass(frozen=True)
class Notices:
    """The ARN of the topic that people subscribe to."""

    topic: str


@step
def notices(stack: Stack) -> Notices:
    """Declare the topic."""
    topic = stack.ensure(Topic("alarms", f"{stack.name}-alarms", f"Alarms of {stack.name}"))
    return Notices(topic.arn)
'''
PROGRAM = [sys.executable, "-c", "import sys, mytopic, mystep; from provisioner.cli.main import main; sys.exit(main())"]
STEP = ("--target-step", "notices")


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    (tmp_path / "mytopic.py").write_text(TYPE)
    (tmp_path / "mystep.py").write_text(STEPS)
    found = Project(cloud, tmp_path)
    yield found
    found.close()


def own(project: Project, *words: str, code: int = 0) -> Ended:
    ended = project.end(project.start(*words, program=PROGRAM))
    assert ended.code == code, f"{ended.err}\n{ended.out[-4000:]}"
    return ended


@pytest.mark.slow
def test_a_type_without_any_row_goes_through_every_command(project: Project, cloud: EmbeddedCloud) -> None:
    assert own(project, "up", "--yes", "--json", *STEP).results == {"own.topic/alarms": "created"}
    said = json.dumps(own(project, "policy", "--json").document)
    assert "sns:CreateTopic" in said
    assert "arn:aws:sns:ap-northeast-1:*:ecs-sample-dev-*" in said
    (topic,) = cloud.client("sns").list_topics()["Topics"]
    plan = own(project, "plan", "--json", *STEP).document
    assert [item["action"] for item in plan["resources"]] == ["none"]
    cloud.client("sns").set_topic_attributes(
        TopicArn=topic["TopicArn"], AttributeName="DisplayName", AttributeValue="Theirs"
    )
    assert own(project, "up", "--yes", "--json", *STEP).results == {"own.topic/alarms": "changed"}
    assert [one["id"] for one in own(project, "status", "--json").document["resources"]] == [topic["TopicArn"]]

    assert "own.topic/alarms" in own(project, "rehearse", "down", "--json").out

    shutil.rmtree(project.state / "local")
    own(project, "recover", "--yes")
    assert own(project, "show", "own.topic/alarms", "--json").document["id"] == topic["TopicArn"]

    own(project, "state", "rm", "own.topic/alarms", "--yes")
    tags = cloud.client("sns").list_tags_for_resource(ResourceArn=topic["TopicArn"])["Tags"]
    cloud.client("sns").untag_resource(ResourceArn=topic["TopicArn"], TagKeys=[tag["Key"] for tag in tags])
    own(project, "import", "own.topic/alarms", topic["TopicArn"], "--yes")
    assert cloud.client("sns").list_tags_for_resource(ResourceArn=topic["TopicArn"])["Tags"]
    assert [item["action"] for item in own(project, "plan", "--json", *STEP).document["resources"]] == ["none"]

    assert own(project, "down", "--yes", "--json").results["own.topic/alarms"] == "deleted"
    assert cloud.client("sns").list_topics()["Topics"] == []


def test_each_type_of_ours_with_tags_is_tagged_by_its_own_api() -> None:
    ours = [one for name, one in all_types().items() if "::" not in name]
    assert [one for one in ours if taggable(one) and not apis()[one.service].tags] == []
