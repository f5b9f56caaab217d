"""A queue of a test that a topic may send to, as on AWS only by the queue's policy."""

from __future__ import annotations

import json
from typing import Any


def listen(sns: Any, sqs: Any, topic: str, queue: str) -> None:
    """Subscribe a queue, by its ARN, to a topic, whose messages it then gets."""
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    url = sqs.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
