"""Permissions of SNS, by call (Service Authorization Reference, Amazon SNS)."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to SNS, on the topic; the ARN of a subscription begins with it.

    Unsubscribe knows no resource type (Service Authorization Reference): SNS asks for all topics of account and Region
    (danilop/yas3fs#57), so that the topic's ARN allows it nowhere. A subscription's attributes have no type either.
    """
    subscription = call.text("SubscriptionArn").rpartition(":")[0]
    topic = call.text("TopicArn") or call.text("TargetArn") or call.text("ResourceArn") or subscription
    if call.operation == "CreateTopic":
        topic = call.arn(call.text("Name"))
    if call.operation in ("Unsubscribe", "GetSubscriptionAttributes", "SetSubscriptionAttributes"):
        topic = call.arn("*")
    action = "sns:Publish" if call.operation == "PublishBatch" else ""
    # CreateTopic of a topic that exists returns it (API reference), so its tags count then, too
    yield call.existing(topic or "*", requested(call.tags("Tags")), action)
