"""The events of a run: plain data, which each renderer shows in its own way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from provisioner.engine.remaining import RemainingWork
from provisioner.engine.words import Action

Verdict = Literal["ok", "warning", "failed", "unknown"]
Result = Literal["created", "changed", "deleted", "unchanged", "adopted", "retained", "not_found"]
"""The results. `not_found`: this stack has no such resource in AWS; its record is dropped."""


@dataclass(frozen=True)
class Event:
    """Base of the events; `type` is the name under which `--json` writes it."""

    type: ClassVar[str]

    def to_dict(self) -> dict[str, Any]:
        """Return the event as one flat JSON object."""
        return {"event": self.type} | asdict(self)


@dataclass(frozen=True)
class RunStarted(Event):
    """A run starts: the command, its stack, and the number of resources that it will look at."""

    type: ClassVar[str] = "run_started"
    command: str
    stack: str
    account: str
    region: str
    total: int


@dataclass(frozen=True)
class RunEstimate(Event):
    """The work ahead of a run, for views that show the remaining time: `--json` does not write it."""

    type: ClassVar[str] = "estimate"
    tasks: Mapping[str, RemainingWork]


@dataclass(frozen=True)
class RunCost(Event):
    """The stack's AWS cost after the run, in US dollars a month as declared: `--json` does not write it.

    `complete` says whether all prices are known.
    """

    type: ClassVar[str] = "cost"
    month: float
    complete: bool = True


@dataclass(frozen=True)
class ResourceQueued(Event):
    """A call that a resource needs waits for its turn, below the rate that AWS allows its API.

    `service` is the name that signs the call, `api` what people call the API.
    """

    type: ClassVar[str] = "queued"
    address: str
    step: str
    service: str
    api: str


@dataclass(frozen=True)
class ResourceStarted(Event):
    """A call that writes is being made for a resource."""

    type: ClassVar[str] = "started"
    address: str
    step: str
    action: Action


@dataclass(frozen=True)
class ResourceProgress(Event):
    """The progress of long work on a resource: a build, a push."""

    type: ClassVar[str] = "progress"
    address: str
    step: str
    text: str


@dataclass(frozen=True)
class ResourceWaiting(Event):
    """A run waits for a resource: the reason, and the seconds so far."""

    type: ClassVar[str] = "waiting"
    address: str
    step: str
    why: str
    seconds: float


@dataclass(frozen=True)
class ResourceDone(Event):
    """A resource is as declared (or gone), after so many seconds; `why` is set if it is kept."""

    type: ClassVar[str] = "done"
    address: str
    step: str
    result: Result
    seconds: float
    id: str | None = None
    why: str = ""


@dataclass(frozen=True)
class ResourceFailed(Event):
    """A resource could not be brought to its declared state; `code` is the family of the error."""

    type: ClassVar[str] = "failed"
    address: str
    step: str
    error: str
    code: str = ""


@dataclass(frozen=True)
class ResourceSkipped(Event):
    """A resource was not started, since one of its dependencies failed."""

    type: ClassVar[str] = "skipped"
    address: str
    step: str
    because: str


@dataclass(frozen=True)
class PlanRefused(Event):
    """A part of the plan cannot be done, so nothing is done: the reason, and its addresses."""

    type: ClassVar[str] = "refused"
    reason: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Notice(Event):
    """One sentence that the user should read, which is not an error."""

    type: ClassVar[str] = "notice"
    text: str


@dataclass(frozen=True)
class StackLeft(Event):
    """A stack that `down --expired` has looked at and not deleted.

    `due` says whether its time is over, or may be: then somebody has to check it.
    """

    type: ClassVar[str] = "left"
    stack: str
    target: str
    why: str
    due: bool = True


@dataclass(frozen=True)
class Checked(Event):
    """One check made beforehand: its subject, the verdict, the finding, and the remedy."""

    type: ClassVar[str] = "checked"
    check: str
    verdict: Verdict
    text: str
    fix: str = ""


@dataclass(frozen=True)
class RunFinished(Event):
    """A run ended: its counts by result, its seconds, and the commands that the user may run next.

    `real_seconds` is the real time of a run on the embedded cloud: its other seconds are AWS's. `unfinished` names
    resources that exist, or may exist, and are not ready. `cost_an_hour` is the stack's cost from now on, in US
    dollars: only of an `up` that went well. `cost_so_far` is the known part of its cost until now: only of a `down`
    that has deleted the whole stack.
    """

    type: ClassVar[str] = "run_finished"
    command: str
    ok: bool
    counts: dict[str, int]
    seconds: float
    next: tuple[str, ...] = ()
    real_seconds: float | None = None
    unfinished: tuple[str, ...] = ()
    cost_an_hour: float | None = None
    cost_so_far: float | None = None


Emit = Callable[[Event], None]
