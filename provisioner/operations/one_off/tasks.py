"""Start one task, and follow its states, log and exit code until it has stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.aws.errors import explained, explaining, not_found
from provisioner.aws.ownership import tag_pairs
from provisioner.engine.errors import OutcomeUnknown, ProvisionError
from provisioner.operations.inspection.log_reader import Line
from provisioner.operations.one_off.task_settings import Runnable
from provisioner.resources.ecs.cluster import tasks
from provisioner.resources.ecs.problems import why_stopped
from provisioner.state.runtime import Event

if TYPE_CHECKING:
    from provisioner.aws.client import Aws

STARTED_BY = "provision-run"
"""The value of `startedBy` in RunTask."""
TRIES = 5
"""The most calls of RunTask if answers are lost. The client token prevents a second task."""
POLL_SECONDS = 2.0
NEW_SECONDS = 60.0
"""Seconds for which ECS may not show a task that it has just started (API reference, DescribeTasks)."""
LAST_LINES_SECONDS = 3.0
"""Seconds after which CloudWatch Logs has the last lines of a stopped task."""


class NotStarted(ProvisionError):
    """The task did not run its program, or its end is unknown. The exit code 125 is that of `docker run`."""

    code = "task-not-started"
    exit_code = 125


@dataclass(frozen=True)
class Status:
    """A task's change to another status, in ECS's words."""

    task: str
    status: str


@dataclass(frozen=True)
class TaskEnded:
    """The end of a task, with ECS's reason.

    Attributes:
        exit_code: the exit code of its container; None if its program never ran.
        asked: whether the user requested the end.
    """

    task: str
    exit_code: int | None
    reason: str
    asked: bool


def start(aws: Aws, what: Runnable, command: Sequence[str], token: str) -> str:
    """Start one task, and return its ARN.

    Args:
        command: replaces the command of the task definition, unless empty.
        token: the client token; a second call with the same token starts no second task.

    Raises:
        NotStarted: ECS refused the task or had no room for it; the message has ECS's reason.
    """
    override = {"containerOverrides": [{"name": what.name, "command": list(command)}]} if command else {}
    request = {
        "cluster": what.cluster,
        "taskDefinition": what.task_definition,
        "networkConfiguration": {"awsvpcConfiguration": dict(what.network)},
        "startedBy": STARTED_BY,
        "clientToken": token,
        "tags": tag_pairs(aws.inherited, "key", "value"),
        **what.capacity,
        **({"overrides": override} if override else {}),
    }
    answer = _run_task(aws, request)
    if answer["tasks"]:
        return str(answer["tasks"][0]["taskArn"])
    reasons = "; ".join(
        filter(None, (f"{one.get('reason', '')} {one.get('detail', '')}".strip() for one in answer["failures"]))
    )
    raise NotStarted(f"{what.name} did not start: {reasons or 'ECS says no reason'}")


def _run_task(aws: Aws, request: Mapping[str, Any]) -> Any:
    for left in reversed(range(TRIES)):
        try:
            return aws.client("ecs").run_task(**request)
        except OutcomeUnknown:
            if not left:
                raise
            aws.pace.sleep(POLL_SECONDS)
        except (BotoCoreError, ClientError) as error:
            raise NotStarted(f"{explained(error)}") from error
    raise AssertionError("unreachable")


def running(aws: Aws, what: Runnable) -> list[Mapping[str, Any]]:
    """Return the running tasks of a service or job outside any ECS service, the newest first, started by any user."""
    return _outside(aws, what, "RUNNING")


def newest(aws: Aws, what: Runnable) -> Mapping[str, Any] | None:
    """Return the newest running task outside any ECS service, or else the newest stopped one, listed for one hour."""
    return next(iter([*running(aws, what), *_outside(aws, what, "STOPPED")]), None)


def _outside(aws: Aws, what: Runnable, desired: str) -> list[Mapping[str, Any]]:
    with explaining():
        found = tasks(aws, what.cluster, desired, family=what.family)
    alone = [task for task in found if not str(task.get("group", "")).startswith("service:")]
    return sorted(alone, key=lambda task: str(task.get("createdAt", "")), reverse=True)


def follow(aws: Aws, what: Runnable, arn: str, stop: Event) -> Iterator[Status | Line | TaskEnded]:
    """Yield the status changes and log lines of a task until it has stopped; the last item is its end.

    Args:
        stop: an event; once it is set, the task is stopped.

    Raises:
        NotStarted: ECS does not know the task, or not any more.
        ApiError: a call was refused.
    """
    log, began, asked, shown = _Log(aws, what, last(arn)), aws.pace.now(), False, ""
    while True:
        try:
            if stop.is_set() and not asked:
                aws.client("ecs").stop_task(cluster=what.cluster, task=arn, reason="provision run was interrupted")
                asked = True
            found = aws.client("ecs").describe_tasks(cluster=what.cluster, tasks=[arn])["tasks"]
            lines = log.new()
        except (BotoCoreError, ClientError) as error:
            raise explained(error) from error
        if found and (status := str(found[0].get("lastStatus", ""))) != shown:
            shown = status
            yield Status(last(arn), status)
        yield from lines
        if shown == "STOPPED" and found:
            break
        if not found and (shown or aws.pace.now() - began > NEW_SECONDS):
            raise NotStarted(
                f"ECS does not show task {last(arn)} any more, so nobody knows how it ended: see `provision logs "
                f"{what.name}`"
            )
        aws.pace.runtime.sleep(POLL_SECONDS) if asked else stop.wait(POLL_SECONDS)
    aws.pace.runtime.sleep(LAST_LINES_SECONDS)
    yield from log.new()
    yield ended(found[0], what.name, asked=asked)


def ended(task: Mapping[str, Any], container: str, *, asked: bool = False) -> TaskEnded:
    """Return the end of a stopped task, with the exit code of the named container."""
    codes = [one.get("exitCode") for one in task.get("containers", ()) if one.get("name") == container]
    code = next((int(code) for code in codes if code is not None), None)
    return TaskEnded(last(str(task["taskArn"])), code, why_stopped(task), asked)


def last(arn: str) -> str:
    """Return the id of a task: the last part of its ARN."""
    return arn.rpartition("/")[2]


@dataclass
class _Log:
    """A reader of a task's log stream. Each read continues after the last one."""

    aws: Aws
    what: Runnable
    task: str
    place: dict[str, str] = field(default_factory=dict)

    def new(self) -> list[Line]:
        """Return the new lines of the log; none as long as there is no stream."""
        lines: list[Line] = []
        where = {"logGroupName": self.what.log_group, "logStreamName": self.what.log_stream(self.task)}
        while True:
            try:
                answer = self.aws.client("logs").get_log_events(**where, startFromHead=True, **self.place)
            except ClientError as error:
                if not not_found(error, "logs"):
                    raise
                return lines
            lines += [Line(one["timestamp"], self.what.name, self.task, one["message"]) for one in answer["events"]]
            token = answer.get("nextForwardToken", "")
            # at the end of a stream the token stays the same (CloudWatch Logs API, GetLogEvents)
            if not token or token == self.place.get("nextToken"):
                return lines
            self.place = {"nextToken": token}
