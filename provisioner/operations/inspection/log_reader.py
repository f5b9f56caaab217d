"""What services and jobs wrote to their log groups, oldest first, and what they go on to write.

A log group has the streams of all tasks of its service or job, of those that have stopped and of scheduled runs too. So
a deployment that replaces tasks changes nothing for whoever reads the group.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from provisioner.aws.errors import NO_CONNECTION, code_of, explained, not_found, out_of_reach, rate_exceeded
from provisioner.aws.pages import BadList
from provisioner.config.loader import suggestion
from provisioner.config.time_spans import span
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context import signals
from provisioner.operations.inspection.log_window import Event, Window
from provisioner.operations.inspection.selection import named

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import State

POLL_SECONDS = 2.0
PATIENCE_SECONDS = 600.0
"""For how long CloudWatch Logs may throttle, fail or be out of reach before whoever follows gives up."""
GROUP = "log_group/service-"


@dataclass(frozen=True)
class Line:
    """One event: when (milliseconds since the epoch), of which service or job, task and container, and what it says."""

    time: int
    service: str
    task: str
    text: str
    container: str = ""

    @property
    def whose(self) -> str:
        """The service or job, and behind a dot its sidecar."""
        own = self.container in ("", self.service)
        return self.service if own else f"{self.service}.{self.container}"


def since(text: str) -> Callable[[float], float]:
    """Return what tells the moment that `90s`, `1h30m`, `2026-11-29` or `2026-11-29T09:30:00Z` means, by the present.

    Moments are seconds since the epoch. An instant without an offset is one of this machine's zone, as the times of
    lines are.

    Raises:
        ConfigurationError: it is none of these; or, when the present is told, it lies ahead.
    """
    if (back := span(text)) is not None:
        return lambda now: max(0.0, now - back)
    try:
        moment = datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ConfigurationError(
            f'--since {text!r} is neither a duration, such as "15m" or "1h30m", nor an instant, such as '
            '"2026-11-29T09:30" (on this machine\'s clock) or "2026-11-29T00:30:00Z"'
        ) from None

    def past(now: float) -> float:
        if moment > now:
            raise ConfigurationError(f"--since {text} lies ahead: write an instant that has passed")
        return max(0.0, moment)

    return past


def groups(options: Options, config: Config, state: State, names: Sequence[str]) -> dict[str, str]:
    """Return the log groups by service or job: of those named, or of all.

    Raises:
        ConfigurationError: one has no log group in the state.
    """
    known = {a.removeprefix(GROUP): str(r.id) for a, r in state.records.items() if a.startswith(GROUP) and r.id}
    return named(options, config, known, names, "service or job", config.workloads)


def having(config: Config, wanted: Mapping[str, str], container: str) -> dict[str, str]:
    """Return those of the log groups in which a container writes.

    Raises:
        ConfigurationError: none of these services and jobs has it.
    """
    containers = {name: [name, *config.workloads[name].sidecars] for name in wanted if name in config.workloads}
    if not (found := {name: wanted[name] for name, there in containers.items() if container in there}):
        known = sorted({one for there in containers.values() for one in there})
        there = suggestion(container, known) if known else ""
        raise ConfigurationError(f"--container {container}: {', '.join(wanted) or 'the stack'} has none{there}")
    return found


@dataclass
class Group:
    """A log group, what was read of it, and how the look at it gets on.

    Attributes:
        container: the only one that is read; empty: all are.
        token: leads to the next page of a look that has begun.
        failing_since: since when it cannot be read, by the run's clock; None: it can.
        failure: what ended this look.
    """

    name: str
    id: str
    window: Window
    container: str = ""
    token: str = ""
    missing: bool = False
    failing_since: float | None = None
    failure: Exception | None = None


def lines(
    aws: Aws,
    wanted: Mapping[str, str],
    start: float,
    *,
    follow: bool,
    on_missing: Callable[[str], None],
    on_trouble: Callable[[str, str], None],
    container: str = "",
) -> Iterator[Line]:
    """Yield the events since a moment (seconds since the epoch) in the order of time, and with `follow` for ever.

    What comes late is yielded when it comes. No event comes twice. A signal ends this, by no exception, and what had
    been read by then is still yielded: so the caller has to have signals `held`.

    Args:
        wanted: the log groups by service or job.
        on_missing: is told once of each service or job whose log group is not there.
        on_trouble: is told of each whose group cannot be read just now, and why, once for as long as that lasts.
        container: the only one whose events are wanted.

    Raises:
        ApiError: a read was refused, or for too long a time none succeeded. What was read is yielded before.
    """
    read = [Group(name, group, Window(int(start * 1000)), container) for name, group in wanted.items()]
    while True:
        yield from heapq.merge(*(look(aws, group) for group in read), key=lambda line: line.time)
        if signals.interrupted():
            return
        for group in read:
            _judge(aws, group, follow, on_missing, on_trouble)
        if not follow or not _waited(aws):
            return


def _waited(aws: Aws) -> bool:
    """Let time pass until the next look; return whether there is to be one."""
    try:
        # whoever follows only looks on: a rehearsal's time passes for the others' sake
        with signals.at_once(), aws.pace.runtime.watching():
            aws.pace.runtime.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return False
    return True


def look(
    aws: Aws, group: Group, interruptible: Callable[[], AbstractContextManager[None]] = signals.at_once
) -> Iterator[Line]:
    """Yield what is new in a group, page by page. What ends it early is noted there, so that nothing read is lost.

    Args:
        interruptible: the context in which a page is read: no signal reaches a thread that is not the main one.
    """
    group.failure, window = None, group.window
    if not group.token:
        window.begin(int(aws.pace.time() * 1000))
    more = True
    while more and not signals.interrupted():
        events: Sequence[Event] = ()
        try:
            with interruptible():
                events = _page(aws, group)
            more = bool(group.token)
        except KeyboardInterrupt:
            more = False
        except Exception as error:  # noqa: BLE001 (it is judged when all that was read has been yielded)
            group.failure, more = error, False
        found = window.fresh(events)
        if not (more or group.token or group.failure):
            window.end()
        for event in found:
            # awslogs names a stream so: prefix/container/task
            *before, task = str(event.get("logStreamName", "")).split("/")
            container = before[-1] if len(before) > 1 else ""
            yield Line(int(event.get("timestamp", 0)), group.name, task, str(event.get("message", "")), container)


def _page(aws: Aws, group: Group) -> Sequence[Event]:
    """Return the events of the next page: none is no sign that there are no more (API reference, FilterLogEvents)."""
    request: dict[str, Any] = {"logGroupName": group.id, "startTime": group.window.start}
    if group.container:
        request["logStreamNamePrefix"] = f"{group.name}/{group.container}/"
    if group.token:
        request["nextToken"] = group.token
    answer = aws.client("logs").filter_log_events(**request)
    token = str(answer.get("nextToken") or "")
    if token and token == group.token:
        raise BadList("logs", "filter_log_events")
    group.token = token
    events: Sequence[Event] = answer.get("events") or ()
    return events


def _judge(
    aws: Aws,
    group: Group,
    follow: bool,
    on_missing: Callable[[str], None],
    on_trouble: Callable[[str, str], None],
) -> None:
    """Say what became of a look that failed.

    Raises:
        ApiError: going on would not help.
    """
    error = group.failure
    if error is None:
        group.failing_since = None
    elif not_found(error, "logs"):
        group.token = ""
        if not group.missing:
            group.missing = True
            on_missing(group.name)
    elif not (follow and _passes(aws, error)):
        raise explained(error) from error
    elif group.failing_since is None:
        group.failing_since = aws.pace.now()
        on_trouble(group.name, code_of(error) or f"{error}".rstrip("."))
    elif aws.pace.now() - group.failing_since > PATIENCE_SECONDS:
        raise explained(error) from error


def _passes(aws: Aws, error: Exception) -> bool:
    """Say whether an error is gone in a while: an embedded cloud that has ended does not come back at its address."""
    if aws.endpoint and isinstance(error, NO_CONNECTION):
        return False
    return rate_exceeded(error) or out_of_reach(error)
