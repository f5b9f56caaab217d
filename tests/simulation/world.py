"""Lives a life: the real commands over the simulated cloud, and every promise checked after each act."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from provisioner import bookkeeping, operate, recovery
from provisioner.engine.errors import NeedsReplacing, NotOwned, Protected, ProvisionError, SomeFailed
from provisioner.engine.events import Done, Event
from provisioner.engine.kind import KINDS
from provisioner.engine.plan import KNOWN_AFTER_UP, Planned
from provisioner.engine.step import Declared, Stack
from state.model import Record, StateError
from tests.simulation import stack as stacks
from tests.simulation.cloud import Cloud, Resource
from tests.simulation.hub import Hub, Process, Violation
from tests.simulation.kinds import REAL, SIMULATED, Client
from tests.simulation.life import BY_HAND, Act, Life
from tests.simulation.memory import Memory, MemoryStore

LONGEST = 4 * 3600.0
"""Seconds within which every command must have ended, whatever it meets."""
STOPPING = 90.0
"""Seconds within which a command must have ended after Ctrl-C: calls under way end, and nothing more is begun."""
QUIET = 400.0
"""Seconds after which lists show everything."""


@dataclass
class Run:
    """One command: what came of it."""

    verb: str
    process: Process
    events: list[Event] = field(default_factory=list)
    summary: operate.Summary | None = None
    planned: list[Planned] = field(default_factory=list)
    error: Exception | None = None
    killed: bool = False
    writes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.error is None and not self.killed and (self.summary is None or self.summary.ok)

    def results(self) -> dict[str, str]:
        return {event.address: event.result for event in self.events if isinstance(event, Done)}

    def errors(self) -> list[BaseException]:
        error = self.summary.error if self.summary else self.error
        return list(error.failures.values()) if isinstance(error, SomeFailed) else [error] if error else []


class World:
    """Everything that there is: a cloud, a configuration, a state, and what is known to be wrong on purpose."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.hub = Hub(f"{life.seed}/order")
        self.cloud = Cloud(f"{life.seed}", lambda: self.hub.now)
        self.memory = Memory()
        self.config = stacks.drawn(f"{life.seed}/config", life.size)
        self.stack: Stack = stacks.declare(self.config)
        self.story = self.cloud.story
        self.store: MemoryStore | None = None
        self.client: Client | None = None
        self._made: set[str] = set()

    # -- the life --------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Live it, then let all faults stop, and see that everything still comes right."""
        with simulated_kinds():
            for number, act in enumerate(self.life.acts):
                self._happen(number, act)
            self._healthy()

    def _happen(self, number: int, act: Act) -> None:
        self.hub.now += act.gap
        self.cloud.weather = act.weather()
        self.cloud.settle()
        self._say(f"-- {number}: {act}")
        if act.verb == "edit":
            self.config, done = stacks.edited(f"{act.seed}", self.config)
            self.stack = stacks.declare(self.config)
            self._say(f"the configuration was edited: {done}")
        elif act.verb in BY_HAND:
            self._by_hand(act)
        else:
            self._check_after(self.command(act.verb, act), act)

    def _healthy(self) -> None:
        """No more faults: `up` succeeds, says and does what the plan said, a second one writes nothing, `down` leaves
        nothing."""
        self._say("-- all faults stop")
        self.hub.now += QUIET
        self.cloud.weather = Act("", 0).weather()
        self.cloud.settle()
        self._undo_tampering()
        calm = Act("up", self.life.seed)
        up = self._planned_up(calm)
        if not up.ok:
            # what is built on something that had to be made anew cannot follow: the advice is down and up
            if not all(isinstance(error, (NeedsReplacing, NotOwned, Protected)) for error in up.errors()):
                raise Violation(f"up does not succeed although nothing is in its way: {up.errors()}")
            self._down(calm)
            up = self._planned_up(calm)
            if not up.ok:
                raise Violation(f"up does not succeed on an empty account: {up.errors()}")
        self._check_after(up, calm)
        again = self.command("up", calm)
        if again.writes or not again.ok or set(again.results().values()) - {"unchanged"}:
            raise Violation(f"a second up is not idle: {again.writes} {again.results()} {again.errors()}")
        self.hub.now += QUIET
        self._down(calm)

    def _planned_up(self, act: Act) -> Run:
        """Plan, then up, and compare."""
        plan = self.command("plan", act)
        if plan.error:
            raise Violation(f"plan fails: {plan.error}")
        up = self.command("up", act)
        expected = {"create": "made", "change": "changed", "remove": "removed", "adopt": "adopted", "none": "unchanged"}
        results = up.results()
        refused = {planned.address for planned in plan.planned if planned.action == "refused"}
        failed = dict(up.summary.error.failures) if up.summary and isinstance(up.summary.error, SomeFailed) else {}
        for planned in plan.planned:
            got = results.get(planned.address, "nothing")
            if planned.address in failed:
                got = "refused"
            elif planned.address not in results and (refused or failed):
                continue
            if got in {"unchanged", "adopted"} and any(
                change.new == KNOWN_AFTER_UP for change in planned.changes.values()
            ):
                continue
            if got != expected.get(planned.action, planned.action):
                raise Violation(f"the plan says {planned.action} of {planned.address}, and up: {got}")
        if more := results.keys() - {planned.address for planned in plan.planned} - self._renamed(results):
            raise Violation(f"up acts on {sorted(more)}, of which the plan says nothing")
        return up

    @staticmethod
    def _renamed(results: dict[str, str]) -> set[str]:
        return {address for address, result in results.items() if result == "kept"}

    def _down(self, act: Act) -> None:
        down = self.command("down", act)
        self._check_after(down, act)
        if not down.ok:
            raise Violation(f"down does not succeed: {down.errors()} {down.summary and down.summary.leftovers}")
        self.hub.now += QUIET

    # -- commands --------------------------------------------------------------------------------------------------

    def command(self, verb: str, act: Act) -> Run:
        """Run a command as a process of its own until it ends, however it does."""
        process = Process(self.hub, f"{act.seed}/process", skew=act.skew, kill_at=act.kill)
        run = Run(verb, process)
        self.cloud.writes, self.cloud.calls, started = [], 0, self.hub.now
        self._made.clear()
        self.client = Client(self.cloud, process, self._check_write)
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
        run.writes = list(self.cloud.writes)
        self.store = None
        self._say(f"{verb} ends: {self._outcome(run)}")
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

    def _press_ctrl_c_at(self, process: Process, seconds: float) -> None:
        client = self.client

        def press() -> None:
            process.sleep(seconds)
            self._say("Ctrl-C")
            client.pace.stop.set()

        self.hub.at(self.hub.now, process.spawn(press))

    def _carry_out(self, verb: str, act: Act, run: Run) -> None:
        client, stack = self.client, self.stack
        with MemoryStore(self.memory, run.process) as store:
            self.store = store
            store.guard("shop-dev", client.account, client.region)
            if verb == "up":
                run.summary = operate.up(client, store, stack, run.events.append)
            elif verb == "plan":
                run.planned = operate.show_plan(client, store.records, stack)
            elif verb == "down":
                run.summary = operate.down(client, store, run.events.append, unprotect=True)
            elif verb == "down step":
                step = random.Random(act.seed).choice(stacks.STEPS)
                run.summary = operate.down(client, store, run.events.append, step, unprotect=True)
            elif verb == "recover":
                found = recovery.search(client, store.records, stack.declared, lambda text: None)
                recovery.write(store, found)
            elif store.records:
                self._edit_state(verb, act, store)

    def _edit_state(self, verb: str, act: Act, store: MemoryStore) -> None:
        address = random.Random(act.seed).choice(sorted(store.records))
        if verb == "rename":
            bookkeeping.rename(store, address, address + "m")
        else:
            self._forgotten(store.records[address])
            store.drop(address)

    def _forgotten(self, record: Record) -> None:
        for one in self.cloud.resources.values():
            if one.maker == record.address or one.id == record.id:
                one.tampered = True

    # -- other people ----------------------------------------------------------------------------------------------

    def _by_hand(self, act: Act) -> None:
        chance = random.Random(act.seed)
        ours = [one for one in self.cloud.alive() if one.maker and one.sort not in {"keepsake"}]
        if act.verb == "squat":
            self._squat(chance)
            return
        if not ours:
            return
        one = chance.choice(ours)
        self._say(f"by hand: {act.verb} {one.id}")
        if act.verb == "delete":
            for other in self._with_users(one):
                self._vanish(other)
        elif act.verb == "resize":
            one.fields["size"] += 10
            self._show(one)
        elif act.verb in {"untag", "readdress"} and one.tags:
            one.tampered = True
            key = "Project" if act.verb == "untag" else "provisioner:address"
            one.tags[key] = "other" if act.verb == "untag" else chance.choice([*self.stack.declared, "box/other"])
            self._show(one)
        elif act.verb == "share" and one.sort == "common":
            self.cloud.make(f"foreign-{act.seed}", "foreign", {"uses": [one.id]}, {}, "")
        elif act.verb == "visit" and f"visitors/{one.id.partition(':')[2]}" in self.memory.records():
            self.cloud.make(f"visitor-{act.seed}", "visitor", {"whole": one.id}, {}, "")

    def _show(self, one: Resource) -> None:
        """Let the lists show at once what somebody did: no run had a part in it, so none can know."""
        one.views.clear()
        self.cloud.publish(one)

    def _vanish(self, one: Resource) -> None:
        self.cloud.remove(one, 0)
        one.views = [(self.hub.now, self.hub.now, None)]

    def _with_users(self, one: Resource) -> list[Resource]:
        users = [
            other
            for other in self.cloud.alive()
            if one.id in (*other.fields.get("uses", ()), other.fields.get("whole")) and other.sort != "foreign"
        ]
        return [found for user in users for found in self._with_users(user)] + [one]

    def _squat(self, chance: random.Random) -> None:
        names = [item for item in self.config if item.kind in {"title", "tower"}]
        if names:
            item = chance.choice(names)
            id = f"{item.kind}:{item.title}"
            if id not in {one.id for one in self.cloud.there()}:
                fields = {"size": 7, "shape": 7, "uses": [], "hints": [], "title": item.title}
                self.cloud.make(id, item.kind, fields, {"Owner": "somebody"}, "")
                self._say(f"by hand: a foreign {id}")

    def _undo_tampering(self) -> None:
        """Foreign things leave our names; what was tampered with gets its tags back, and what was forgotten goes."""
        for one in list(self.cloud.alive()):
            if not one.maker and one.sort != "visitor" and one.sort in SIMULATED:
                self.cloud.remove(one, 0)
        for one in list(self.cloud.alive()):
            if one.tampered:
                for other in self._with_users(one):
                    self._vanish(other)

    # -- promises --------------------------------------------------------------------------------------------------

    def _check_write(self, verb: str, kind: str, who: str) -> None:
        """Look at a call that writes before it is sent."""
        store = self.store
        if store is None:
            raise Violation(f"{verb} {who} without an open state")
        if verb == "create":
            record = store.records.get(who)
            if record is None or record.phase != "creating":
                raise Violation(f"{who} is being made, and no intent is durable")
            self._check_needs(who)
            self._check_single(who)
        elif who in self._made and who not in {record.id for record in store.records.values()}:
            raise Violation(f"{verb} {who}, which this run has made, before its id is durable")
        if verb == "delete":
            self._check_users_gone(kind, who)

    def _check_needs(self, address: str) -> None:
        for need in self.stack.declared[address].needs:
            if SIMULATED[need.address.partition("/")[0]].made_by_aws:
                continue
            whole = [
                one for one in self.cloud.alive() if one.maker == need.address or self._recorded(need.address) == one.id
            ]
            if not whole:
                raise Violation(f"{address} is being made before {need.address}, which it needs, is there")
            if need.ready and all(one.ready > self.hub.now for one in whole):
                raise Violation(f"{address} is being made before {need.address} is ready")

    def _recorded(self, address: str) -> str | None:
        record = self.store.records.get(address) if self.store else None
        return record.id if record else None

    def _check_single(self, address: str) -> None:
        """What is told by its tags must not be made a second time while one is there."""
        kind = address.partition("/")[0]
        if kind not in {"box", "ticket"}:
            return
        same = [one.id for one in self.cloud.alive() if one.sort == kind and one.maker == address and not one.tampered]
        if same and kind == "box":
            raise Violation(f"{address} is made a second time: {same} is there")

    def _check_users_gone(self, kind: str, id: str) -> None:
        records = self.store.records
        target = next((r for r in records.values() if r.kind == kind and r.id == id), None)
        if target is None:
            return
        for user in records.values():
            if target.address in user.needs and user.phase != "deleting":
                raise Violation(f"{id} is being removed before {user.address}, which is built on it")

    def _check_after(self, run: Run, act: Act) -> None:
        """Look at everything after a command."""
        records = self.memory.records()
        self._check_findable(records)
        self._check_foreign()
        if run.verb == "up" and run.ok:
            self._check_up(run, records)
        if run.verb == "down" and run.ok:
            self._check_down(records)

    def _check_findable(self, records: dict[str, Record]) -> None:
        """Whatever is there of ours is recorded, or will be found by what is recorded or declared."""
        known = {(record.kind, record.id) for record in records.values() if record.id}
        addresses = records.keys() | self.stack.declared.keys()
        titles = {(r.kind, r.asked.get("title")) for r in records.values()}
        titles |= {(item.kind, item.title) for item in self.config}
        for one in self.cloud.alive():
            if not one.maker or self._excused(one):
                continue
            named = (one.sort, one.fields.get("title")) in titles and "title" in one.fields
            if (one.sort, one.id) in known or one.tags.get("provisioner:address") in addresses or named:
                continue
            if one.sort == "piece" and one.maker in addresses:
                continue
            raise Violation(f"{one.id}, made for {one.maker}, is neither recorded nor to be found")

    def _excused(self, one: Resource) -> bool:
        """Whether a resource may stay: it is kept, others use it, or somebody took away what it is told by."""
        shared = any(one.id in other.fields["uses"] for other in self.cloud.there() if other.sort == "foreign")
        whole = self.cloud.resources.get(one.fields.get("whole", ""))
        return one.tampered or one.sort == "keepsake" or shared or (whole is not None and whole.tampered)

    def _check_foreign(self) -> None:
        for one in self.cloud.resources.values():
            if one.maker or one.sort not in SIMULATED:
                continue
            if one.gone is None and (one.fields["size"] != 7 or "ManagedBy" in one.tags):
                raise Violation(f"{one.id}, which is somebody else's, was changed")

    def _check_up(self, run: Run, records: dict[str, Record]) -> None:
        results = run.results()
        for address, item in self.stack.declared.items():
            if item.want.made_by_aws:
                continue
            record = records.get(address)
            if record is None or record.phase != "ready":
                raise Violation(f"up is through, and {address} is recorded as {record and record.phase}")
            one = self._actual(record, item)
            if one is None:
                raise Violation(f"up is through, and there is no {address} ({record.id})")
            if one.ready > self.hub.now:
                raise Violation(f"up is through, and {address} is not ready")
            for name, value in record.asked.items():
                if name not in type(item.want).written_once and _plain(one.fields.get(name)) != _plain(value):
                    raise Violation(f"up is through, and {name} of {address} is {one.fields.get(name)}, not {value}")
            writes = [verb for verb, who in run.writes if who in {address, one.id, record.id}]
            if results.get(address) in {"unchanged", "adopted"} and writes:
                raise Violation(f"{address} is told to be {results[address]}, with {writes}")
            if results.get(address) == "changed" and not writes:
                raise Violation(f"{address} is told to be changed, and nothing was written")
        for address in records.keys() - self.stack.declared.keys():
            raise Violation(f"up is through, and {address} is still recorded")
        for address, result in results.items():
            if result == "removed" and any(
                one.maker == address and one.sort != "keepsake" and not one.tampered for one in self.cloud.alive()
            ):
                raise Violation(f"{address} is told to be removed, and is there")

    def _actual(self, record: Record, item: Declared) -> Resource | None:
        alive = [one for one in self.cloud.alive() if one.sort == record.kind]
        if item.want.revises:
            return next((one for one in reversed(alive) if one.fields["title"] == record.id and one.maker), None)
        return next((one for one in alive if one.id == record.id), None)

    def _check_down(self, records: dict[str, Record]) -> None:
        if records:
            raise Violation(f"down is through, and {sorted(records)} are still recorded")
        for one in self.cloud.there():
            shared = one.sort == "common" and any(
                one.id in o.fields["uses"] for o in self.cloud.there() if o.sort == "foreign"
            )
            if one.maker and not one.tampered and one.sort != "keepsake" and not shared:
                raise Violation(f"down is through, and {one.id}, made for {one.maker}, is still there")

    def _say(self, text: str) -> None:
        self.story.append(f"{self.hub.now:9.1f}  {text}")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value


@contextmanager
def simulated_kinds() -> Iterator[None]:
    """While the context lasts, the tool knows the simulation's kinds only."""
    before = dict(KINDS)
    KINDS.clear()
    KINDS.update(SIMULATED)
    try:
        yield
    finally:
        KINDS.clear()
        KINDS.update(before or REAL)
