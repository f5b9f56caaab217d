"""The progress of a service: its tasks, and its newest deployment, as ECS shows them beside the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from provisioner.engine.errors import Failed
from provisioner.resources.ecs import pauses, stopping
from provisioner.resources.ecs.deployments import ROLLING, as_asked, strategy_of
from provisioner.resources.ecs.problems import newest, rollout, standing

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.resource import Observed
    from provisioner.resources.ecs.reads import Read


class RolloutFailed(Failed):
    """A service's roll-out has failed.

    Attributes:
        cause: in a few words. last_line: the last line of a failed task's log.
        stopped: whether ECS had to be told to give it up.
    """

    def __init__(self, reason: str, shown: Progress) -> None:
        super().__init__(reason)
        self.stopped, self.last_line = shown.judged, shown.last_line
        self.cause = shown.cause or shown.rollout_reason


PROGRESS = "progress"
"""The detail of an observed service that holds its progress."""


@dataclass(frozen=True)
class Progress:
    """The tasks of a service, and the progress of its newest deployment.

    Attributes:
        running_count: all running tasks. running_new, pending_new: the tasks of the newest deployment.
        rollout_state: IN_PROGRESS, COMPLETED or FAILED. rollout_reason: ECS's reason if this is not the wanted state.
        failed: whether the deployment cannot succeed any more by itself.
        undone: whether ECS rolls back to another revision.
        strategy, stage: ECS's words. weight: the share of the traffic in percent; None if ECS gives none.
        pauses: the pauses at which the deployment waits for a person.
        other_hooks: the hooks of the deployment configuration that are no pauses.
        problem: the known reason why tasks fail.
        runs: the ARN of the running revision. began: when the newest deployment began.
        keeps_count: whether nothing but this stack changes the number of tasks, so that `up` waits for all of them.
        deployed: the ARN of a newer revision that somebody else deployed, and that stays.
        rolled_back: why ECS rolled the requested revision back, as a sentence. last_lines: the last lines of its log.
        held: whether the rolled back revision is not tried again. undone_fields: the fields in which ECS runs something
            else than that revision.
        judged: whether the deployment has failed by this tool's judgement, and ECS can still return to the former one.
        cause, last_line: see `problems.Rollout`.
        former: the revision to which ECS would return from the deployment under way. at_once: whether this run asks
            for a revision without steps, bake time and pauses.
    """

    running_count: int = 0
    running_new: int = 0
    pending_new: int = 0
    rollout_state: str = ""
    rollout_reason: str = ""
    failed: bool = False
    undone: bool = False
    strategy: str = ROLLING
    stage: str = ""
    weight: float | None = None
    pauses: Sequence[pauses.Pause] = ()
    other_hooks: Sequence[Mapping[str, Any]] = ()
    problem: str = ""
    runs: str = ""
    began: datetime | None = None
    keeps_count: bool = False
    deployed: str = ""
    rolled_back: str = ""
    last_lines: str = ""
    held: bool = False
    undone_fields: frozenset[str] = frozenset()
    judged: bool = False
    cause: str = ""
    last_line: str = ""
    former: stopping.Former | None = None
    at_once: bool = False


def progress_of(live: Observed) -> Progress:
    """Return the progress of an observed service."""
    progress: Progress = live.details.get(PROGRESS, Progress())
    return progress


def read_progress(aws: Aws, read: Read) -> Progress:
    """Return the progress of a service that was read."""
    service, deployment = read.service, read.deployment
    primary, state = newest(service), rollout(aws, service, deployment, read.stopped)
    stage = deployment.stage if deployment else ""
    former = stopping.former(service, stage)
    return Progress(
        running_count=service["runningCount"],
        running_new=primary.get("runningCount", service["runningCount"]),
        pending_new=primary.get("pendingCount", service.get("pendingCount", 0)),
        rollout_state=state.state,
        rollout_reason=state.reason,
        failed=state.failed and not state.undone and not (state.judged and former),
        # ECS may return to what is wanted
        undone=state.undone and state.state != "COMPLETED" and not wanted(read),
        strategy=strategy_of(service),
        stage=stage,
        weight=deployment.weight if deployment else None,
        pauses=deployment.pauses if deployment else (),
        other_hooks=pauses.others(service.get("deploymentConfiguration", {})),
        problem=state.problem,
        runs=service.get("taskDefinition", ""),
        began=primary.get("createdAt"),
        judged=state.judged and former is not None,
        cause=state.cause,
        last_line=state.last_line,
        former=former,
        at_once=aws.at_once,
    )


def wanted(read: Read) -> bool:
    """Return whether a service has the revision that is declared."""
    return bool(read.requests) and as_asked(read.service, read.requests[:1])


def describe(live: Observed) -> str:
    """Describe a deployment's progress: its own tasks, and whether tasks of the previous one are left."""
    shown, wanted = progress_of(live), live.attributes["desired_count"]
    new = min(shown.running_new, shown.running_count)
    weight = "" if shown.weight is None else f" with {shown.weight:g} % of the traffic"
    stage = f"{shown.strategy} {shown.stage}".strip()
    text = f"{'' if shown.strategy == ROLLING else f'{stage}{weight}, '}{new}/{wanted} running"
    revision = live.attributes["task_definition"].rpartition("/")[2]
    text = f"{revision}: {text}{f', {shown.pending_new} pending' if shown.pending_new else ''}"
    if shown.running_count > new:
        text = f"{text}, old tasks still running"
    if shown.pauses:
        return f"{text}, {pauses.told(live.attributes['service_name'], shown.pauses)}"
    if shown.running_count > new:
        return text
    completed = shown.rollout_state == "COMPLETED"
    return f"{text}, waiting for ECS to complete the deployment" if new >= wanted and not completed else text


def causes(aws: Aws, live: Observed) -> str:
    """Describe the last event and the last failed task of a service that is not ready in time."""
    return standing(aws, live.attributes["cluster"], live.attributes["service_name"])
