"""Read the log groups of services and jobs, oldest event first, and follow them on request.

A log group contains the streams of all tasks of its service or job, including stopped tasks and scheduled runs. So a
deployment that replaces tasks does not interrupt a reader of the group.
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
"""Seconds for which CloudWatch Logs may throttle, fail or be out of reach before `--follow` ends with an error."""
GROUP = "log_group/service-"


@dataclass(frozen=True)
class Line:
    """One log event: its time (milliseconds since the epoch), service or job, task, container and text."""

    time: int
    service: str
    task: str
    text: str
    container: str = ""

    @property
    def whose(self) -> str:
        """The name of the service or job, plus a dot and the sidecar's name if a sidecar wrote the line."""
        own = self.container in ("", self.service)
        return self.service if own else f"{self.service}.{self.container}"


def since(text: str) -> Callable[[float], float]:
    """Parse `--since` into a function from the current time to the first moment to read.

    Accepts `90s`, `1h30m`, `2026-11-29` and `2026-11-29T09:30:00Z`. All moments are seconds since the epoch. An instant
    without an offset is in this machine's time zone, like the times of printed lines.

    Raises:
        ConfigurationError: the text has none of these forms. The function raises it for an instant in the future.
    """
    if (back := span(text)) is not None:
        return lambda now: max(0.0, now - back)
    try:
        moment = datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ConfigurationError(
            f'--since {text!r} is neither a duration nor an instant: write "15m" or "1h30m", or an instant such as '
            '"2026-11-29T09:30" (on this machine\'s clock) or "2026-11-29T00:30:00Z"'
        ) from None

    def past(now: float) -> float:
        if moment > now:
            raise ConfigurationError(f"--since {text} lies ahead: write an instant that has passed")
        return max(0.0, moment)

    return past


def groups(options: Options, config: Config, state: State, names: Sequence[str]) -> dict[str, str]:
    """Return the recorded log groups of the named services and jobs, or of all, by name.

    Raises:
        ConfigurationError: a name has no log group in the state.
    """
    known = {a.removeprefix(GROUP): str(r.id) for a, r in state.records.items() if a.startswith(GROUP) and r.id}
    return named(options, config, known, names, "service or job", config.workloads)


def having(config: Config, wanted: Mapping[str, str], container: str) -> dict[str, str]:
    """Return the log groups whose service or job has this container.

    Raises:
        ConfigurationError: none of these services and jobs has the container.
    """
    containers = {name: [name, *config.workloads[name].sidecars] for name in wanted if name in config.workloads}
    if not (found := {name: wanted[name] for name, there in containers.items() if container in there}):
        known = sorted({one for there in containers.values() for one in there})
        there = suggestion(container, known) if known else ""
        raise ConfigurationError(f"--container {container}: {', '.join(wanted) or 'the stack'} has none{there}")
    return found


@dataclass
class Group:
    """A log group with the position of its reader.

    Attributes:
        container: read only this container; empty: all containers.
        token: the token of the next page of an unfinished read.
        failing_since: the time of the first failed read, by the run's clock; None: reads do not fail.
        failure: the error that ended the last read; None: it ended without one.
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
    """Yield the events since a moment (seconds since the epoch) in the order of time; with `follow`, for ever.

    A late event is yielded when it arrives. No event is yielded twice. A signal ends the iteration without an
    exception, after the events that were read so far: the caller must have signals `held`.

    Args:
        wanted: the log groups by service or job.
        on_missing: called once with each service or job whose log group does not exist.
        on_trouble: called with a service or job and the reason when its group becomes unreadable for a while.
        container: yield only events of this container; empty: of all.

    Raises:
        ApiError: a read was refused, or no read succeeded for too long. The events read so far are yielded first.
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
    """Wait until the next read is due. Return False if a signal ended the wait."""
    try:
        # a follower waits by the machine's clock: it must not make the time of a rehearsal pass
        with signals.at_once(), aws.pace.runtime.watching():
            aws.pace.runtime.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return False
    return True


def look(
    aws: Aws, group: Group, interruptible: Callable[[], AbstractContextManager[None]] = signals.at_once
) -> Iterator[Line]:
    """Yield the new events of a group, page by page. An error is kept in `group.failure`, so no read event is lost.

    Args:
        interruptible: the context of each page's read; a thread other than the main one passes an empty context,
            because signals do not reach it.
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
        except Exception as error:  # noqa: BLE001 (`_judge` handles it after all read events are yielded)
            group.failure, more = error, False
        found = window.fresh(events)
        if not (more or group.token or group.failure):
            window.end()
        for event in found:
            # the awslogs driver names a stream prefix/container/task
            *before, task = str(event.get("logStreamName", "")).split("/")
            container = before[-1] if len(before) > 1 else ""
            yield Line(int(event.get("timestamp", 0)), group.name, task, str(event.get("message", "")), container)


def _page(aws: Aws, group: Group) -> Sequence[Event]:
    """Return the events of the next page. An empty page need not be the last one (API reference, FilterLogEvents)."""
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
    """Report the failure of the last read of a group, if it failed.

    Raises:
        ApiError: another read would not help, or reads have failed for `PATIENCE_SECONDS`.
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
