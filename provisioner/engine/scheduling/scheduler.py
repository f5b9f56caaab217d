"""Schedule both directions: act on each resource once its dependencies are reached, and watch waiting ones."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from heapq import heappop, heappush
from itertools import count
from math import inf

from provisioner.engine import own_code
from provisioner.engine.clock import Pace
from provisioner.engine.declaration import Dependency
from provisioner.engine.error_codes import error_code
from provisioner.engine.errors import Interrupted, ProvisionError, SomeFailed, TimedOut
from provisioner.engine.events import Emit, ResourceFailed, ResourceSkipped, ResourceWaiting
from provisioner.engine.resource import Resource
from provisioner.engine.timeline import Moments
from provisioner.state.model import StateError

JOBS = 128
"""Looks and acts under way at once."""
MAX_ACTS_PER_TYPE = 8
"""Acts on resources of one type under way at once. So waits for one API's rate delay no other resource type, and delay
a more urgent resource by these few acts at most."""
HEARTBEAT = 0.25
"""The longest seconds that the loop waits for its futures, so that it notices an interruption."""

SLOW_POLL_INTERVAL = 30.0
"""Seconds between two looks at a resource that cannot be ready yet: the interval of AWS's waiter for a database."""


class Until(IntEnum):
    """The aims of waits, from the soonest to the longest."""

    ANSWERED = 0
    """AWS answers again."""
    ACCEPTED = 1
    """AWS accepts a call, or shows whether it did."""
    SHOWN = 2
    """AWS shows a change that it accepted."""
    READY = 3
    """The resource works, or is gone."""


@dataclass(frozen=True)
class Wait:
    """A resource is not finished: the reason, the most seconds to wait, and whether to act again or only to look.

    The timeout runs from the resource's first wait of this kind. It begins anew after a wait with a later aim
    (`until`), since a second outage is a new one. Rounds of waits still end: the timeout of the latest aim never begins
    anew.

    Attributes:
        why: the words for the user; they may differ at each look.
        until: the aim.
        retry: whether to act again, or only to look.
        about: distinguishes waits with the same aim that have different subjects.
        blockers: asks AWS for the cause of the delay, once the timeout has run out.
    """

    why: str
    timeout: float
    until: Until
    retry: bool = False
    about: str = ""
    blockers: Callable[[], str] = field(default=str, compare=False)


@dataclass(frozen=True)
class Node:
    """One resource to work on. Of the nodes that can begin, the one whose chain takes the most `seconds` is first.

    Attributes:
        ends_after: the addresses that must end first. It may begin before them, but is not looked at until then.
        least: the least seconds that AWS works on it after the call.
    """

    address: str
    resource_type: type[Resource]
    step: str
    dependencies: Sequence[Dependency]
    seconds: float = 0.0
    ends_after: Sequence[str] = ()
    least: float = 0.0


@dataclass
class _WaitState:
    """A waiting resource: its wait, the next look (seconds of the run's clock), and the words shown last."""

    wait: Wait
    next: float
    shown: str


Outcome = Wait | None | Exception
"""The outcome of a look or an act: a wait, None when finished, or an error."""

Job = Callable[[], Mapping[str, Outcome]]
"""The work of a thread, a look at resources or an act on one: returns the outcomes by address."""


@dataclass(frozen=True)
class _Running:
    """A job under way: its resources, and if it is an act, their resource type."""

    addresses: Sequence[str]
    acts_on: type[Resource] | None = None


class Scheduler:
    """Walks a graph of resources. Its cost grows with the number of resources and edges, not with their product.

    Args:
        nodes: the resources to work on.
        act: acts on one resource; returns a wait, or None when it is finished. Called in threads.
        look: looks at all waiting resources of one type at once. Called in threads.
        reached: returns whether a dependency is reached, given the addresses that were acted on and the finished ones.
            It may become true only with an outcome of the needed resource, and then stays true.
        moments: receives the begin and the end of the work on each resource.
        deadline: the moment of the run's clock after which every wait times out.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        act: Callable[[str], Wait | None],
        look: Callable[[type[Resource], Sequence[str]], Mapping[str, Outcome]],
        reached: Callable[[Dependency, set[str], set[str]], bool],
        emit: Emit,
        pace: Pace,
        moments: dict[str, Moments],
        deadline: float = inf,
    ) -> None:
        self._nodes = {node.address: node for node in nodes}
        self._act, self._look, self._reached, self._emit, self._pace = act, look, reached, emit, pace
        self._moments, self._deadline = moments, deadline
        self._last_missing = {node.address: node.dependencies[-1].address for node in nodes if node.dependencies}
        """By address, the dependency that was found missing last; the resource's last dependency if none ever was."""
        self._missing: dict[str, tuple[Dependency, Iterator[Dependency]]] = {}
        """For each resource that is not begun: the dependency that it waits for, and the dependencies after it."""
        self._held: dict[str, list[str]] = {}
        """For each address, the resources that wait for it."""
        self._looks: deque[tuple[Job, Sequence[str]]] = deque()
        self._acts: list[tuple[float, int, str, Job]] = []
        """The resources to act on, the most urgent first; of equally urgent ones, the first to come."""
        self._crowded: dict[type[Resource], list[tuple[float, int, str, Job]]] = {}
        """The same for resource types that already have `MAX_ACTS_PER_TYPE` acts under way."""
        self._acts_running: Counter[type[Resource]] = Counter()
        self._count = count()
        self._running: dict[Future[Mapping[str, Outcome]], _Running] = {}
        self._busy: set[str] = set()
        self._waiting: dict[str, _WaitState] = {}
        self._watched: dict[type[Resource], dict[str, None]] = {}
        """By resource type, the waiting resources that are to be looked at, in order."""
        self._due: list[tuple[float, str]] = []
        """The next moments of waiting resources, the soonest first. Outdated entries are skipped."""
        self._since: dict[str, dict[tuple[Until, str], float]] = {}
        self._acted: set[str] = set()
        self._done: set[str] = set()
        self._failed: dict[str, BaseException] = {}
        self._unrecorded: StateError | None = None

    def run(self) -> None:
        """Work until nothing more can be done.

        Raises:
            SomeFailed: resources failed or could not be started; all others are finished.
            Interrupted: the user asked to stop; calls under way have ended and are recorded.
            StateError: a record could not be written, so nothing more was begun.
        """
        for node in self._nodes.values():
            self._start_or_hold(node.address, iter(node.dependencies))
        with self._pace.runtime.pool(JOBS) as pool:
            while not self._pace.stop.is_set() and self._unrecorded is None:
                self._turn_to_due()
                self._submit(pool)
                if not self._running and not self._waiting:
                    break
                self._collect(self._timeout())
            while self._running:
                self._collect(HEARTBEAT)
        if self._unrecorded:
            raise self._unrecorded
        if self._failed or self._missing:
            self._pace.check()
            self._give_up()
        self._pace.check()

    # -- the beginning -------------------------------------------------------------------------------------------------

    def _start_or_hold(self, address: str, dependencies: Iterator[Dependency]) -> None:
        """Let a resource begin, or wait for the first of these dependencies that is not reached."""
        missing = next((one for one in dependencies if not self._reached(one, self._acted, self._done)), None)
        if missing is None:
            self._moments[address] = Moments(self._pace.now(), self._last_missing.get(address))
            self._bring_on(address)
            return
        self._last_missing[address] = missing.address
        self._missing[address] = (missing, dependencies)
        self._held.setdefault(missing.address, []).append(address)

    def _start_dependents(self, address: str) -> None:
        """Check the dependents of a resource again after its outcome."""
        for user in self._held.pop(address, ()):
            missing, dependencies = self._missing.pop(user)
            if self._reached(missing, self._acted, self._done):
                self._start_or_hold(user, dependencies)
            else:
                self._missing[user] = (missing, dependencies)
                self._held.setdefault(address, []).append(user)

    def _bring_on(self, address: str) -> None:
        self._enqueue(address, lambda: {address: self._act(address)})

    def _enqueue(self, address: str, job: Job) -> None:
        self._busy.add(address)
        heappush(self._acts, (-self._nodes[address].seconds, next(self._count), address, job))

    def _turn_to_due(self) -> None:
        """Act again on resources that are due for it, and look at all waiting ones of a type if one is due."""
        now, resource_types = self._pace.now(), dict[type[Resource], None]()
        while self._due and self._due[0][0] <= now:
            moment, address = heappop(self._due)
            waiting = self._waiting.get(address)
            if waiting is None or waiting.next != moment or address in self._busy:
                continue
            if waiting.wait.retry:
                self._bring_on(address)
            elif not self._can_end(address):
                self._look_later(address, waiting)
            else:
                resource_types[self._nodes[address].resource_type] = None
        for resource_type in resource_types:
            group = [a for a in self._watched[resource_type] if a not in self._busy and self._can_end(a)]
            self._busy.update(group)
            self._looks.append((partial(self._look, resource_type, group), group))

    def _can_end(self, address: str) -> bool:
        return all(one in self._done or one in self._failed for one in self._nodes[address].ends_after)

    def _look_later(self, address: str, waiting: _WaitState) -> None:
        waiting.next = self._pace.now() + self._nodes[address].resource_type.poll_interval
        heappush(self._due, (waiting.next, address))

    def _submit(self, pool: Executor) -> None:
        """Start as many jobs as there is room for: looks first, since they may let others begin."""
        while self._looks and len(self._running) < JOBS:
            job, addresses = self._looks.popleft()
            self._running[pool.submit(job)] = _Running(addresses)
        while self._acts and len(self._running) < JOBS:
            entry = heappop(self._acts)
            _, _, address, job = entry
            resource_type = self._nodes[address].resource_type
            if self._acts_running[resource_type] == MAX_ACTS_PER_TYPE:
                heappush(self._crowded.setdefault(resource_type, []), entry)
                continue
            self._acts_running[resource_type] += 1
            self._running[pool.submit(job)] = _Running([address], resource_type)

    def _make_room(self, resource_type: type[Resource]) -> None:
        self._acts_running[resource_type] -= 1
        if crowded := self._crowded.get(resource_type):
            heappush(self._acts, heappop(crowded))

    # -- the outcomes --------------------------------------------------------------------------------------------------

    def _timeout(self) -> float:
        """Return the seconds until the next resource is due."""
        return max(0.0, self._due[0][0] - self._pace.now()) if self._due else HEARTBEAT

    def _collect(self, timeout: float) -> None:
        if not self._running:
            self._pace.wait(timeout)
            return
        for future in self._pace.first_done(self._running, min(timeout, HEARTBEAT)):
            ran = self._running.pop(future)
            self._busy.difference_update(ran.addresses)
            if ran.acts_on:
                self._make_room(ran.acts_on)
            error = future.exception()
            outcomes = dict.fromkeys(ran.addresses, error) if error else future.result()
            for address, outcome in outcomes.items():
                self._settle(address, outcome)

    def _settle(self, address: str, outcome: Outcome | BaseException) -> None:
        if isinstance(outcome, BaseException):
            self._fail(address, outcome)
            return
        if outcome is None:
            self._forget(address)
            self._called(address)
            self._moments[address].ended = self._pace.now()
            self._done.add(address)
        else:
            self._wait(address, outcome)
        if not self._pace.stop.is_set():
            self._start_dependents(address)

    def _called(self, address: str) -> None:
        if address not in self._acted:
            self._moments[address].called = self._pace.now()
            self._acted.add(address)

    def _wait(self, address: str, reason: Wait) -> None:
        self._moments[address].waited = True
        if not reason.retry:
            self._called(address)
        node, now = self._nodes[address], self._pace.now()
        before = self._waiting.get(address)
        since = self._first_waited(address, reason, now)
        if now > min(since + reason.timeout, self._deadline):
            self._forget(address)
            self._enqueue(address, lambda: {address: _timed_out(reason, now - since)})
            return
        interval = self._interval(node, reason, now) * (0.2 if since == now else 1)
        shown = before.shown if before else ""
        # a wait that ends at the first look needs no line
        if before and shown != reason.why:
            shown = reason.why
            self._emit(ResourceWaiting(address, node.step, shown, round(now - since, 1)))
        self._waiting[address] = _WaitState(reason, now + interval, shown)
        heappush(self._due, (now + interval, address))
        if reason.retry:
            self._watched.get(node.resource_type, {}).pop(address, None)
        else:
            self._watched.setdefault(node.resource_type, {})[address] = None

    def _interval(self, node: Node, reason: Wait, now: float) -> float:
        """Return the seconds until the next look: longer while the resource can hardly be ready.

        It stays short if other resources wait for an output, which AWS may show sooner.
        """
        usual = node.resource_type.poll_interval
        called = self._moments[node.address].called
        left = 0.0 if called is None else called + node.least - now
        awaited = any(self._missing[user][0].output for user in self._held.get(node.address, ()))
        return usual if reason.retry or awaited else max(usual, min(left, SLOW_POLL_INTERVAL))

    def _first_waited(self, address: str, reason: Wait, now: float) -> float:
        """Return the time when a resource first had this wait, and end its waits with earlier aims."""
        clocks = self._since.get(address, {})
        clocks = self._since[address] = {clock: at for clock, at in clocks.items() if clock[0] >= reason.until}
        return clocks.setdefault((reason.until, reason.about), now)

    def _forget(self, address: str) -> None:
        self._waiting.pop(address, None)
        self._watched.get(self._nodes[address].resource_type, {}).pop(address, None)

    def _fail(self, address: str, error: BaseException) -> None:
        self._forget(address)
        if isinstance(error, StateError):
            self._unrecorded = error
            return
        if isinstance(error, Interrupted):
            return  # the whole run was interrupted, and reports that
        self._failed[address] = error
        self._moments[address].ended = self._pace.now()
        self._emit(ResourceFailed(address, self._nodes[address].step, _said(error), error_code(error)))

    def _give_up(self) -> None:
        """Report each resource that was not started with the dependency it waited for, and raise."""
        skipped: dict[str, str] = {}
        for address in (node for node in self._nodes if node in self._missing):
            missing = [
                n.address for n in self._nodes[address].dependencies if not self._reached(n, self._acted, self._done)
            ] or [self._missing[address][0].address]  # the look that failed a resource may have shown its output too
            because = next((a for a in missing if a in self._failed), missing[0])
            skipped[address] = because
            self._emit(ResourceSkipped(address, self._nodes[address].step, because))
        raise SomeFailed(self._failed, skipped)


def _said(error: BaseException) -> str:
    """Return the message for an error; an unexpected one with its class name, since its text may be a bare name."""
    if isinstance(error, ProvisionError):
        return str(error)
    where = own_code.place(error)
    return f"{where}: {own_code.told(error)}" if where else f"unexpected {type(error).__name__}: {error}"


def _timed_out(reason: Wait, seconds: float) -> TimedOut:
    blockers = reason.blockers().rstrip(".")
    more = f"{blockers}. " if blockers and blockers not in reason.why else ""
    return TimedOut(
        f"timed out after {seconds:.0f} s: {reason.why}. {more}Run the same command again to continue waiting"
    )
