"""`[alarms]`, on the embedded cloud: the addresses and topics that are told of a stack's problems."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.policies import asked, denied, enforce, policies
from tests.cloud.project import SMALL, Project

pytestmark = world.EMPTY

OPS, TOPIC = "ops@example.com", "arn:aws:sns:ap-northeast-1:123456789012:ops"
JOB = '[jobs.report]\nextends = "frontend"\nschedule = "rate(1 hours)"\n'


def alarms(text: str, more: str = "") -> str:
    return f"{SMALL}\n{more}\n[alarms]\n{text}\n"


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A small stack with an address that is told, before its first `up`."""
    here = Project(cloud, tmp_path)
    here.write(alarms(f'email = ["{OPS}"]'))
    yield here
    here.close()


def shown(project: Project) -> dict[str, Any]:
    found = project.cloud.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{NAME}-")["MetricAlarms"]
    return {one["AlarmName"].removeprefix(f"{NAME}-"): one for one in found}


def told(project: Project) -> dict[str, str]:
    """The addresses that the stack's topic has, and their ARNs."""
    topic = f"arn:aws:sns:ap-northeast-1:123456789012:{NAME}-alarms"
    found = project.cloud.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return {one["Endpoint"]: one["SubscriptionArn"] for one in found}


def confirm(project: Project, address: str) -> None:
    topic = f"arn:aws:sns:ap-northeast-1:123456789012:{NAME}-alarms"
    project.cloud.client("sns").confirm_subscription(TopicArn=topic, Token=address)


@pytest.mark.slow
def test_a_life_with_alarms(project: Project) -> None:
    before = project.inventory()
    up = project.up()
    assert f"{OPS} must confirm" in up.out + up.err
    assert told(project) == {OPS: "PendingConfirmation"}
    found = shown(project)
    assert {name: one["TreatMissingData"] for name, one in found.items()} == {
        "errors": "notBreaching", "frontend-errors": "notBreaching", "frontend-unhealthy": "notBreaching",
        "frontend-running": "breaching", "frontend-cpu": "missing", "frontend-memory": "missing",
    }  # fmt: skip
    target = {one["Name"]: one["Value"] for one in found["frontend-errors"]["Dimensions"]}
    assert target["TargetGroup"].startswith(f"targetgroup/{NAME}-frontend/")
    assert target["LoadBalancer"].startswith(f"app/{NAME}/")
    assert project.planned() == {}

    confirm(project, OPS)
    assert told(project)[OPS].startswith("arn:")
    assert project.planned() == {}
    assert "must confirm" not in project.run("plan").out

    # state and tags are kept by a change of the threshold
    cloudwatch = project.cloud.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName=f"{NAME}-frontend-cpu", StateValue="ALARM", StateReason="tried")
    project.write(alarms(f'email = ["{OPS}", "new@example.com"]\ncpu = 80\nmemory = false', JOB))
    changes = project.planned()
    assert changes["alarm/frontend.cpu"]["changes"].keys() == {"alarm_description", "threshold"}
    assert changes["alarm/frontend.memory"]["action"] == "delete"
    project.up()
    found = shown(project)
    assert (found["frontend-cpu"]["StateValue"], found["frontend-cpu"]["Threshold"]) == ("ALARM", 80)
    assert found["schedules"]["Dimensions"] == [{"Name": "ScheduleGroup", "Value": NAME}]
    assert "frontend-memory" not in found
    assert project.planned() == {}

    # one that nobody has confirmed cannot be taken away, and one that somebody has is
    project.write(alarms(f'topic = "{TOPIC}"', JOB))
    refused = project.run("up", "--yes", code=4)
    assert f'alarms.topic is "{TOPIC}", but there is no such topic' in refused.err
    project.write(alarms('email = ["third@example.com"]', JOB))
    up = project.up()
    assert "subscription/new@example.com" in up.out + up.err
    assert told(project).keys() == {"third@example.com", "new@example.com"}
    project.cloud.advance(73 * 3600)
    assert told(project) == {}
    assert {address: one["action"] for address, one in project.planned().items()} == {
        "subscription/third@example.com": "create"
    }
    project.up()

    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


@pytest.mark.slow
def test_an_address_is_taken_out_under_the_printed_policy(project: Project) -> None:
    project.up()
    confirm(project, OPS)
    project.write(alarms('email = ["new@example.com"]'))
    enforce(project.cloud, *policies(project.config))
    project.up()
    assert denied(asked(project.cloud)) == []
    enforce(project.cloud)
    assert told(project).keys() == {"new@example.com"}


def policy(*statements: dict[str, Any]) -> dict[str, str]:
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [*statements]})}


MAY = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish",
       "Resource": TOPIC, "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({}, ""),
        (policy(MAY), ""),
        (policy({**MAY, "Principal": {"Service": "events.amazonaws.com"}}), "whose policy does not let CloudWatch"),
        (policy({**MAY, "Condition": {"StringEquals": {"aws:SourceAccount": "1" * 12}}}), "aws:SourceAccount is 1234"),
        ({"KmsMasterKeyId": "alias/aws/sns"}, "a key that CloudWatch may not use"),
    ],
    ids=["SNS's own policy", "allowed", "another service", "another account", "AWS's key"],
)
def test_ones_own_topic_is_looked_at_first(project: Project, attributes: dict[str, str], words: str) -> None:
    project.cloud.client("sns").create_topic(Name="ops", Attributes=attributes)
    project.write(alarms(f'topic = "{TOPIC}"'))
    ended = project.run("plan", code=4 if words else 2)
    if not words:
        assert re.search(r"\+ alarm/[\w., ]*\bfrontend\.cpu\b", " ".join(ended.out.split()))
        assert "topic/" not in ended.out
        return
    assert words in ended.err


QUEUE = "[queues.work]\nattempts = 1\n"
LATER = 180
"""Seconds after which an alarm knows a minute that was over."""


@pytest.mark.slow
def test_a_dead_letter_sets_its_alarm_off(project: Project) -> None:
    project.write(alarms(f'email = ["{OPS}"]', QUEUE))
    project.up()
    assert shown(project)["work-dead-letters"]["TreatMissingData"] == "ignore"
    sqs, name = project.cloud.client("sqs"), f"{NAME}-work"
    url, dead = (sqs.get_queue_url(QueueName=one)["QueueUrl"] for one in (name, f"{name}-dead"))

    def state() -> str:
        project.cloud.advance(LATER)
        return str(shown(project)["work-dead-letters"]["StateValue"])

    assert state() == "OK"
    sqs.send_message(QueueUrl=url, MessageBody="one")
    for _ in range(2):
        sqs.receive_message(QueueUrl=url, VisibilityTimeout=1)
        project.cloud.advance(5)
    assert state() == "ALARM"
    sqs.purge_queue(QueueUrl=dead)
    assert state() == "OK"
    project.write(alarms(f'email = ["{OPS}"]\ndead_letters = false', QUEUE))
    assert {address: one["action"] for address, one in project.planned().items()} == {
        "alarm/work.dead-letters": "delete"
    }


@pytest.mark.slow
@pytest.mark.parametrize(("evict", "of_memory"), [(False, 2), (True, 0)])
def test_each_node_of_valkey_is_watched(project: Project, evict: bool, of_memory: int) -> None:
    project.write(alarms(f'email = ["{OPS}"]', f"[redis]\nreplicas = 1\nevict = {str(evict).lower()}\n"))
    project.up()
    found = {name: one for name, one in shown(project).items() if name.startswith("redis-")}
    members = project.cloud.client("elasticache").describe_cache_clusters()["CacheClusters"]
    watched = {one["Dimensions"][0]["Value"] for one in found.values()}
    assert watched == {one["CacheClusterId"] for one in members}
    assert len([name for name in found if name.endswith("-memory")]) == of_memory
    assert len([name for name in found if name.endswith("-cpu")]) == 2
    assert project.planned() == {}
