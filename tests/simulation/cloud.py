"""A cloud in memory: resources of all types, lists that lag, calls that are throttled, refused, lost or late.

It is the oracle as well: it knows the maker of each resource, and its checks raise `Violation` at the call that breaks
a promise. All times are the hub's seconds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from provisioner.engine.errors import OutcomeUnknown
from tests.simulation.hub import Killed, Process, Violation

NOWHERE = "https://cloud.invalid"
FAULTS = ("throttle", "server", "lost", "unreachable", "slow", "refuse", "settling", "ignore")
"""The faults of calls. After `lost` and `server` a call may or may not have had its effect."""


@dataclass(frozen=True)
class View:
    """A resource as a list shows it."""

    fields: Mapping[str, Any]
    tags: Mapping[str, str]
    deleting: bool = False


@dataclass
class CloudResource:
    """One resource.

    Attributes:
        maker: the address for which the tool made it; empty for resources of others or of AWS itself.
        ready: the moment from which it works, and can be changed.
        gone: the moment from which it is gone; None while nobody has removed it.
        views: its views in lists: the moment of the change, the moment when lists show it, and the view; None: gone.
        tampered: somebody else has changed its tags, or the user has told the tool to forget it.
        ignored: its last change was accepted and not carried out.
        revisions: all revisions of a worker that were ever begun (`traffic_kinds.Revision`).
    """

    id: str
    sort: str
    fields: dict[str, Any]
    tags: dict[str, str]
    maker: str
    token: str
    made: float
    ready: float
    gone: float | None = None
    views: list[tuple[float, float, View | None]] = field(default_factory=list)
    tampered: bool = False
    ignored: bool = False
    revisions: list[Any] = field(default_factory=list)

    def there(self, now: float) -> bool:
        return self.gone is None or now < self.gone

    def needs(self) -> set[str]:
        """Return the ids of the resources that it needs."""
        many = (*self.fields.get("uses", ()), *self.fields.get("gates", ()), *self.shares())
        return {*many, self.fields.get("whole", ""), self.fields.get("pool", "")} - {""}

    def shares(self) -> dict[str, int]:
        """Return the pools that a sign leads to, each with its weight."""
        return shares(self.fields.get("actions", ()))


@dataclass(frozen=True)
class Weather:
    """The conditions of a command.

    Attributes:
        faults: the rate of each fault among calls.
        lag: the most seconds after which lists show a change.
        flapping: whether lists switch between old and new within these seconds.
        latency: the most seconds that a call takes one way.
        failing: the rate of rollouts that fail.
    """

    faults: Mapping[str, float] = field(default_factory=dict)
    lag: float = 0.0
    flapping: bool = False
    latency: float = 0.2
    failing: float = 0.0


@dataclass(frozen=True)
class Coming:
    """A scheduled event; `text` describes it for the story, if it is worth a line."""

    moment: float
    act: Callable[[], Any]
    text: str = ""


class Cloud:
    """All resources of an account.

    Args:
        now: tells the time.
    """

    def __init__(self, seed: str, now: Callable[[], float]) -> None:
        self._clock = now
        self._past: float | None = None
        """The moment of a past event while it is being carried out."""
        self.weather = Weather()
        self.resources: dict[str, CloudResource] = {}
        self.story: list[str] = []
        self.writes: list[tuple[str, str]] = []
        """Every write that had its effect in this command: operation and address or id."""
        self.tried: list[tuple[str, str]] = []
        """Every write that this command has begun, with or without success."""
        self.calls = 0
        self._random = random.Random(f"{seed}/cloud")
        self._lag = random.Random(f"{seed}/lag")
        self._rollouts = random.Random(f"{seed}/rollouts")
        self._coming: list[Coming] = []
        self.watch: Callable[[], None] = lambda: None
        """Checks the cloud after every change."""

    def now(self) -> float:
        """Return the world's time."""
        return self._clock() if self._past is None else self._past

    # -- calls -----------------------------------------------------------------------------------------------------

    def call(self, process: Process, operation: str, act: Callable[[], Any], *, write: bool, read_only: bool) -> Any:
        """Let a process make a call: `act` is its effect, carried out when it arrives."""
        if write and read_only:
            raise Violation(f"{operation}, while only reads are allowed")
        process.point()
        self.calls += 1
        if self.calls > 20_000:
            raise Violation("calls without end")
        fault = self._fault(write)
        self._travel(process, act if write else None, fault)
        self.settle()
        refused = write and fault in {"refuse", "settling"}
        if refused or fault in {"throttle", "unreachable"} or (fault == "server" and self._random.random() < 0.5):
            self._report(f"{operation} met {fault}")
            raise self._trouble(fault, operation, write)
        result = act()
        if write:
            self._report(operation)
            self.watch()
        process.point()
        if fault in {"server", "lost"}:
            self._report(f"{operation}: its answer met {fault}")
            raise self._trouble(fault, operation, write)
        process.pause(self.now() + self._random.uniform(0, self.weather.latency))
        process.point()
        return result

    def _travel(self, process: Process, act: Callable[[], Any] | None, fault: str) -> None:
        """Let a request be under way; if its process dies meanwhile, it may still arrive, and late."""
        seconds = self._random.uniform(0, self.weather.latency) + (20.0 if fault == "slow" else 0.0)
        late = self._random.random() < 0.5
        try:
            process.pause(self.now() + seconds)
        except Killed:
            if act and late:
                moment = self.now() + self._random.uniform(0, 5)
                self._coming.append(Coming(moment, act, "a late request of a dead process arrived"))
            raise

    def at(self, moment: float, act: Callable[[], Any]) -> None:
        """Schedule an event."""
        self._coming.append(Coming(moment, act))

    def settle(self) -> None:
        """Carry out, one after the other, the due requests of dead processes and the due events."""
        while due := [coming for coming in self._coming if coming.moment <= self._clock()]:
            first = min(due, key=lambda coming: coming.moment)
            self._coming.remove(first)
            self._past = first.moment
            try:
                first.act()
                if first.text:
                    self._report(first.text)
                self.watch()
            except ClientError:
                continue
            finally:
                self._past = None

    def past(self) -> bool:
        """Return whether the current event belongs to an earlier moment."""
        return self._past is not None

    def ignores(self) -> bool:
        """Return whether a change is accepted and never carried out."""
        return self._random.random() < self.weather.faults.get("ignore", 0.0)

    def fails(self) -> bool:
        """Return whether a rollout that begins now will fail."""
        return self._rollouts.random() < self.weather.failing

    def _fault(self, write: bool) -> str:
        draw = self._random.random()
        for name, rate in self.weather.faults.items():
            draw -= rate if name != "ignore" else 0
            if draw < 0:
                return name
        return ""

    def _trouble(self, fault: str, operation: str, write: bool) -> Exception:
        if fault == "throttle":
            return refusal("Throttling", operation)
        if fault in {"refuse", "settling"}:
            return refusal("ValidationError" if fault == "refuse" else "InvalidResource.NotFound", operation)
        if fault == "unreachable":
            return EndpointConnectionError(endpoint_url=NOWHERE)
        if write:
            return OutcomeUnknown(f"the answer to {operation} was lost")
        if fault == "server":
            return refusal("InternalFailure", operation, status=500)
        return ReadTimeoutError(endpoint_url=NOWHERE)

    def _report(self, text: str) -> None:
        self.story.append(f"{self.now():9.1f}  {text}")

    # -- truth -----------------------------------------------------------------------------------------------------

    def alive(self) -> Iterator[CloudResource]:
        """Yield all resources whose removal has not begun."""
        return (one for one in self.resources.values() if one.gone is None)

    def there(self) -> list[CloudResource]:
        """Return all resources that still exist."""
        return [one for one in self.resources.values() if one.there(self.now())]

    def get(self, id: str, operation: str) -> CloudResource:
        """Return a resource that exists; refuse like AWS if it does not."""
        one = self.resources.get(id)
        if one is None or not one.there(self.now()):
            raise refusal("InvalidResource.NotFound", operation)
        return one

    def make(
        self, id: str, sort: str, fields: Mapping[str, Any], tags: Mapping[str, str], maker: str, **more: Any
    ) -> CloudResource:
        """Create a resource, and let lists show it after their lag; an `unlisted` one only once it works."""
        delay = more.get("delay", 0.0)
        one = CloudResource(
            id, sort, dict(fields), dict(tags), maker, more.get("token", ""), self.now(), self.now() + delay
        )
        self.resources[id] = one
        self.publish(one, since=one.ready if more.get("unlisted") else None)
        return one

    def publish(self, one: CloudResource, *, shown: bool = True, since: float | None = None) -> None:
        """Let lists show a resource's present state, or its absence, after their lag."""
        if since is None:
            since = self.now() if shown else (one.gone or self.now())
        moment = since + self._lag.uniform(0, self.weather.lag)
        if one.views:
            moment = max(moment, one.views[-1][1])
        one.views.append(
            (since, moment, View(dict(one.fields), dict(one.tags), one.gone is not None) if shown else None)
        )

    def remove(self, one: CloudResource, seconds: float) -> None:
        """Begin to remove a resource, which takes so many seconds."""
        if one.gone is None:
            one.gone = self.now() + seconds
            if seconds:
                self.publish(one)
            self.publish(one, shown=False)

    def listed(self, sort: str) -> list[tuple[CloudResource, View]]:
        """Return the resources of a type with their views in lists now."""
        ones = [one for one in self.resources.values() if one.sort == sort]
        return [(one, view) for one in ones if (view := self._seen(one))]

    def _seen(self, one: CloudResource) -> View | None:
        now, shown = self.now(), None
        for since, moment, view in one.views:
            early = self.weather.flapping and since <= now < moment and self._lag.random() < 0.5
            if now < moment and not early:
                break
            shown = view
        return shown


def shares(actions: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return the pools that a sign's actions lead to, each with its weight."""
    found: dict[str, int] = {}
    for action in actions:
        if "TargetGroupArn" in action:
            found[action["TargetGroupArn"]] = 1
        for group in action.get("ForwardConfig", {}).get("TargetGroups", ()):
            found[group["TargetGroupArn"]] = group["Weight"]
    return found


def refusal(code: str, operation: str, *, status: int = 400, message: str = "") -> ClientError:
    """Return boto3's error for a refused call."""
    answer: Any = {"Error": {"Code": code, "Message": message or code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)
