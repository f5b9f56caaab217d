"""Deliveries of SNS to queues: only where the queue's policy lets the topic, and raw where the subscription says so."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.sns.models import Subscription
from moto.sns.responses import SNSResponse
from moto.sqs.models import sqs_backends

from ecs_emulator.authorization import resource
from ecs_emulator.authorization.policy import Check
from ecs_emulator.patch import refuse, wrap

_SERVICE = "sns.amazonaws.com"
_RAW = ("sqs", "http", "https", "firehose")
"""The protocols with raw delivery (SNS developer guide, "Amazon SNS raw message delivery")."""


@wrap(Subscription, "publish")
def publish(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """Publish: drop a message for a queue whose policy does not let the topic send (SNS guide, "Fanout to SQS")."""
    if self.protocol == "sqs" and not _may_send(self):
        return
    original(self, *args, **kwargs)


def _may_send(subscription: Any) -> bool:
    parts = subscription.endpoint.split(":")
    queue = sqs_backends[parts[4]][parts[3]].queues.get(parts[5])
    if queue is None or not queue.policy:
        return False
    topic, account = subscription.topic, subscription.account_id
    context = {"aws:SourceArn": (topic.arn,), "aws:SourceAccount": (account,)}
    return resource.admits(queue.policy, _SERVICE, Check("sqs:SendMessage", queue.queue_arn, context))


@wrap(SNSResponse, "subscribe")
def subscribe(original: Any, self: Any) -> ActionResult:
    """Subscribe: refuse raw delivery by other protocols, and other attributes than the same subscription has."""
    attributes = self._get_attributes() or {}
    protocol, endpoint, topic = (self._get_param(name) for name in ("Protocol", "Endpoint", "TopicArn"))
    raw = str(attributes.get("RawMessageDelivery", "")).lower()
    if raw and protocol not in _RAW:
        # whichever value is sent (libertymutual/herman#81); the text is AWS's in aws-controllers-k8s/community#2192
        refuse(
            "InvalidParameter",
            f"Invalid parameter: Delivery protocol [{protocol}] does not support raw message delivery.",
        )
    there = next(
        (
            one
            for one in self.backend.subscriptions.values()
            if (one.topic.arn, one.protocol, one.endpoint) == (topic, protocol, endpoint)
        ),
        None,
    )
    # the text is AWS's in localstack/localstack#8816
    if there and raw and raw != str(there.attributes.get("RawMessageDelivery", "false")).lower():
        refuse(
            "InvalidParameter",
            "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
        )
    answer: ActionResult = original(self)
    return answer
