"""Simulate the state on this machine: `run(seed)` lives one life, and raises `hub.Violation` on a broken promise.

Promises: acknowledged records exist after any kill or crash; records never handed in do not; no reader goes back in
time or sees a mixture; two commands never write at once; a state without tampering can be opened; after a failed
write, nothing more is acknowledged; a waiting command gets its turn.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from provisioner.operations.state_admin.set_aside import in_directory
from provisioner.state.local import DOCUMENT, JOURNAL, LOCK, LocalStore, read
from provisioner.state.model import Record, Run, State, StateError, StateLocked
from tests.simulation.disk import Disk, Faults
from tests.simulation.hub import Hub, Process, Violation
from tests.simulation.local_life import KEYS, Act, Life, Person, Reader, Round, Writer, drawn
from tests.simulation.local_truth import EMPTY, Truth, Version

FOLDER, STACK = Path("/project/state"), "shop-dev"


def run(seed: int) -> Counter[str]:
    """Live the life of a seed; return the counts of events. Raises `Violation`."""
    return live(drawn(seed))


def live(life: Life, report: Callable[[str], None] | None = None) -> Counter[str]:
    """Live a life, and report its story if asked; return the counts of events. Raises `Violation`."""
    world = World(life, report)
    for number, one in enumerate(life.rounds):
        world.round(number, one)
    world.settle()
    world.seen.update(world.disk.counts)
    return world.seen


class World:
    """One disk, the known facts about it, and the commands at work."""

    def __init__(self, life: Life, report: Callable[[str], None] | None) -> None:
        self.hub = Hub(f"{life.seed}/order")
        self.disk = Disk(f"{life.seed}/disk")
        self.truth, self.seen = Truth(), Counter[str]()
        self.report, self._seed = report, life.seed
        self.holder: Command | None = None
        self.deeds: list[str] = []
        """The acts of a person."""
        self.astray: Version | None = None
        """The version before a person has separated the document from a journal with entries."""
        self.excused = self.alone = False
        self.ids = 0
        self._backups: list[bytes] = []
        self._alive: list[Process] = []
        self._renamed = Counter[Process]()
        self._kill_after: dict[Process, int | None] = {}

    def say(self, who: str, what: str) -> None:
        """Add a line to the story."""
        if self.report:
            self.report(f"{self.hub.now:9.4f}  {who:10} {what}")

    def new_id(self) -> str:
        """Return a new unique id."""
        self.ids += 1
        return f"id-{self.ids}"

    def process(self, name: str, kill_at: int | None = None) -> Process:
        """Return a new process."""
        one = Process(self.hub, f"{self._seed}/{name}", kill_at=kill_at)
        self._alive.append(one)
        return one

    def round(self, number: int, one: Round) -> None:
        """Run the actors of a round at the same time."""
        self.say("", f"-- round {number}, {one.faults}")
        self._alive.clear()
        if document := self.disk.show(FOLDER / DOCUMENT):
            self._backups.append(document)
        self.disk.faults = one.faults
        self.excused = replace(one.faults, slow=0.0) != Faults() or any(isinstance(a, Person) for a in one.actors)
        self.alone = sum(isinstance(actor, Writer) for actor in one.actors) == 1
        self._renamed.clear()
        crash_at = None if one.crash_at is None else self.disk.calls + one.crash_at
        self.disk.at_call = lambda: self._crash() if self.disk.calls == crash_at else None
        self.disk.at_rename = lambda process: self._has_renamed(process, one.crash_after)
        self.hub.run(*[self._begun(f"{number}.{n}", actor) for n, actor in enumerate(one.actors)])
        self.disk.faults, self.excused = Faults(slow=0.001), False
        self.disk.at_call, self.disk.at_rename = lambda: None, lambda _: None
        self._alive.clear()
        if one.settle:
            self.settle()

    def settle(self) -> None:
        """Check that the state can be read and opened without faults; after tampering, `recover` may be needed."""
        self.alone = True
        process = self.process(f"settle {self.hub.now}")

        def work() -> None:
            try:
                found = read(FOLDER, STACK, self.disk.of(process))
            except StateError as error:
                self.refused("settle", error)
                self.astray = None
                moved = in_directory(FOLDER, STACK, process, self.disk.of(process))
                self.say("settle", f"recovered: {moved}")
                self.seen["recovered"] += 1
                found = read(FOLDER, STACK, self.disk.of(process))
            self.truth.check(Version.of(found), self.truth.moment(), "loses: a reader in peace")
            Command(self, process, "settle", Writer(acts=(Act("put"),))).work()

        self.hub.run(process.spawn(work))

    def refused(self, who: str, error: StateError) -> None:
        """Check that a refused state was tampered with, and that the message names the remedy."""
        self.say(who, f"refused: {error}")
        if not self.truth.tampered:
            raise Violation(f"refuses: {who} cannot read what nobody has tampered with: {error}")
        if "recover" not in str(error):
            raise Violation(f"advice: nobody says what to do about: {error}")
        self.seen["refused"] += 1

    def _begun(self, name: str, actor: Writer | Reader | Person) -> object:
        if isinstance(actor, Person):
            process = self.process(f"person {name}")
            work: Callable[[], None] = lambda: self._deed(process, actor)  # noqa: E731 (as the others)
        elif isinstance(actor, Reader):
            process = self.process(f"reader {name}")
            work = lambda: self._reads(process, f"reader {name}", actor)  # noqa: E731
        else:
            process = self.process(f"writer {name}", actor.kill_at)
            self._kill_after[process] = actor.kill_after
            work = Command(self, process, f"writer {name}", actor).work
        return process.spawn(work)

    def _has_renamed(self, process: Process, crash_after: int | None) -> None:
        self._renamed[process] += 1
        if self._renamed.total() == crash_after:
            self._crash()
        elif self._renamed[process] == self._kill_after.get(process):
            self.say("", "is killed after renaming a file")
            process.kill()

    def _crash(self) -> None:
        self.say("", "the machine crashes")
        self.seen["crash"] += 1
        for process in self._alive:
            process.kill()
        self.disk.crash()
        self.holder = None

    def _reads(self, process: Process, name: str, actor: Reader) -> None:
        process.sleep(actor.starts)
        newest, deeds = dict[str, int](), len(self.deeds)
        for _ in range(actor.times):
            since = self.truth.moment()
            try:
                state = read(FOLDER, STACK, self.disk.of(process))
            except StateError as error:
                if not self.excused:
                    self.refused(name, error)
                continue
            self.say(name, f"reads serial {state.serial} {Version.of(state)}")
            self.seen["read"] += 1
            self.truth.check(Version.of(state), since, f"reads: {name}")
            # also between two reads: a writer may have repaired the state from an older document meanwhile
            if deeds != len(self.deeds) or self.truth.tampered:
                newest.clear()
                deeds = len(self.deeds)
            if state.serial < newest.get(state.lineage, 0):
                raise Violation(f"back: {name} reads serial {state.serial} after {newest[state.lineage]}")
            newest[state.lineage] = state.serial
            process.sleep(actor.pause)

    def _deed(self, process: Process, actor: Person) -> None:
        process.sleep(actor.starts)
        self.say("person", actor.deed)
        if FOLDER.name not in self.disk.names(FOLDER.parent):
            return
        if actor.deed == "restore" and not self._backups:
            return
        self.seen[actor.deed] += 1
        if actor.deed in {"rm_journal", "rm_directory"}:
            self.astray = None
        elif actor.deed in {"rm_document", "restore"}:
            # after a first act the state is uncertain: a killed writer may have folded the journal meanwhile
            self.astray = self.truth.possible[0] if self._journalled() else None
        self.deeds.append(actor.deed)
        if actor.deed == "restore":
            self.disk.place(FOLDER / DOCUMENT, self._backups[int(actor.starts * 10_000) % len(self._backups)])
        elif actor.deed == "rm_directory":
            self.disk.remove(FOLDER)
        else:
            names = {"rm_lock": [LOCK], "rm_journal": [JOURNAL], "rm_document": [DOCUMENT]}
            drafts = [name for name in self.disk.names(FOLDER) if name.endswith(".tmp")]
            for name in names.get(actor.deed, drafts):
                self.disk.remove(FOLDER / name)
        if actor.deed not in ("rm_lock", "rm_draft"):
            self.truth.tampered = True

    def _journalled(self) -> bool:
        """Return whether the state is known, and the journal has entries that the document lacks."""
        at_work = self.holder and self.holder.process.alive
        known = len(self.truth.possible) == 1 and not self.truth.tampered and not at_work
        document, journal = self.disk.show(FOLDER / DOCUMENT), self.disk.show(FOLDER / JOURNAL)
        if not known or not document or not journal or journal.count(b"\n") < 2:
            return False
        return bool(json.loads(journal.partition(b"\n")[0])["base"] == json.loads(document)["serial"])


class Command:
    """A command that opens the state, changes it and closes it, checked at each step."""

    def __init__(self, world: World, process: Process, name: str, plan: Writer) -> None:
        self.world, self.process, self.name, self.plan = world, process, name, plan
        self.store = LocalStore(
            FOLDER, STACK, name, "0", self._told if plan.wait else None, process, world.disk.of(process)
        )
        self.memory = EMPTY
        self.broken = self.ousted = False
        self._deeds = self._there = self._journal_there = 0

    def without(self, *deeds: str) -> bool:
        """Return whether a person has done one of these acts since the last certain state."""
        since = self._journal_there if "rm_journal" in deeds else self._there
        return any(deed in deeds for deed in self.world.deeds[since:])

    def _told(self, what: str) -> None:
        self.world.seen["waited"] += 1
        self.world.say(self.name, what)

    def work(self) -> None:
        """Open the state, make all changes, and close it."""
        world = self.world
        self.process.sleep(self.plan.starts)
        try:
            since, deeds = world.truth.moment(), len(world.deeds)
            self.store.__enter__()
        except StateLocked as error:
            if world.alone:
                raise Violation(f"locked: {self.name} finds a lock that nobody has: {error}") from None
            world.seen["locked"] += 1
            return
        except StateError as error:
            world.say(self.name, f"does not open: {error}")
            if not world.excused:
                world.refused(self.name, error)
            return
        self._opened(since, deeds)
        try:
            for act in self.plan.acts:
                self.process.sleep(act.pause)
                self._tries(act)
        finally:
            if self.process.alive:
                self._exits()

    def _opened(self, since: int, deeds: int) -> None:
        world = self.world
        if world.holder and world.holder.process.alive:
            if not world.holder.without("rm_directory", "rm_lock"):
                raise Violation(f"both: {self.name} opens while {world.holder.name} is at work")
            world.seen["ousted"] += 1
            world.holder.ousted = True
        self.memory = Version.of(self.store.state)
        world.say(self.name, f"opens serial {self.store.state.serial} {self.memory}")
        world.truth.check(self.memory, since, f"loses: {self.name}")
        if world.astray and world.astray != self.memory:
            raise Violation(f"silent: {self.name} finds {self.memory}, and says nothing of {world.astray}")
        world.astray = None
        world.holder = self
        self._there = self._journal_there = len(world.deeds)
        self._deeds = deeds
        world.truth.tampered &= deeds != len(world.deeds)
        world.truth.may_be([self.memory])

    def _tries(self, act: Act) -> None:
        world, gone = self.world, self.ousted or self.without("rm_directory", "rm_journal")
        try:
            getattr(self, f"_{act.what}")(act)
        except StateError as error:
            world.say(self.name, f"cannot {act.what} {act.key}: {error}")
            world.seen["not " + act.what] += 1
            if not world.excused:
                raise Violation(f"fails: {self.name} cannot {act.what}: {error}") from None
            # a file beside the state does not affect it, and the progress of a swap is invisible
            self.broken = act.what != "swap" and (self.broken or act.what != "keep")
            # a swap that fails later may have written the document and a new journal first, also while it was under way
            if act.what == "swap" and world.disk.show(FOLDER / JOURNAL):
                self._journal_there = len(world.deeds)
            self._same()
            return
        world.say(self.name, f"{act.what} {act.key}: {self.memory}")
        world.seen[act.what] += 1
        appended = act.what in {"put", "puts", "drop"}
        if appended and (self.broken or gone):
            raise Violation(f"after: {self.name} acknowledges {act.what} after something was not written, or is gone")
        self._same()

    def _same(self) -> None:
        if self.process.alive and (found := Version.of(self.store.state)) != self.memory:
            raise Violation(f"memory: {self.name} has {found}, and should have {self.memory}")

    def _record(self, act: Act) -> Record:
        new = self.world.new_id()
        return Record(f"thing/{act.key % KEYS}", "thing", "ready", "", new, {"name": new})

    def _put(self, act: Act) -> None:
        record, truth = self._record(act), self.world.truth
        pair = (record.address, str(record.id))
        truth.may_also_be([version.having(*pair) for version in truth.possible])
        self.store.put(record)
        self.memory = self.memory.having(*pair)
        self._sure([version for version in truth.possible if pair in version.records])

    def _puts(self, act: Act) -> None:
        acts = [replace(act, key=act.key + n) for n in range(3)]
        with self.process.pool(3) as pool:
            futures = [pool.submit(self._put, one) for one in acts]
        for future in futures:
            future.result()

    def _drop(self, act: Act) -> None:
        truth, address = self.world.truth, f"thing/{act.key}"
        truth.may_also_be([version.without(address) for version in truth.possible])
        self.store.drop(address)
        self.memory = self.memory.without(address)
        self._sure([version for version in truth.possible if version == version.without(address)])

    def _finish(self, act: Act) -> None:
        self.world.ids += 1
        self.store.finish(Run("up", float(self.world.ids), 0.0, "ok"))
        self.memory = replace(self.memory, runs=(*self.memory.runs, float(self.world.ids)))

    def _guard(self, act: Act) -> None:
        bound = replace(self.memory, account="1")
        if self.memory == bound:
            return
        self.world.truth.may_also_be([bound])
        self.store.guard(STACK, "1", "r")
        self._folded(bound)

    def _swap(self, act: Act) -> None:
        record = self._record(act)
        new = State(STACK, "1", "r", self.process.token(), 0, "0", {record.address: record})
        before, deeds = self.memory, len(self.world.deeds)
        self.world.truth.may_also_be([before, Version.of(new)])
        kept = self.world.disk.show(Path(self.store.swap(new, "replaced")))
        if (kept is None or f'"{STACK}"'.encode() not in kept) and deeds == len(self.world.deeds):
            raise Violation(f"kept: {self.name} has not kept {before}")
        self._folded(Version.of(new))

    def _keep(self, act: Act) -> None:
        content, deeds = self.world.new_id().encode(), len(self.world.deeds)
        path = Path(self.store.keep("state.kept.json", content))
        if self.world.disk.show(path) != content and deeds == len(self.world.deeds):
            raise Violation("kept: it is not there")

    def _exits(self) -> None:
        world, gone = self.world, self.ousted or self.without("rm_directory")
        world.truth.may_also_be([self.memory])
        try:
            self.store.__exit__()
        except StateError as error:
            world.say(self.name, f"does not close: {error}")
            world.seen["not closed"] += 1
            if not world.excused:
                raise Violation(f"fails: {self.name} cannot close: {error}") from None
        else:
            if gone:
                raise Violation(f"after: {self.name} closes what is gone")
            world.say(self.name, f"closes {self.memory}")
            self._folded(self.memory)
            world.truth.tampered &= self._deeds != len(world.deeds)
        if world.holder is self:
            world.holder = None

    def _folded(self, version: Version) -> None:
        self.memory, self.broken = version, False
        self._journal_there = len(self.world.deeds)
        self._sure([version])

    def _sure(self, possible: list[Version]) -> None:
        if not self.ousted:
            self.world.truth.may_be(possible)
