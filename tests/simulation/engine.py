"""Simulate the engine: `run(seed)` lives one life, and raises `hub.Violation` if a promise is broken.

The real commands work on a cloud, a clock and a state that the seed decides; after each act every promise is checked.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from provisioner.aws.ownership import ADDRESS_TAG
from provisioner.engine.errors import NotOwned, ProvisionError, ReplacementRequired, SomeFailed
from provisioner.engine.events import Event, ResourceDone, ResourceWaiting
from provisioner.engine.planning.actions import KNOWN_AFTER_UP, Planned
from provisioner.engine.planning.refusals import PlanRefused
from provisioner.engine.resource import RESOURCE_TYPES
from provisioner.engine.resource_types import all_types
from provisioner.operations.planning import dry_run
from provisioner.operations.runs import apply, destroy
from provisioner.operations.runs.summary import Summary
from provisioner.operations.state_admin import edit, recovered_state, recovery
from provisioner.state.model import Record, StateError
from provisioner.state.store import Store
from provisioner.steps.stack import Stack
from tests.simulation import stack as stacks
from tests.simulation import traffic_stack
from tests.simulation.client import client
from tests.simulation.cloud import Cloud
from tests.simulation.disk import Faults
from tests.simulation.engine_hands import by_hand, handed_over, undo_tampering
from tests.simulation.engine_life import BY_HAND, Act, Life, drawn
from tests.simulation.engine_promises import check_after, check_write, protected
from tests.simulation.hub import Hub, Process, Violation
from tests.simulation.memory import Memory, OnDisk
from tests.simulation.resources import REAL, SIMULATED
from tests.simulation.traffic_kinds import KINDS as TRAFFIC
from tests.simulation.traffic_truth import Truth

LONGEST = 4 * 3600.0
"""Seconds within which every command must have ended, under all conditions."""
STOPPING = 90.0
"""Seconds within which a command must have ended after Ctrl-C: calls under way end, and nothing more is begun."""
QUIET = 400.0
"""Seconds after which lists show everything."""


@dataclass
class Run:
    """One command and its result."""

    verb: str
    process: Process
    events: list[Event] = field(default_factory=list)
    summary: Summary | None = None
    planned: list[Planned] = field(default_factory=list)
    error: Exception | None = None
    killed: bool = False
    writes: list[tuple[str, str]] = field(default_factory=list)
    tried: list[tuple[str, str]] = field(default_factory=list)
    there: frozenset[tuple[str, str]] = frozenset()
    """The existing resources when it began: type with id, and type with title, the id of a series of revisions."""
    leaving: frozenset[str] = frozenset()
    """The addresses whose removal had begun before."""
    theirs: bool = False
    """True if all resources were marked as another stack's, and could be read."""
    guarded: frozenset[str] = frozenset()
    """The ids of the resources that are protected from it."""
    calm: bool = True
    """True if its calls met no faults, and lists showed everything."""

    @property
    def ok(self) -> bool:
        return self.error is None and not self.killed and (self.summary is None or self.summary.ok)

    def results(self) -> dict[str, str]:
        return {event.address: event.result for event in self.events if isinstance(event, ResourceDone)}

    def errors(self) -> list[BaseException]:
        error = self.summary.error if self.summary else self.error
        return list(error.failures.values()) if isinstance(error, SomeFailed) else [error] if error else []


def run(seed: int) -> Counter[str]:
    """Live the life of a seed; return the counts of events. Raises `Violation`."""
    return live(drawn(seed))


def live(life: Life, report: Callable[[str], None] | None = None) -> Counter[str]:
    """Live a life, and report its story if asked; return the counts of events. Raises `Violation`."""
    world = World(life)
    try:
        world.run()
    finally:
        if report:
            for line in (*map(repr, world.config), *world.story):
                report(line)
    return world.seen


class World:
    """A simulated world: a cloud, a configuration, a state, and the known deliberate damage."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.hub = Hub(f"{life.seed}/order")
        self.cloud = Cloud(f"{life.seed}", lambda: self.hub.now)
        self.memory = OnDisk(f"{life.seed}/disk", self.hub) if life.disk else Memory()
        self.config = stacks.drawn(f"{life.seed}/config", life.size) if life.config is None else life.config
        if life.traffic and life.config is None:
            self.config = traffic_stack.drawn(f"{life.seed}", self.config, life.traffic)
        self.former: list[stacks.Config] = []
        """The configurations before each edit, for taking an edit back."""
        self.stack: Stack = stacks.declare(self.config)
        self.applied = self.stack
        self.story = self.cloud.story
        self.store: Store | None = None
        self.client: Any = None
        self.truth = Truth(self)
        self.cloud.watch = self.truth.look
        self.seen = Counter[str]()
        """The counts of events: an event that never happens is a gap of the simulation."""

    # -- the life --------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Live the life, then stop all faults, and check that everything still comes right."""
        traffic = bool(self.life.traffic or any(item.kind in TRAFFIC for item in self.config))
        with simulated_kinds(traffic=traffic):
            for number, act in enumerate(self.life.acts):
                self._happen(number, act)
            self._healthy()

    def _happen(self, number: int, act: Act) -> None:
        self.hub.now += act.gap
        self.cloud.weather = act.weather()
        self.cloud.settle()
        if isinstance(self.memory, OnDisk):
            self.memory.disk.faults = act.disk
        self.say(f"-- {number}: {act}")
        if act.verb == "edit":
            # a person edits only after the requests of a killed command have arrived
            self.hub.now += 10
            self.config, done = self._edited(act)
            self.stack = stacks.declare(self.config)
            self.say(f"the configuration was edited: {done}")
        elif act.verb in BY_HAND:
            by_hand(self, act)
            self.truth.forgive()
        elif act.verb == traffic_stack.LET_IN:
            traffic_stack.let_in(self, act)
        else:
            check_after(self, self.command(act.verb, act))

    def _edited(self, act: Act) -> tuple[stacks.Config, str]:
        before = self.config
        if act.to is not None:
            return act.to, "as told"
        if not self.life.traffic:
            return stacks.edited(f"{act.seed}", before)
        edited = traffic_stack.edited(f"{act.seed}", before, self.former)
        self.former.append(before)
        return edited

    def _healthy(self) -> None:
        """Check a world without faults: `up` does as planned, a second `up` writes nothing, `down` leaves nothing."""
        self.say("-- all faults stop")
        self.hub.now += QUIET
        self.cloud.weather = Act("", 0).weather()
        if isinstance(self.memory, OnDisk):
            self.memory.disk.faults = Faults()
        self.cloud.settle()
        undo_tampering(self)
        self.truth.forgive()
        calm = Act("up", self.life.seed, step=self.life.step)
        up = self._planned_up(calm)
        if not up.ok:
            # dependents of a recreated resource cannot follow: the advice is down and up
            if not all(isinstance(error, (ReplacementRequired, NotOwned, PlanRefused)) for error in up.errors()):
                raise Violation(f"up does not succeed although nothing is in its way: {up.errors()}")
            self._check_protected(up)
            self._down(calm)
            up = self._planned_up(calm)
            if not up.ok:
                raise Violation(f"up does not succeed on an empty account: {up.errors()}")
        check_after(self, up)
        again = self.command("up", calm) if self.life.idle else None
        if again and (again.writes or not again.ok or set(again.results().values()) - {"unchanged"}):
            raise Violation(f"a second up is not idle: {again.writes} {again.results()} {again.errors()}")
        self.hub.now += QUIET
        self._down(calm)

    def _check_protected(self, up: Run) -> None:
        """Check that only real deletions are protected, not a resource that goes on under another address."""
        titles = {(item.kind, item.title) for item in self.config}
        orphans = [record for address, record in self.memory.records().items() if address not in self.stack.declared]
        guarded = [record for record in orphans if (record.type, record.arguments.get("title")) not in titles]
        if any("protected" in str(error) for error in up.errors()) and not guarded:
            raise Violation(f"what is only renamed is refused as protected: {up.errors()}")

    def _planned_up(self, act: Act) -> Run:
        """Run `plan`, then `up`, and compare them."""
        if not self.life.planned:
            return self.command("up", act)
        plan = self.command("plan", act)
        if plan.error:
            raise Violation(f"plan fails: {plan.error}")
        up = self.command("up", act)
        refused = {planned.address for planned in plan.planned if planned.action == "refused"}
        whole = [error for error in up.errors() if isinstance(error, PlanRefused)]
        if bool(refused) != bool(whole) or (whole and (up.tried or up.results())):
            raise Violation(f"the plan refuses {sorted(refused)}, and up: {up.errors()} {up.tried} {up.results()}")
        if not whole:
            self._compare(plan, up)
        return up

    def _compare(self, plan: Run, up: Run) -> None:
        """Check that `up` did the planned action for each resource."""
        expected = {
            "create": "created",
            "change": "changed",
            "delete": "deleted",
            "adopt": "adopted",
            "none": "unchanged",
        }
        results = up.results()
        failed = dict(up.summary.error.failures) if up.summary and isinstance(up.summary.error, SomeFailed) else {}
        for planned in plan.planned:
            got = results.get(planned.address, "nothing")
            if planned.address in failed:
                got = "refused"
            elif planned.address not in results and failed:
                continue
            if got in {"unchanged", "adopted"} and any(
                KNOWN_AFTER_UP in repr(change.new) for change in planned.changes.values()
            ):
                continue
            if (planned.action, got) == ("delete", "not_found"):
                continue
            if got != expected.get(planned.action, planned.action):
                raise Violation(f"the plan says {planned.action} of {planned.address}, and up: {got}")
            if up.ok and planned.address in self.memory.records():
                self.truth.check_planned(planned, self.memory.records()[planned.address].id)
        if more := results.keys() - {planned.address for planned in plan.planned} - self._renamed(results):
            raise Violation(f"up acts on {sorted(more)}, of which the plan says nothing")

    @staticmethod
    def _renamed(results: dict[str, str]) -> set[str]:
        return {address for address, result in results.items() if result == "retained"}

    def _down(self, act: Act) -> None:
        down = self.command("down", act)
        check_after(self, down)
        if not down.ok:
            raise Violation(f"down does not succeed: {down.errors()} {down.summary and down.summary.leftovers}")
        self.hub.now += QUIET

    # -- commands --------------------------------------------------------------------------------------------------

    def command(self, verb: str, act: Act) -> Run:
        """Run a command as a process of its own until it ends, with or without success."""
        if verb in {"rename", "forget"}:
            # a person looks at the resources before correcting the state
            self.hub.now += QUIET
            self.cloud.settle()
        process = Process(self.hub, f"{act.seed}/process", skew=act.skew, step=act.step, kill_at=act.kill)
        there = frozenset((o.sort, key) for o in self.cloud.there() for key in (o.id, str(o.fields.get("title"))))
        leaving = frozenset(a for a, record in self.memory.records().items() if record.phase == "deleting")
        guarded, calm = frozenset() if act.unprotect else protected(self), not (act.faults or act.lag)
        theirs = not act.faults and handed_over(self)
        run = Run(verb, process, there=there, leaving=leaving, theirs=theirs, guarded=guarded, calm=calm)
        self.cloud.writes, self.cloud.tried, self.cloud.calls, started = [], [], 0, self.hub.now
        self.client = client(self.cloud, process, partial(check_write, self))
        self.truth.begin(verb)
        self.hub.left = 200_000

        def main() -> None:
            try:
                self._carry_out(verb, act, run)
            except (ProvisionError, StateError) as error:
                run.error = error

        todo = [process.spawn(main)]
        if act.stop is not None:
            self._press_ctrl_c_at(process, act.stop)
        self.hub.run(*todo)
        ended, alive = self.hub.now, process.alive
        self.hub.drain(process)
        run.killed = not alive
        if run.killed and act.crash and isinstance(self.memory, OnDisk):
            self.memory.disk.crash()
        run.writes, run.tried = list(self.cloud.writes), list(self.cloud.tried)
        self.store = None
        self.truth.end(run)
        self.say(f"{verb} ends: {self._outcome(run)}")
        self._count(run)
        if self.hub.broken:
            raise self.hub.broken
        if alive and ended > started + LONGEST:
            raise Violation(f"{verb} took {ended - started:.0f} s")
        if act.stop is not None and alive and ended > max(started + act.stop, started) + STOPPING:
            raise Violation(f"{verb} went on for {ended - started - act.stop:.0f} s after Ctrl-C")
        return run

    def _outcome(self, run: Run) -> str:
        if run.killed:
            return "killed"
        if run.error:
            return f"{type(run.error).__name__}: {run.error}"
        errors = "; ".join(str(error) for error in run.errors())
        return f"{run.results()} {errors}" + (
            f" planned {[(p.address, p.action) for p in run.planned]}" if run.planned else ""
        )

    def _count(self, run: Run) -> None:
        """Count the events of this command."""
        how = "killed" if run.killed else "ok" if run.ok else "failed"
        self.seen[f"{run.verb} {how}"] += 1
        self.seen.update(self.truth.seen())
        if run.killed:
            self.seen.update(f"killed while {record.phase}" for record in self.memory.records().values())
        self.seen.update(f"result {result}" for result in run.results().values())
        self.seen.update(f"planned {planned.action}" for planned in run.planned)
        self.seen.update(f"error {type(error).__name__}" for error in run.errors())
        self.seen.update(
            f"waited for {_words(event.why)}" for event in run.events if isinstance(event, ResourceWaiting)
        )

    def _press_ctrl_c_at(self, process: Process, seconds: float) -> None:
        client = self.client

        def press() -> None:
            process.sleep(seconds)
            self.say("Ctrl-C")
            client.pace.stop.set()

        self.hub.at(self.hub.now, process.spawn(press))

    def _carry_out(self, verb: str, act: Act, run: Run) -> None:
        client, stack = self.client, self.stack
        with self.memory.open(run.process) as store:
            self.store = store
            store.guard("shop-dev", client.account, client.region)
            if verb == "up":
                self.applied = stack
                run.summary = apply.up(client, store, stack, run.events.append)
            elif verb == "plan":
                run.planned = dry_run.show_plan(client, store.records, stack)
            elif verb == "down":
                run.summary = destroy.down(client, store, run.events.append, unprotect=act.unprotect)
            elif verb == "down step":
                step = random.Random(act.seed).choice(stacks.STEPS)
                run.summary = destroy.down(client, store, run.events.append, step, unprotect=act.unprotect)
            elif verb == "recover":
                # with the configuration of the last `up`, which gives a resource's dependencies
                found = recovery.search(client, store.records, self.applied.declared, lambda text: None)
                recovered_state.write(store, found)
            elif store.records:
                self._edit_state(verb, act, store)

    def _edit_state(self, verb: str, act: Act, store: Store) -> None:
        address = random.Random(act.seed).choice(sorted(store.records))
        if verb == "rename":
            edit.rename(store, address, address + "m")
            for one in self.cloud.resources.values():
                if one.maker == address:
                    one.maker = address + "m"
        else:
            self._forgotten(store.records[address])
            store.drop(address)

    def _forgotten(self, record: Record) -> None:
        for one in self.cloud.resources.values():
            # of what is revised all revisions, whatever address they were made under
            revision = one.sort == record.type and one.id.startswith(f"{record.id}:")
            if record.address in {one.maker, one.tags.get(ADDRESS_TAG)} or one.id == record.id or revision:
                one.tampered = True

    def say(self, text: str) -> None:
        self.story.append(f"{self.hub.now:9.1f}  {text}")


@contextmanager
def simulated_kinds(*, traffic: bool = False) -> Iterator[None]:
    """Replace the tool's resource types by the simulation's while the context lasts.

    Args:
        traffic: also the types whose changes have parts. `recover` reads all types.
    """
    before = dict(all_types())
    RESOURCE_TYPES.clear()
    RESOURCE_TYPES.update({name: one for name, one in SIMULATED.items() if traffic or name not in TRAFFIC})
    try:
        yield
    finally:
        RESOURCE_TYPES.clear()
        RESOURCE_TYPES.update(before or REAL)


def _words(why: str) -> str:
    """Return a reason to wait without its variable parts."""
    return re.split(r"[(,]| since ", why)[0].strip()
