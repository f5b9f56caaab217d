"""The tables `[queues.NAME]`, and the key `queues` of services and jobs: SQS queues for work that is done later."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal

from provisioner.config import short_names
from provisioner.config import validators as values
from provisioner.config.base import Model, Name, Problem
from provisioner.config.loader import Inconsistent, shown, suggestion
from provisioner.config.long_forms import long_form

Right = Literal[True, "send", "receive"]
"""The rights of a task in a queue: to send, to receive, or (`true`) both."""
Rights = tuple[Name, ...] | Mapping[Name, Right]
"""The forms of `queues`: a list of names, to send and receive, or a table of names and rights."""

SENDING = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage")
RECEIVING = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
)
"""The actions of a consumer; their batches need no others (SQS developer guide, "Amazon SQS API permissions")."""

DEAD = "dead"
"""The end of the names of the queues for dead letters."""
FIFO = ".fifo"
DEAD_DAYS = 14
"""The days that dead letters are kept, the most that SQS allows."""
STOP_TIMEOUT = 30
"""The seconds that a task has to end by default (ECS API, ContainerDefinition, stopTimeout)."""


class Queue(Model):
    """`[queues.NAME]`: an SQS queue, encrypted, and a second one for its dead letters."""

    visibility_timeout: Annotated[int, values.between(0, 43_200, "a visibility timeout in seconds")] = 60
    """Seconds in which no other task gets a message that one has received; then it comes again, unless deleted."""
    attempts: Annotated[int, values.between(1, 1000, "a number of times that SQS delivers a message")] = 5
    """Times that a message is received before it becomes a dead letter, which is kept for 14 days."""
    retention_days: Annotated[
        int, values.between(1, DEAD_DAYS - 1, "a number of days to keep messages, so that dead letters outlive them")
    ] = 4
    """Days after which SQS deletes a message that nobody has worked on."""
    fifo: bool = False
    """Keep the order of messages of a group, and deliver each once; never changes for a queue that stands."""


def read_rights(value: Any) -> Any:
    """Return the key `queues` as a table, from a list of names too.

    Raises:
        ValueError: it is neither. Inconsistent: rights are wrong, by name.
    """
    table = long_form("queues", value)
    if not isinstance(table, Mapping):
        # of the file, not of a type
        raise ValueError(  # noqa: TRY004
            'must be a list of queues, such as ["work"], or a table, such as { work = "send" }'
        )
    wrong = [(str(name), one) for name, one in table.items() if one is not True and one not in ("send", "receive")]
    if wrong:
        choices = 'use true, "send" or "receive"'
        raise Inconsistent([(name, f"{shown(one)} is no right in a queue: {choices}") for name, one in wrong])
    return table


def variable(queue: str) -> str:
    """Return the name of the variable with a queue's URL, in the containers of its users."""
    return f"{queue.upper().replace('-', '_')}_QUEUE_URL"


def name_of(stack: str, queue: str, *, fifo: bool, dead: bool = False) -> str:
    """Return a queue's name on AWS, or that of the queue for its dead letters."""
    end = FIFO if fifo else ""
    name = f"{stack}-{queue}-{DEAD}" if dead else f"{stack}-{queue}"
    return short_names.shortened(name, short_names.QUEUE - len(end)) + end


def actions(right: Right) -> tuple[str, ...]:
    """Return the actions that a right allows on the queue."""
    if right is True:
        return tuple(sorted({*SENDING, *RECEIVING}))
    return SENDING if right == "send" else RECEIVING


def receives(right: Right | None) -> bool:
    """Return whether a right is one to receive."""
    return right is True or right == "receive"


def queue_problems(queues: Mapping[str, Queue], users: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Yield queues that are not declared, and names that dead letters have.

    Args:
        users: the names of the queues of each workload, by the dotted key of its table.
    """
    for key, used in users.items():
        for name in used:
            if name not in queues:
                fix = suggestion(name, queues) if queues else f": add it, or remove {name}"
                yield f"{key}.queues", f"there is no table [queues.{name}]{fix}"
    for name in queues:
        if (other := name.removesuffix(f"-{DEAD}")) != name and other in queues:
            yield f"queues.{name}", f"is the name of the queue for dead letters of queues.{other}: use another name"
