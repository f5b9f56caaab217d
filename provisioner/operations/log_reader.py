"""What the services wrote to their log groups, oldest first, and what they go on to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.aws.errors import explained, not_found
from provisioner.engine.errors import ConfigurationError

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.model import State

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
POLL_SECONDS = 2.0
LATE_SECONDS = 10
"""CloudWatch Logs may show an event some seconds after a later one of another stream."""
GROUP = "log_group/service-"


@dataclass(frozen=True)
class Line:
    """One event: when (milliseconds since the epoch), of which service and which task, and what it says."""

    time: int
    service: str
    task: str
    text: str


def span(text: str) -> int:
    """Return the seconds that `90s`, `10m`, `2h` or `1d` stand for.

    Raises:
        ConfigurationError: it is none of these.
    """
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if not found:
        raise ConfigurationError(f'--since {text!r} is not a duration: write a number and s, m, h or d, such as "10m"')
    return int(found[1]) * UNITS[found[2]]


def groups(state: State, services: Sequence[str]) -> dict[str, str]:
    """Return the log groups by service: of those named, or of all.

    Raises:
        ConfigurationError: one has no log group in the state; those that have are named.
    """
    known = {a.removeprefix(GROUP): str(r.id) for a, r in state.records.items() if a.startswith(GROUP) and r.id}
    for name in services:
        if name not in known:
            there = (
                f"there are {', '.join(sorted(known))}"
                if known
                else "the stack has not been created yet. Run `provision up`"
            )
            raise ConfigurationError(f"there is no service {name} with logs: {there}")
    return {name: known[name] for name in services or sorted(known)}


def lines(
    aws: Aws, wanted: Mapping[str, str], since: float, *, follow: bool, on_missing: Callable[[str], None]
) -> Iterator[Line]:
    """Yield the events since a moment (seconds since the epoch) in the order of time, and with `follow` for ever.

    Args:
        wanted: the log groups by service.
        on_missing: is told once of each service whose log group is not there.

    Raises:
        ApiError: a read was refused.
    """
    seen: set[str] = set()
    reported: set[str] = set()
    while True:
        began = aws.pace.time()
        found: list[tuple[Line, str]] = []
        for name, group in wanted.items():
            try:
                found += _read(aws, name, group, since)
            except Exception as error:
                if not not_found(error, "logs"):
                    raise explained(error) from error
                if name not in reported:
                    reported.add(name)
                    on_missing(name)
        fresh = [(line, key) for line, key in found if key not in seen]
        seen = {key for _, key in found}
        yield from (line for line, _ in sorted(fresh, key=lambda one: one[0].time))
        if not follow:
            return
        since = max(since, began - LATE_SECONDS)
        # whoever follows only looks on: a rehearsal's time passes for the others' sake
        with aws.pace.runtime.watching():
            aws.pace.runtime.sleep(POLL_SECONDS)


def _read(aws: Aws, service: str, group: str, since: float) -> Iterator[tuple[Line, str]]:
    """Yield the events of a group, each with its id."""
    search: dict[str, Any] = {"logGroupName": group, "startTime": max(0, int(since * 1000))}
    for event in aws.pages("logs", "filter_log_events", "events", **search):
        task = event["logStreamName"].rpartition("/")[2]
        yield Line(event["timestamp"], service, task, event["message"]), event["eventId"]
