"""`status` of a stack with stores: Valkey, the messages of a queue, the size of a volume, and missing stores."""

from __future__ import annotations

from tests.cloud import world
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Project

STORES = (
    SMALL.replace("public = true\n", 'public = true\nredis = true\nqueues = ["work"]\nvolumes = { files = "/files" }\n')
    + """
[redis]

[queues.work]
attempts = 1

[volumes.files]
"""
)


def stand(here: Project) -> None:
    """A service with Valkey, a queue and a volume, up."""
    here.write(STORES)
    here.up()


pytestmark = [world.STANDING.with_args(stand)]


def test_stores_are_asked_once_each(project: Project) -> None:
    sqs = project.cloud.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{NAME}-work")["QueueUrl"]
    for text in ("one", "two", "three"):
        sqs.send_message(QueueUrl=url, MessageBody=text)
    # one that was received once is a dead letter at the next receive, and one is worked on
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)
    since = project.last_call()
    live = project.run("status", "--json").document["live"]
    called = [str(call["operation"]) for call in project.cloud.calls(since)]
    expected = {"DescribeReplicationGroups": 1, "DescribeFileSystems": 1, "GetQueueAttributes": 2}
    assert {name: called.count(name) for name in expected} == expected
    assert [(one["name"], one["status"]) for one in live["caches"]] == [(NAME, "available")]
    assert live["caches"][0]["host"].endswith(".amazonaws.com")
    (queue,) = live["queues"]
    assert queue == {
        "name": "work", "status": "available", "waiting": 1, "in_work": 1, "delayed": 0, "dead_letters": 1,
    }  # fmt: skip
    (volume,) = live["volumes"]
    assert (volume["name"], volume["status"]) == ("files", "available")
    assert volume["bytes"] >= 0
    assert "= queue work  1 waiting, 1 in work, 1 dead letter" in project.run("status").out.splitlines()


def test_a_queue_that_is_missing_is_a_problem(project: Project) -> None:
    sqs = project.cloud.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=f"{NAME}-work")["QueueUrl"])
    assert "! queue work  missing" in project.run("status", code=2).out.splitlines()
