"""Starting one task, and watching it to its end: its states, its log, its exit code."""

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
"""What RunTask notes at a task as who started it."""
TRIES = 5
"""How often RunTask is sent whose answer is lost: its token keeps that from starting a second task."""
POLL_SECONDS = 2.0
NEW_SECONDS = 60.0
"""Seconds for which ECS may not show a task that it has just started (API reference, DescribeTasks)."""
LAST_LINES_SECONDS = 3.0
"""Seconds after which CloudWatch Logs has the last lines of a task that has stopped."""


class NotStarted(ProvisionError):
    """The task never ran its program, or nobody knows how that ended; `docker run` ends with 125 as well."""

    code = "task-not-started"
    exit_code = 125


@dataclass(frozen=True)
class Status:
    """A task has come to another state: ECS's word for it."""

    task: str
    status: str


@dataclass(frozen=True)
class TaskEnded:
    """A task has stopped: with which exit code of its container, and why in ECS's words.

    Attributes:
        exit_code: None if its program never ran.
        asked: whether that was because the user asked for it.
    """

    task: str
    exit_code: int | None
    reason: str
    asked: bool


def start(aws: Aws, what: Runnable, command: Sequence[str], token: str) -> str:
    """Start one task, and return its ARN.

    Args:
        command: instead of the one of the task definition, unless empty.
        token: the same one starts no second task.

    Raises:
        NotStarted: ECS refused it, or had no room; with its reason.
    """
    override = {"containerOverrides": [{"name": what.name, "command": list(command)}]} if command else {}
    request = {
        "cluster": what.cluster,
        "taskDefinition": what.task_definition,
        "networkConfiguration": {"awsvpcConfiguration": dict(what.network)},
        "startedBy": STARTED_BY,
        "clientToken": token,
        "tags": tag_pairs(aws.owner, "key", "value"),
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
    """Return the tasks of a service or job that run outside a service, started by anybody; the newest first."""
    return _outside(aws, what, "RUNNING")


def newest(aws: Aws, what: Runnable) -> Mapping[str, Any] | None:
    """Return the newest task outside a service that runs, or else that ended: ECS shows those for an hour."""
    return next(iter([*running(aws, what), *_outside(aws, what, "STOPPED")]), None)


def _outside(aws: Aws, what: Runnable, desired: str) -> list[Mapping[str, Any]]:
    with explaining():
        found = tasks(aws, what.cluster, desired, family=what.family)
    alone = [task for task in found if not str(task.get("group", "")).startswith("service:")]
    return sorted(alone, key=lambda task: str(task.get("createdAt", "")), reverse=True)


def follow(aws: Aws, what: Runnable, arn: str, stop: Event) -> Iterator[Status | Line | TaskEnded]:
    """Yield the status and the output of a task until it has stopped; the last item is its end.

    Args:
        stop: once it is set the task is told to stop.

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
            raise NotStarted(f"ECS does not show task {last(arn)} any more, so nobody knows how it ended")
        aws.pace.runtime.sleep(POLL_SECONDS) if asked else stop.wait(POLL_SECONDS)
    aws.pace.runtime.sleep(LAST_LINES_SECONDS)
    yield from log.new()
    yield ended(found[0], what.name, asked=asked)


def ended(task: Mapping[str, Any], container: str, *, asked: bool = False) -> TaskEnded:
    """Return how a stopped task ended: by the container of that name."""
    codes = [one.get("exitCode") for one in task.get("containers", ()) if one.get("name") == container]
    code = next((int(code) for code in codes if code is not None), None)
    return TaskEnded(last(str(task["taskArn"])), code, why_stopped(task), asked)


def last(arn: str) -> str:
    """Return the id of a task."""
    return arn.rpartition("/")[2]


@dataclass
class _Log:
    """The log stream of a task, read on from where it was read to."""

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
