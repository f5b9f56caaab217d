"""The topics of services and jobs, the queues that get their messages, and the rights to publish."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner import Stack, step
from provisioner.config.topics import PUBLISHING, name_of
from provisioner.config.workload import Workload
from provisioner.resources.policies import Policy, policy
from provisioner.resources.sns import Subscription, Topic
from provisioner.steps.queues import Queues, Topics, by_service, topic_arn


@step
def topics(stack: Stack, queues: Queues) -> Topics:
    """Declare the topics, and subscribe queues to them; SNS hands a queue the message alone, without an envelope."""
    arns: dict[str, str] = {}
    for name, settings in stack.config.topics.items():
        if not any(name in workload.topics for workload in stack.config.workloads.values()):
            stack.notice(f"topics.{name}: no service and no job names it under `topics`, so that no task may publish")
        if not settings.queues:
            stack.notice(f"topics.{name}: it has no queue, so that SNS drops messages unless others subscribe to it")
        topic = stack.ensure(
            Topic(name, name_of(stack.name, name), _own_account(stack, name), stack.facts.kms_key or "")
        )
        arns[name] = topic.arn
        for queue in settings.queues:
            stack.ensure(
                Subscription(f"{name}.{queue}", topic.arn, "sqs", queues.arns[queue], raw_message_delivery=True)
            )
    return Topics(arns)


def _own_account(stack: Stack, name: str) -> Policy:
    """Return a topic's policy that leaves it to the IAM policies of this account (SNS guide, "Example cases")."""
    facts = stack.facts
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{facts.partition}:iam::{facts.account}:root"},
            "Action": "sns:Publish",
            "Resource": topic_arn(stack, name),
        }
    )


def rights(stack: Stack, workload: Workload) -> Iterator[Policy]:
    """Yield the statements to publish to a workload's topics, and for the stack's key, which SNS uses."""
    if not workload.topics:
        return
    yield {
        "Effect": "Allow",
        "Action": [*PUBLISHING],
        "Resource": [topic_arn(stack, name) for name in workload.topics],
    }
    if key := stack.facts.kms_key:
        # SNS guide, "Allow a user to send messages to a topic with SSE"
        yield {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": key,
            "Condition": by_service(stack, "sns"),
        }
