"""The numbers of messages in queues, which SQS reports to CloudWatch each minute.

Source: SQS developer guide, "Available CloudWatch metrics for Amazon SQS". A minute's number is noted when somebody
first looks after it; minutes that nobody has looked at have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from moto.sqs.models import sqs_backends

from ecs_emulator.clock import CLOCK
from ecs_emulator.patch import on_reset

NAMESPACE = "AWS/SQS"
METRICS = {
    "ApproximateNumberOfMessagesVisible": "approximate_number_of_messages",
    "ApproximateNumberOfMessagesNotVisible": "approximate_number_of_messages_not_visible",
    "ApproximateNumberOfMessagesDelayed": "approximate_number_of_messages_delayed",
}
"""The metrics that are counted here, and moto's names of the numbers."""
_MINUTE = 60
_known: dict[tuple[str, str, str, str], dict[int, float]] = {}
"""By account, Region, queue and metric: the numbers by minute, counted from the epoch."""
on_reset(_known.clear)


def length(account: str, region: str, queue: str, metric: str, minute: int) -> float | None:
    """Return a number of messages in a minute, and note the present one; None if it is not known."""
    known = _known.setdefault((account, region, queue, metric), {})
    there = sqs_backends[account][region].queues.get(queue)
    if there is not None:
        known.setdefault(int(CLOCK.time()) // _MINUTE - 1, float(getattr(there, METRICS[metric])))
    return known.get(minute)


def lengths(account: str, region: str, queue: str, metric: str, minutes: Iterable[int]) -> Iterator[float]:
    """Yield the known numbers of messages in some minutes."""
    for minute in minutes:
        if (found := length(account, region, queue, metric, minute)) is not None:
            yield found
