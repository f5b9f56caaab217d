"""The queues of services and jobs, the queues for their dead letters, and the rights of tasks in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner import Handle, Stack, step
from provisioner.config import topics
from provisioner.config.queues import DEAD, DEAD_DAYS, STOP_TIMEOUT, actions, name_of, receives, variable
from provisioner.config.queues import Queue as Settings
from provisioner.config.workload import Workload
from provisioner.resources.policies import Policy, policy
from provisioner.resources.sqs import Queue

DAY = 86_400
WAIT = 20
"""The seconds that a request waits for a message, unless it says so itself: the longest costs the fewest requests."""


@dataclass(frozen=True)
class Queues:
    """The queues' URLs and ARNs, by name."""

    urls: dict[str, str]
    arns: dict[str, str]

    def variables(self, workload: Workload) -> dict[str, str]:
        """Return the variables of a workload with the URLs of its queues."""
        return {variable(name): self.urls[name] for name in workload.queues}


@dataclass(frozen=True)
class Topics:
    """The topics' ARNs, by name."""

    arns: dict[str, str]

    def variables(self, workload: Workload) -> dict[str, str]:
        """Return the variables of a workload with the ARNs of its topics."""
        return {topics.variable(name): self.arns[name] for name in workload.topics}


@step
def queues(stack: Stack) -> Queues:
    """Declare each queue, and first the one to which SQS moves a message that was received too often."""
    made = {name: _declare(stack, name, settings) for name, settings in stack.config.queues.items()}
    for name, settings in stack.config.queues.items():
        _notice(stack, name, settings)
    return Queues({name: one.id for name, one in made.items()}, {name: one.arn for name, one in made.items()})


def _declare(stack: Stack, name: str, settings: Settings) -> Handle:
    key = stack.facts.kms_key
    protect = stack.config.protect
    dead = stack.ensure(
        Queue(
            f"{name}.{DEAD}",
            name_of(stack.name, name, fifo=settings.fifo, dead=True),
            message_retention_period=DEAD_DAYS * DAY,
            kms_master_key_id=key,
            sqs_managed_sse_enabled=key is None,
            content_based_deduplication=True if settings.fifo else None,
            deletion_protection=protect,
        )
    )
    return stack.ensure(
        Queue(
            name,
            name_of(stack.name, name, fifo=settings.fifo),
            visibility_timeout=settings.visibility_timeout,
            message_retention_period=settings.retention_days * DAY,
            receive_message_wait_time_seconds=WAIT,
            redrive_policy={"deadLetterTargetArn": dead.arn, "maxReceiveCount": settings.attempts},
            policy=_from_topics(stack, name),
            kms_master_key_id=key,
            sqs_managed_sse_enabled=key is None,
            content_based_deduplication=True if settings.fifo else None,
            deletion_protection=protect,
        )
    )


def _notice(stack: Stack, name: str, settings: Settings) -> None:
    """Tell of a queue that nobody uses, and of tasks that may end later than their messages come again."""
    users = {one: workload for one, workload in stack.config.workloads.items() if name in workload.queues}
    if not users:
        stack.notice(f"queues.{name}: no service and no job names it under `queues`, so that no task may use it")
    for user, workload in users.items():
        seconds = workload.stop_timeout or STOP_TIMEOUT
        if receives(workload.queues[name]) and settings.visibility_timeout < seconds:
            stack.notice(
                f"queues.{name}.visibility_timeout: {settings.visibility_timeout} is less than the {seconds} seconds "
                f"that a task of {user} has to end (stop_timeout), so that another task may get its message meanwhile"
            )


def topic_arn(stack: Stack, name: str) -> str:
    """Return the ARN of a topic, which is known before the topic exists."""
    facts = stack.facts
    return f"arn:{facts.partition}:sns:{facts.region}:{facts.account}:{topics.name_of(stack.name, name)}"


def _from_topics(stack: Stack, name: str) -> Policy:
    """Return the policy that lets its topics put messages into a queue (SNS guide, "Fanout to Amazon SQS queues")."""
    sources = [topic_arn(stack, topic) for topic in topics.feeding(stack.config.topics, name)]
    if not sources:
        return {}
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn(stack, name),
            "Condition": {"ArnEquals": {"aws:SourceArn": sources}},
        }
    )


def queue_arn(stack: Stack, name: str) -> str:
    """Return the ARN of a queue, which is known before the queue exists."""
    facts, settings = stack.facts, stack.config.queues[name]
    called = name_of(stack.name, name, fifo=settings.fifo)
    return f"arn:{facts.partition}:sqs:{facts.region}:{facts.account}:{called}"


def rights(stack: Stack, workload: Workload) -> Iterator[Policy]:
    """Yield the statements for a workload's queues, and for the stack's key, which SQS uses for the caller."""
    given: dict[tuple[str, ...], list[str]] = {}
    for name, right in workload.queues.items():
        given.setdefault(actions(right), []).append(queue_arn(stack, name))
    for allowed, arns in given.items():
        yield {"Effect": "Allow", "Action": [*allowed], "Resource": arns}
    if given and (key := stack.facts.kms_key):
        sends = any(right != "receive" for right in workload.queues.values())
        # a sender needs both (SQS developer guide, "Configure KMS permissions for Amazon SQS")
        yield {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"] if sends else ["kms:Decrypt"],
            "Resource": key,
            "Condition": by_service(stack, "sqs"),
        }


def by_service(stack: Stack, api: str) -> Policy:
    """Return the condition that a service uses the key for the caller (KMS developer guide, kms:ViaService)."""
    domain = "amazonaws.com.cn" if stack.facts.partition == "aws-cn" else "amazonaws.com"
    return {"StringEquals": {"kms:ViaService": f"{api}.{stack.facts.region}.{domain}"}}
