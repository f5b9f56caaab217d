"""A cloud in memory: resources of every sort, lists that lag, calls that are throttled, refused, lost or late.

It is the oracle as well: it knows who made what, and each of its checks raises `Violation` at the call that breaks a
promise. All times are the hub's seconds.
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
"""What calls can meet. `lost` and `server` may or may not have had their effect."""


@dataclass(frozen=True)
class View:
    """What a list shows of a resource."""

    fields: Mapping[str, Any]
    tags: Mapping[str, str]
    deleting: bool = False


@dataclass
class CloudResource:
    """One resource.

    Attributes:
        maker: the address for which the tool made it; empty for what others or AWS itself made.
        ready: from when on it works, and can be changed.
        gone: from when on it is no more; None while nobody has removed it.
        views: what lists show of it: since when it is so, from when on they show it, and what; None: not any more.
        tampered: somebody else has changed its tags, or the user has told the tool to forget it.
        ignored: its last change was accepted and not carried out.
        revisions: of what runs, each revision that was ever begun (`traffic_kinds.Revision`).
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
        """Return the ids of what it cannot do without."""
        many = (*self.fields.get("uses", ()), *self.fields.get("gates", ()), *self.shares())
        return {*many, self.fields.get("whole", ""), self.fields.get("pool", "")} - {""}

    def shares(self) -> dict[str, int]:
        """Return the pools to which a sign leads, each with its weight."""
        return shares(self.fields.get("actions", ()))


@dataclass(frozen=True)
class Weather:
    """What a command meets.

    Attributes:
        faults: each fault with its rate among calls.
        lag: the most seconds after which lists show a change.
        flapping: within these, lists answer now so and now otherwise.
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
    """What happens at a moment by itself; `text` tells of it, if it is to be told."""

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
        """The moment of something that has happened and is told only now."""
        self.weather = Weather()
        self.resources: dict[str, CloudResource] = {}
        self.story: list[str] = []
        self.writes: list[tuple[str, str]] = []
        """Every write that had its effect in this command: operation and address or id."""
        self.tried: list[tuple[str, str]] = []
        """Every write that this command has begun, whatever came of it."""
        self.calls = 0
        self._random = random.Random(f"{seed}/cloud")
        self._lag = random.Random(f"{seed}/lag")
        self._rollouts = random.Random(f"{seed}/rollouts")
        self._coming: list[Coming] = []
        self.watch: Callable[[], None] = lambda: None
        """Looks at what there is whenever something has changed."""

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
        """Let a request be under way; one of a process that dies meanwhile may arrive all the same, and late."""
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
        """Let something happen then by itself."""
        self._coming.append(Coming(moment, act))

    def settle(self) -> None:
        """Carry out, one after the other, what dead processes have sent and what happens by itself by now."""
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
        """Say whether what happens now was sent, or set off, before."""
        return self._past is not None

    def ignores(self) -> bool:
        """Whether a change is accepted and never carried out."""
        return self._random.random() < self.weather.faults.get("ignore", 0.0)

    def fails(self) -> bool:
        """Whether a rollout that begins now will fail."""
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
        """Yield all resources that nobody has begun to remove."""
        return (one for one in self.resources.values() if one.gone is None)

    def there(self) -> list[CloudResource]:
        """Return all resources that are not gone yet."""
        return [one for one in self.resources.values() if one.there(self.now())]

    def get(self, id: str, operation: str) -> CloudResource:
        """Return a resource that is there; refuses like AWS if there is none."""
        one = self.resources.get(id)
        if one is None or not one.there(self.now()):
            raise refusal("InvalidResource.NotFound", operation)
        return one

    def make(
        self, id: str, sort: str, fields: Mapping[str, Any], tags: Mapping[str, str], maker: str, **more: Any
    ) -> CloudResource:
        """Make a resource, and let the lists show it when they have caught up; one that is `unlisted` once it works."""
        delay = more.get("delay", 0.0)
        one = CloudResource(
            id, sort, dict(fields), dict(tags), maker, more.get("token", ""), self.now(), self.now() + delay
        )
        self.resources[id] = one
        self.publish(one, since=one.ready if more.get("unlisted") else None)
        return one

    def publish(self, one: CloudResource, *, shown: bool = True, since: float | None = None) -> None:
        """Let the lists show a resource as it is now, or no longer, when they have caught up with that moment."""
        if since is None:
            since = self.now() if shown else (one.gone or self.now())
        moment = since + self._lag.uniform(0, self.weather.lag)
        if one.views:
            moment = max(moment, one.views[-1][1])
        one.views.append(
            (since, moment, View(dict(one.fields), dict(one.tags), one.gone is not None) if shown else None)
        )

    def remove(self, one: CloudResource, seconds: float) -> None:
        """Begin to remove a resource, which takes so long."""
        if one.gone is None:
            one.gone = self.now() + seconds
            if seconds:
                self.publish(one)
            self.publish(one, shown=False)

    def listed(self, sort: str) -> list[tuple[CloudResource, View]]:
        """Return what the lists show of a sort now."""
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
    """Return the pools to which a sign's actions lead, each with its weight."""
    found: dict[str, int] = {}
    for action in actions:
        if "TargetGroupArn" in action:
            found[action["TargetGroupArn"]] = 1
        for group in action.get("ForwardConfig", {}).get("TargetGroups", ()):
            found[group["TargetGroupArn"]] = group["Weight"]
    return found


def refusal(code: str, operation: str, *, status: int = 400, message: str = "") -> ClientError:
    """Return what boto3 raises when AWS refuses a call."""
    answer: Any = {"Error": {"Code": code, "Message": message or code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)
