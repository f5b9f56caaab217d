"""One small scheduler for both directions: acts on each thing when what it needs is reached, watches the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

from provisioner.engine.errors import Interrupted, SomeFailed, TimedOut
from provisioner.engine.events import Emit, Skipped, ThingFailed, Waiting
from provisioner.engine.kind import Kind
from provisioner.engine.step import Need
from provisioner.engine.timeline import Moments
from provisioner.engine.waits import Pace
from state.model import StateError

JOBS = 48
"""Calls under way at once. Many of them may wait for their turn at AWS's rates, and must not hold up the others."""
HEARTBEAT = 0.25
"""Seconds after which the loop looks up from its futures, so that an interruption is noticed."""


@dataclass(frozen=True)
class Wait:
    """A thing is not finished: why, for at most how many seconds, and whether to act on it again or only to look.

    `blockers` asks AWS what is in the way, once the budget has run out.
    """

    why: str
    budget: float
    again: bool = False
    blockers: Callable[[], str] = field(default=str, compare=False)


@dataclass(frozen=True)
class Node:
    """One thing to work on."""

    address: str
    kind: type[Kind]
    step: str
    needs: Sequence[Need]


@dataclass
class _Patience:
    """What a thing waits for, when to look at it next (seconds of the run's clock), and what the user was told."""

    wait: Wait
    next: float
    told: str


Outcome = Wait | None | Exception
"""What a look or an act gives: something to wait for, or None when finished, or what went wrong."""


class Walk:
    """Walks a graph of things.

    Args:
        nodes: what to work on.
        act: brings one thing on; returns what to wait for, or None when it is finished. Called in threads.
        look: looks at all waiting things of one kind at once. Called in threads.
        reached: whether a need of a node is fulfilled, given the addresses that were acted on and those finished.
        moments: is filled with when the work on each thing began and ended.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        act: Callable[[str], Wait | None],
        look: Callable[[type[Kind], Sequence[str]], Mapping[str, Outcome]],
        reached: Callable[[Need, set[str], set[str]], bool],
        emit: Emit,
        pace: Pace,
        moments: dict[str, Moments],
    ) -> None:
        self._nodes = {node.address: node for node in nodes}
        self._act, self._look, self._reached, self._emit, self._pace = act, look, reached, emit, pace
        self._moments = moments
        self._todo = dict(self._nodes)
        self._running: dict[Future[Mapping[str, Outcome]], Sequence[str]] = {}
        self._waiting: dict[str, _Patience] = {}
        self._since: dict[tuple[str, float], float] = {}
        self._lacking = {node.address: node.needs[-1].address for node in nodes if node.needs}
        """What was found missing last for each thing; what never was came between two looks."""
        self._acted: set[str] = set()
        self._done: set[str] = set()
        self._failed: dict[str, BaseException] = {}
        self._unrecorded: StateError | None = None

    def run(self) -> None:
        """Work until nothing more can be done.

        Raises:
            SomeFailed: things failed or could not be started; all others are finished.
            Interrupted: the user asked to stop; calls under way have ended and are recorded.
            StateError: nothing more can be recorded, so nothing more was begun.
        """
        with self._pace.runtime.pool(JOBS) as pool:
            while not self._pace.stop.is_set() and self._unrecorded is None:
                self._start(pool)
                self._look_at_due(pool)
                if not self._running and not self._waiting:
                    break
                self._collect(self._timeout())
            while self._running:
                self._collect(None)
        if self._unrecorded:
            raise self._unrecorded
        if self._failed or self._todo:
            self._pace.check()
            self._give_up()
        self._pace.check()

    def _start(self, pool: Executor) -> None:
        for address, node in list(self._todo.items()):
            missing = next((n.address for n in node.needs if not self._reached(n, self._acted, self._done)), None)
            if missing is not None:
                self._lacking[address] = missing
                continue
            del self._todo[address]
            self._moments[address] = Moments(self._pace.now(), self._lacking.get(address))
            self._submit(pool, address)

    def _submit(self, pool: Executor, address: str) -> None:
        self._running[pool.submit(lambda: {address: self._act(address)})] = [address]

    def _look_at_due(self, pool: Executor) -> None:
        busy = {address for addresses in self._running.values() for address in addresses}
        now = self._pace.now()
        due = [a for a, p in self._waiting.items() if p.next <= now and a not in busy]
        for address in due:
            if self._waiting[address].wait.again:
                self._submit(pool, address)
        for kind in dict.fromkeys(self._nodes[a].kind for a in due if not self._waiting[a].wait.again):
            group = [
                a
                for a, p in self._waiting.items()
                if self._nodes[a].kind is kind and not p.wait.again and a not in busy
            ]
            self._running[pool.submit(self._look, kind, group)] = group

    def _timeout(self) -> float:
        busy = {address for addresses in self._running.values() for address in addresses}
        waits = [p.next - self._pace.now() for a, p in self._waiting.items() if a not in busy]
        return max(0.0, min([HEARTBEAT, *waits]))

    def _collect(self, timeout: float | None) -> None:
        if not self._running:
            self._pace.stop.wait(timeout)
            return
        for future in self._pace.runtime.first_done(self._running, timeout):
            addresses = self._running.pop(future)
            error = future.exception()
            outcomes = dict.fromkeys(addresses, error) if error else future.result()
            for address, outcome in outcomes.items():
                self._settle(address, outcome)

    def _settle(self, address: str, outcome: Outcome | BaseException) -> None:
        if isinstance(outcome, BaseException):
            self._fail(address, outcome)
        elif outcome is None:
            self._waiting.pop(address, None)
            self._called(address)
            self._moments[address].ended = self._pace.now()
            self._done.add(address)
        else:
            self._wait(address, outcome)

    def _called(self, address: str) -> None:
        if address not in self._acted:
            self._moments[address].called = self._pace.now()
            self._acted.add(address)

    def _wait(self, address: str, reason: Wait) -> None:
        self._moments[address].waited = True
        if not reason.again:
            self._called(address)
        node, now = self._nodes[address], self._pace.now()
        before = self._waiting.get(address)
        # each budget runs from its first use: a thing that goes from one wait to another and back does not begin anew
        since = self._since.setdefault((address, reason.budget), now)
        if now > since + self._pace.patience(reason.budget):
            self._fail(address, _timed_out(reason, (now - since) / self._pace.scale))
            return
        interval = self._pace.scaled(node.kind.interval * (0.2 if since == now else 1))
        told = before.told if before else ""
        # what is over at the first look is not worth a line
        if before and told != reason.why:
            told = reason.why
            self._emit(Waiting(address, node.step, told, round(now - since, 1)))
        self._waiting[address] = _Patience(reason, now + interval, told)

    def _fail(self, address: str, error: BaseException) -> None:
        self._waiting.pop(address, None)
        if isinstance(error, StateError):
            self._unrecorded = error
            return
        if isinstance(error, Interrupted):
            return  # the whole run is, and says so
        self._failed[address] = error
        self._moments[address].ended = self._pace.now()
        self._emit(ThingFailed(address, self._nodes[address].step, str(error)))

    def _give_up(self) -> None:
        """Say of each thing that was not started what it was waiting for, and raise."""
        skipped: dict[str, str] = {}
        for address, node in self._todo.items():
            missing = [n.address for n in node.needs if not self._reached(n, self._acted, self._done)]
            because = next((a for a in missing if a in self._failed), missing[0])
            skipped[address] = because
            self._emit(Skipped(address, node.step, because))
        raise SomeFailed(self._failed, skipped)


def _timed_out(reason: Wait, seconds: float) -> TimedOut:
    blockers = reason.blockers().rstrip(".")
    more = f"{blockers}. " if blockers and blockers not in reason.why else ""
    return TimedOut(f"waited {seconds:.0f} s for: {reason.why}. {more}Run the same command again to go on waiting")
