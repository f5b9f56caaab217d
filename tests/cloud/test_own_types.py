"""A type from a file of the user's, of which the tool has no row anywhere, goes through every command."""

from __future__ import annotations

import json
import re
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

DOCUMENT = Path(__file__).parents[2] / "docs" / "adding.md"
BLOCK = re.compile(r"^```python\n# (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NO_API = re.compile(r"^API = Api\(\n.*?^\)\n", re.MULTILINE | re.DOTALL)
PROGRAM = [sys.executable, "-c", "import sys, mytopic, mystep; from provisioner.cli.main import main; sys.exit(main())"]
STEP = ("--target-step", "alarms")


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    blocks = dict(BLOCK.findall(DOCUMENT.read_text(encoding="utf-8")))
    without = NO_API.sub("", blocks["provisioner/resources/sns.py"])
    topic = without.replace("    api = API\n", '    service = "sns"\n').replace('"topic"', '"own.topic"')
    assert "API" not in topic
    (tmp_path / "mytopic.py").write_text(topic)
    (tmp_path / "mystep.py").write_text(blocks["steps/alarms.py"].replace("provisioner.resources.sns", "mytopic"))
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
    assert own(project, "state", "show", "own.topic/alarms", "--json").document["id"] == topic["TopicArn"]

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
