"""The tables `[topics.NAME]`, and the key `topics` of services and jobs: SNS topics, each message to several queues."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from provisioner.config import short_names
from provisioner.config import validators as values
from provisioner.config.base import LIST, Model, Name, Problem
from provisioner.config.loader import shown, suggestion
from provisioner.config.queues import Queue

PUBLISHING = ("sns:Publish",)
"""The action of a publisher; a batch needs no other (Service Authorization Reference, Amazon SNS)."""
OWN = "alarms"
"""The name of the topic that the alarms have, in addresses and at the end of its name on AWS."""


class Topic(Model):
    """`[topics.NAME]`: an SNS topic, from which queues of the stack get each message."""

    queues: Annotated[tuple[Name, ...], LIST, values.unique("queue")] = ()
    """Queues that get each message, as it was published."""


def variable(topic: str) -> str:
    """Return the name of the variable with a topic's ARN, in the containers of its publishers."""
    return f"{topic.upper().replace('-', '_')}_TOPIC_ARN"


def name_of(stack: str, topic: str) -> str:
    """Return a topic's name on AWS."""
    return short_names.shortened(f"{stack}-{topic}", short_names.TOPIC)


def feeding(topics: Mapping[str, Topic], queue: str) -> list[str]:
    """Return the topics from which a queue gets messages."""
    return [name for name, topic in topics.items() if queue in topic.queues]


def topic_problems(
    topics: Mapping[str, Topic], queues: Mapping[str, Queue], users: Mapping[str, Collection[str]]
) -> Iterator[Problem]:
    """Yield topics and queues that are not declared, a name that is taken, and queues that no topic can serve.

    Args:
        users: the names of the topics of each workload, by the dotted key of its table.
    """
    for key, used in users.items():
        for name in used:
            if name not in topics:
                fix = suggestion(name, topics) if topics else f": add it, or remove {name}"
                yield f"{key}.topics", f"there is no table [topics.{name}]{fix}"
    for name, topic in topics.items():
        if name == OWN:
            yield f"topics.{name}", "is the name of the topic of [alarms]: use another name"
        for queue in topic.queues:
            if queue not in queues:
                yield f"topics.{name}.queues", f"there is no queue {shown(queue)}{suggestion(queue, queues)}"
            elif queues[queue].fifo:
                why = "a topic serves no FIFO queue (SNS has FIFO topics for that, which there are not here)"
                yield f"topics.{name}.queues", f"{queue} has fifo = true, and {why}: use a queue without it"
