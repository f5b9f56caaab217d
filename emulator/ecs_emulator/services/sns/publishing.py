"""Messages that AWS's services publish to topics, if the topic's policy allows it."""

from __future__ import annotations

from collections.abc import Mapping

from ecs_emulator.authorization import resource
from ecs_emulator.authorization.policy import Check


def publish(service: str, context: Mapping[str, tuple[str, ...]], topic_arn: str, message: str, subject: str) -> bool:
    """Publish a message; return whether the topic exists and lets the service publish.

    moto delivers the message to subscribed queues; no e-mail is sent.

    Args:
        service: the service's principal.
        context: condition keys of the call: the account and the ARN for which the service publishes.
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
