"""What AWS's services publish to topics by themselves, if the topic's policy lets them."""

from __future__ import annotations

from collections.abc import Mapping

from ecs_emulator.authorization import resource
from ecs_emulator.authorization.policy import Check


def publish(service: str, context: Mapping[str, tuple[str, ...]], topic_arn: str, message: str, subject: str) -> bool:
    """Publish a message, and say whether the topic is there and lets the service do so.

    Subscriptions get it as moto delivers: queues do, and e-mail is written to nobody.

    Args:
        service: as a principal. context: what it says of itself: the account and the ARN on whose behalf it asks.
    """
    from moto.sns.models import sns_backends

    parts = topic_arn.split(":")
    if len(parts) != 6 or parts[2] != "sns":
        return False
    topic = sns_backends[parts[4]][parts[3]].topics.get(topic_arn)
    if topic is None or not resource.admits(topic.policy, service, Check("sns:Publish", topic_arn, context)):
        return False
    topic.publish(message, subject=subject or None)
    return True
