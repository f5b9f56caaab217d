"""The queues of services: made, used, changed, kept until they are named, and deleted by `down`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Project, ready_image

pytestmark = [pytest.mark.slow, world.EMPTY]

USED = SMALL.replace("public = true\n", 'public = true\nqueues = ["work"]\n')
TABLE = "[queues.work]\nvisibility_timeout = 90\nattempts = 1\n"


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A small stack with a queue."""
    ready_image(cloud, "frontend")
    here = Project(cloud, tmp_path)
    here.write(USED + TABLE)
    yield here
    here.close()


def variables(project: Project) -> dict[str, str]:
    """The variables of the newest task definition's container."""
    ecs = project.cloud.client("ecs")
    newest = ecs.describe_task_definition(taskDefinition=f"{NAME}-frontend")["taskDefinition"]
    return {one["name"]: one["value"] for one in newest["containerDefinitions"][0]["environment"]}


def attributes(project: Project, url: str) -> dict[str, str]:
    shown: Any = project.cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return dict(shown)


def test_a_queue_is_used_changed_kept_and_let_go(project: Project) -> None:
    before, sqs = project.inventory(), project.cloud.client("sqs")
    assert project.up().results["queue/work"] == "created"
    url = variables(project)["WORK_QUEUE_URL"]
    dead = sqs.get_queue_url(QueueName=f"{NAME}-work-dead")["QueueUrl"]
    assert attributes(project, dead)["MessageRetentionPeriod"] == str(14 * 86_400)
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}

    # a message that was received once is a dead letter
    sqs.send_message(QueueUrl=url, MessageBody="one")
    assert len(sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)
    assert attributes(project, dead)["ApproximateNumberOfMessages"] == "1"

    project.write(USED + "[queues.work]\nvisibility_timeout = 120\n")
    assert project.up().results["queue/work"] == "changed"
    assert attributes(project, url)["VisibilityTimeout"] == "120"

    # without its table it is kept, with the command that deletes it
    project.write(SMALL)
    assert project.run("plan", "--json", code=2).document["kept"] == ["queue/work", "queue/work.dead"]
    assert "queue/work" not in project.up().results
    assert "WORK_QUEUE_URL" not in variables(project)
    project.run("recover", "--yes")
    words = ("--delete", "queue/work", "--delete", "queue/work.dead")
    assert project.up(*words).results["queue/work.dead"] == "deleted"

    # the name is free again after a minute, which `up` waits for
    project.write(USED + TABLE)
    assert project.up().results["queue/work"] == "created"
    sqs.send_message(QueueUrl=url, MessageBody="two")
    told = project.run("down", code=4).err
    assert "the messages in the queue (queue/work, queue/work.dead: about 1 message)" in told
    assert project.down().results["queue/work"] == "deleted"
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_a_topic_hands_its_messages_to_queues(project: Project) -> None:
    before = project.inventory()
    used = USED.replace('queues = ["work"]', 'queues = { work = "receive" }\ntopics = ["orders"]')
    topic = '[topics.orders]\nqueues = ["work"]\n'
    project.write(used + TABLE + topic)
    assert project.up().results["subscription/orders.work"] == "created"
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}
    sns, sqs = project.cloud.client("sns"), project.cloud.client("sqs")
    given = variables(project)
    sns.publish(TopicArn=given["ORDERS_TOPIC_ARN"], Message="raw")
    (message,) = sqs.receive_message(QueueUrl=given["WORK_QUEUE_URL"])["Messages"]
    assert message["Body"] == "raw"

    # somebody takes the queue's policy and the raw delivery away
    (found,) = sns.list_subscriptions_by_topic(TopicArn=given["ORDERS_TOPIC_ARN"])["Subscriptions"]
    sns.set_subscription_attributes(
        SubscriptionArn=found["SubscriptionArn"], AttributeName="RawMessageDelivery", AttributeValue="false"
    )
    sqs.set_queue_attributes(QueueUrl=given["WORK_QUEUE_URL"], Attributes={"Policy": ""})
    sns.publish(TopicArn=given["ORDERS_TOPIC_ARN"], Message="lost")
    assert "Messages" not in sqs.receive_message(QueueUrl=given["WORK_QUEUE_URL"], WaitTimeSeconds=0)
    assert {name for name, result in project.up().results.items() if result == "changed"} == {
        "queue/work",
        "subscription/orders.work",
    }

    project.write(USED + TABLE)
    assert project.up().results["topic/orders"] == "deleted"
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}
