"""Samples of the resource types that keep work for later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from provisioner.engine.resource import Resource
from provisioner.resources.policies import policy
from provisioner.resources.sqs import Queue
from tests.cloud.samples.sample import NAME, ByHand, Here, Sample

ARN = "arn:aws:sqs:ap-northeast-1:123456789012:sample.fifo"
BY_HAND = policy({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": ARN})
DEAD = "arn:aws:sqs:ap-northeast-1:123456789012:sample-dead.fifo"


def _set(**attributes: str) -> Any:
    def by_hand(hand: ByHand) -> None:
        hand("sqs").set_queue_attributes(QueueUrl=hand.id, Attributes=attributes)

    return by_hand


def _redrive(hand: ByHand) -> None:
    sqs = hand("sqs")
    shown = sqs.get_queue_attributes(QueueUrl=hand.id, AttributeNames=["RedrivePolicy"])["Attributes"]
    changed = json.loads(shown["RedrivePolicy"]) | {"maxReceiveCount": 9}
    sqs.set_queue_attributes(QueueUrl=hand.id, Attributes={"RedrivePolicy": json.dumps(changed)})


def _keyed(hand: ByHand) -> None:
    _set(KmsMasterKeyId=hand.others.key)(hand)


def _queue(here: Here) -> Any:
    dead = here.ensure(Queue("dead", "sample-dead.fifo", content_based_deduplication=True))
    redrive = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3}
    return here.ensure(
        Queue(
            NAME,
            "sample.fifo",
            60,
            86_400,
            20,
            redrive_policy=redrive,
            policy={},
            content_based_deduplication=True,
        )
    )


QUEUES: Mapping[type[Resource], Sample] = {
    Queue: Sample(
        _queue,
        {
            "visibility_timeout": _set(VisibilityTimeout="90"),
            "message_retention_period": _set(MessageRetentionPeriod="60"),
            "receive_message_wait_time_seconds": _set(ReceiveMessageWaitTimeSeconds="0"),
            "redrive_policy": _redrive,
            "policy": _set(Policy=json.dumps(BY_HAND)),
            "sqs_managed_sse_enabled": _set(SqsManagedSseEnabled="false"),
            "kms_master_key_id sqs_managed_sse_enabled": _keyed,
            "content_based_deduplication": _set(ContentBasedDeduplication="false"),
        },
        untried={"deletion_protection": "SQS knows no such thing: it is the record that says so"},
    ),
}
