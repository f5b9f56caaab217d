"""Refusals by SQS about queues: names, attributes, dead letters, and names that were deleted a minute ago."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from tests.cloud.refusals.case import UNKNOWN_KEY, Case, Scene, once, parameter

case = partial(Case, "sqs")
GUIDE = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"
NAMES = f"{GUIDE}sqs-queue-message-identifiers.html"
ENCRYPTED = f"{GUIDE}sqs-server-side-encryption.html"
NO_TARGET = "https://github.com/serverless/serverless/issues/5215"
NO_MEMBER = "https://github.com/crossplane-contrib/provider-aws/issues/443"
DELETED = "https://github.com/hashicorp/terraform-provider-aws/issues/831"
ARN = "arn:aws:sqs:ap-northeast-1:123456789012:"
ATTRIBUTES = parameter("Attributes")


@once
def queue(scene: Scene) -> str:
    """The URL of a standard queue."""
    return str(scene.client("sqs").create_queue(QueueName="standing")["QueueUrl"])


def create(scene: Scene, sqs: Any, **attributes: str) -> None:
    sqs.create_queue(QueueName=scene.name("queue"), Attributes=attributes)


def dead(scene: Scene, sqs: Any, **redrive: Any) -> None:
    sqs.set_queue_attributes(QueueUrl=queue(scene), Attributes={"RedrivePolicy": json.dumps(redrive)})


def again(scene: Scene, sqs: Any) -> None:
    name = scene.name("queue")
    sqs.delete_queue(QueueUrl=sqs.create_queue(QueueName=name)["QueueUrl"])
    sqs.create_queue(QueueName=name)


def to_standard(scene: Scene, sqs: Any) -> None:
    name, target = f"{scene.name('queue')}.fifo", {"deadLetterTargetArn": f"{ARN}standing", "maxReceiveCount": 3}
    queue(scene)
    sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true", "RedrivePolicy": json.dumps(target)})


CASES = (
    case("CreateQueue", "with a dot in its name", "InvalidParameterValue", NAMES,
        lambda s, c: c.create_queue(QueueName="a.queue")),
    case("CreateQueue", "of the type FIFO without .fifo", "InvalidParameterValue", NAMES,
        lambda s, c: create(s, c, FifoQueue="true"), "must end with .fifo"),
    case("CreateQueue", "with a visibility timeout of more than 12 hours", "InvalidAttributeValue", ATTRIBUTES,
        lambda s, c: create(s, c, VisibilityTimeout="43201"), "VisibilityTimeout"),
    case("CreateQueue", "that keeps messages for 15 days", "InvalidAttributeValue", ATTRIBUTES,
        lambda s, c: create(s, c, MessageRetentionPeriod=str(15 * 86_400)), "MessageRetentionPeriod"),
    case("CreateQueue", "with a wait of 21 seconds", "InvalidAttributeValue", ATTRIBUTES,
        lambda s, c: create(s, c, ReceiveMessageWaitTimeSeconds="21")),
    case("CreateQueue", "with an attribute of FIFO queues", "InvalidAttributeName", ATTRIBUTES,
        lambda s, c: create(s, c, ContentBasedDeduplication="true")),
    case("CreateQueue", "with both ways of encryption", "InvalidAttributeValue", ENCRYPTED,
        lambda s, c: create(s, c, SqsManagedSseEnabled="true", KmsMasterKeyId=UNKNOWN_KEY), "one type"),
    case("CreateQueue", "with the name of one that was just deleted", "AWS.SimpleQueueService.QueueDeletedRecently",
        DELETED, again, "wait 60 seconds"),
    case("CreateQueue", "of the type FIFO with a standard one for dead letters", "InvalidParameterValue", ATTRIBUTES,
        to_standard, "same type"),
    case("SetQueueAttributes", "to another type", "InvalidAttributeValue", ATTRIBUTES,
        lambda s, c: c.set_queue_attributes(QueueUrl=queue(s), Attributes={"FifoQueue": "true"})),
    case("SetQueueAttributes", "with dead letters to a queue that is not there", "InvalidParameterValue", NO_TARGET,
        lambda s, c: dead(s, c, deadLetterTargetArn=f"{ARN}nothing", maxReceiveCount=3), "does not exist"),
    case("SetQueueAttributes", "with dead letters to nowhere", "InvalidParameterValue", NO_MEMBER,
        lambda s, c: dead(s, c, maxReceiveCount=3), "mandatory attribute"),
    case("SetQueueAttributes", "with dead letters after 0 receives", "InvalidParameterValue", ATTRIBUTES,
        lambda s, c: dead(s, c, deadLetterTargetArn=f"{ARN}standing", maxReceiveCount=0), "maxReceiveCount"),
    case("SetQueueAttributes", "with a policy that is no JSON", "InvalidAttributeValue", ATTRIBUTES,
        lambda s, c: c.set_queue_attributes(QueueUrl=queue(s), Attributes={"Policy": "{"})),
)  # fmt: skip
