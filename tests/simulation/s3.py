"""Run a life of the state in S3, and check the promises of the state."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from greenlet import getcurrent

from provisioner.state.lease import FREE, LOCK
from provisioner.state.model import Record, Run, State, StateError, StateLocked
from provisioner.state.objects import Objects
from provisioner.state.s3 import ENDED, SESSION, S3Store
from provisioner.state.s3_read import DOCUMENT, JOURNAL, read
from tests.simulation.bucket import LATE, TIMEOUT, Bucket, Client, Network
from tests.simulation.hub import Hub, Process, Violation
from tests.simulation.s3_life import Command, Deed, Life, Op, drawn
from tests.simulation.s3_model import Fact, Model

STACK, ACCOUNT, REGION = "shop", "123456789012", "ap-northeast-1"
PREFIX = f"{STACK}/"
STOPPING = 30.0
"""Seconds within which a command must end after Ctrl-C, even if S3 has stopped answering."""
STEPS = 60_000
"""The number of resumptions after which a life counts as endless."""


def run(seed: object) -> Counter[str]:
    """Live the life of a seed; return the counts of events. Raises `Violation`."""
    return live(drawn(seed))


def live(life: Life, report: Callable[[str], None] | None = None) -> Counter[str]:
    """Live a life, and report its story if asked; return the counts of events.

    Raises:
        Violation: a promise was broken, or the code raised an unexpected error.
    """
    world = World(life, report)
    try:
        world.happen()
    except Violation:
        raise
    except Exception as error:
        raise Violation(f"{type(error).__name__}: {error}") from error
    finally:
        world.end()
    return world.seen


class Host(Process):
    """A process on a machine, which falls asleep at some of its places."""

    def __init__(self, world: World, command: Command) -> None:
        super().__init__(world.hub, f"{command.seed}/process", skew=command.skew, kill_at=command.kill_at)
        self._world, self.command = world, command
        self._sleeps = dict(command.sleeps)
        self._stood = 0.0

    def point(self) -> None:
        super().point()
        if seconds := self._sleeps.get(self.points):
            self._world.seen["asleep"] += 1
            self._world.report(self.command.name, f"falls asleep for {seconds:.1f} s")
            self.asleep_until = self.hub.now + seconds
            if self.command.stopped:
                self._stood += seconds
            self.pause(self.hub.now)

    def elapsed(self) -> float:
        return super().elapsed() - self._stood

    def machine(self) -> str:
        return self.command.machine

    def pid(self) -> int:
        return self._world.hosts.index(self) % 2 + 1

    def running(self, pid: int) -> bool:
        if not self.machine():
            # on a machine of its own, known only by its name
            return pid == self.pid()
        return any(host.alive for host in self._world.hosts if (host.machine(), host.pid()) == (self.machine(), pid))


class World:
    """A bucket, and all commands, readers and persons around it."""

    def __init__(self, life: Life, report: Callable[[str], None] | None) -> None:
        self.life, self._report = life, report
        self.seen: Counter[str] = Counter()
        self.hub = Hub(str(life.order), STEPS)
        self.bucket = Bucket(self.hub, life.page, life.ahead)
        self.bucket.hides = life.hides
        self.model = Model(life.strict)
        self.hosts: list[Host] = []
        self.values = 0
        self.unclean = 0

    def happen(self) -> None:
        mains = []
        for command in self.life.commands:
            host = self.host(command)
            mains.append(host.spawn(partial(Driver(self, host, command, self.life.network).drive)))
        for number, at in enumerate(self.life.visits):
            host = self.host(Command(f"reader-{number}", number, at))
            mains.append(host.spawn(partial(self._visit, host, at, self.life.network)))
        for deed in self.life.deeds:
            host = self.host(Command("somebody", 0, deed.at))
            mains.append(host.spawn(partial(self._do, host, deed)))
        self.hub.run(*mains)
        self._recover()

    def end(self) -> None:
        for host in self.hosts:
            self.hub.drain(host)

    def host(self, command: Command) -> Host:
        self.hosts.append(Host(self, command))
        return self.hosts[-1]

    def client(self, host: Host, seed: int, network: Network, name: str) -> Client:
        client = Client(self.bucket, host, network, random.Random(f"{seed}/others"))
        client.chances[getcurrent()] = random.Random(f"{seed}/main")
        client.seen = self.seen
        if self._report:
            client.report = partial(self.report, name)
        return client

    def report(self, who: str, what: str) -> None:
        if self._report:
            self._report(f"{self.hub.now:9.2f}  {who}: {what}")

    def value(self) -> str:
        self.values += 1
        return f"id-{self.values}"

    def session_of_document(self) -> str:
        """Return the mark of the session that has written the document last."""
        marks = [version.metadata.get(SESSION) for version in self._versions()]
        return next((mark for mark in reversed(marks) if mark and mark != ENDED), "")

    def readable(self, error: StateError) -> None:
        """Raise `Violation` if an error is impossible: damage without a person's act, or a lock without a holder."""
        damaged = re.search(
            r" is missing\. | is incomplete or not JSON| is not a (journal entry|state document)", str(error)
        )
        if damaged and not self.life.deeds:
            raise Violation(f"nobody has touched the state, but: {error}")
        if "keeps changing while it is read" in str(error):
            raise Violation(f"what was hidden for a moment was taken for a change: {error}")
        if isinstance(error, StateLocked) and error.holder == "another command":
            raise Violation(f"nobody holds the lock, but: {error}")

    def _versions(self) -> list[Any]:
        return self.bucket.versions.get(PREFIX + DOCUMENT, [])

    def _visit(self, host: Host, at: float, network: Network, reads: int = 2) -> None:
        host.sleep(at)
        objects = Objects(self.client(host, int(at * 1e6), network, "reader"), "states", PREFIX, ACCOUNT, host)
        for _ in range(reads):
            look = self.model.look()
            try:
                state = read(objects, STACK, host)
            except StateError as error:
                self.seen["reader refused"] += 1
                self.report("reader", f"cannot read: {error}")
                self.readable(error)
                self.model.looks.remove(look)
            else:
                self.report("reader", f"sees serial {state.serial}, {said(state)}")
                self.seen["reader"] += 1
                self.model.seen(look, state, "a reader")

    def _do(self, host: Host, deed: Deed) -> None:
        """Let a person act on the bucket, as docs/state.md describes."""
        host.sleep(deed.at)
        self.seen[f"somebody: {deed.what}"] += 1
        self.report("somebody", f"the {deed.what}")
        if deed.what in {"lock", "both"}:
            self.bucket.objects.pop(PREFIX + LOCK, None)
        if deed.what == "lock":
            return
        self.model.touched()
        if deed.what in {"document", "both"}:
            self.bucket.objects.pop(PREFIX + DOCUMENT, None)
        elif versions := self._versions():
            version = versions[-1 - deed.version % len(versions)]
            body = version.body
            # with its metadata or without, depending on the tool used
            self.bucket.write(PREFIX + DOCUMENT, body, version.metadata if deed.version % 2 else {})
            serial = json.loads(body)["serial"]
            self._delete(f"{PREFIX}{JOURNAL}{serial:08d}/")

    def _delete(self, below: str) -> None:
        for key in [key for key in self.bucket.objects if key.startswith(below)]:
            del self.bucket.objects[key]

    def _after(self, pause: float, network: Network) -> Driver:
        """Run a command after the end of all faults."""
        host = self.host(Command("last", 7, pause, wait=True, threads=((Op("put", "a/0", 1),),)))
        driver = Driver(self, host, host.command, network)
        self.hub.run(host.spawn(driver.drive))
        return driver

    def _recover(self) -> None:
        """Check that the next command works once all faults have ended, and leaves a tidy bucket."""
        good = Network(latency=0.02)
        self.bucket.hides = 0.0
        driver = self._after(TIMEOUT + LATE + 10, good)
        if self.life.deeds and (missing := re.search(r"(shop/journal/\d+/)\d+ is missing", driver.problem)):
            self._delete(missing[1])
            driver = self._after(0.0, good)
        if driver.problem:
            raise Violation(f"all is well again, but the next command fails: {driver.problem}")
        if driver.waited > self.life.lease * 31 / 30 + 3:
            raise Violation(f"the next command had to wait for {driver.waited:.1f} s")
        if self.bucket.objects[PREFIX + LOCK].body != FREE:
            raise Violation("the last command has left the lock behind")
        reader = self.host(Command("visitor", 8, 0.0))
        self.hub.run(reader.spawn(partial(self._visit, reader, 0.0, good, 1)))
        left = [key for key in self.bucket.objects if key.startswith(PREFIX + JOURNAL)]
        if len(left) > self.unclean + self.bucket.returned + len(self.life.deeds):
            raise Violation(f"{self.unclean} commands did not end well, and the journal keeps {left}")


class Driver:
    """Runs one command of a life, and informs the model."""

    def __init__(self, world: World, host: Host, command: Command, network: Network) -> None:
        self.world, self.host, self.command, self.network = world, host, command, network
        self.model = world.model
        self.problem, self.waited = "", 0.0
        self.stop, self.stopped = host.event(), 0.0
        host.on_death.append(self._dead)
        world.unclean += 1

    def drive(self) -> None:
        self.host.sleep(self.command.at)
        self.session = self.model.session(self.command.name)
        self.client = self.world.client(self.host, self.command.seed, self.network, self.command.name)
        self.client.fates = dict(self.command.fates)
        self.client.ending = self.stop.is_set
        if self.command.ctrl_c is not None:
            self.host.start(self._press_ctrl_c, "user")
        self._command()
        ended = self.host.hub.now
        if self.stop.is_set() and ended > self.stopped + STOPPING:
            raise Violation(f"S3 is silent, and {ended - self.stopped:.0f} s after Ctrl-C the command ends")

    def _press_ctrl_c(self) -> None:
        assert self.command.ctrl_c is not None
        now, ahead = self.host.hub.now, self.command.ctrl_c
        self.client.silent_from = now + max(0.0, ahead - self.command.silent)
        self.host.sleep(ahead)
        self.stopped = self.host.hub.now
        self._report("Ctrl-C")
        self.world.seen["Ctrl-C"] += 1
        self.stop.set()

    def _command(self) -> None:
        objects = Objects(self.client, "states", PREFIX, ACCOUNT, self.host, self.stop.is_set)
        report = self._report if self.command.wait else None
        self.store = S3Store(
            objects, STACK, self.command.name, "1.0", self.world.life.lease, lambda: None, report, self.host
        )
        look, began = self.model.look(), self.host.hub.now
        try:
            self.store.__enter__()
        except StateError as error:
            self.model.looks.remove(look)
            self._stopped(f"could not open: {error}")
            self.world.readable(error)
            self.world.seen[f"open: {_kind(error)}"] += 1
            return
        self.waited = self.host.hub.now - began
        self._report(f"opened with serial {self.store.state.serial}, {said(self.store.state)}")
        superseded = self.world.session_of_document() != self.store._session
        self.world.seen["opened, and superseded" if superseded else "opened"] += 1
        self.model.opened(self.session, look, self.store.state, superseded=superseded)
        if self.command.first != "guard late":
            self._first()
        threads = [self.host.start(partial(self._work, ops), "thread") for ops in self.command.threads]
        if self.command.first == "guard late":
            self._first()
        if self.command.leaves is None:
            for thread in threads:
                thread.join()
        else:
            self.host.sleep(self.command.leaves)
        self._close()
        for thread in threads:
            thread.join()

    def _first(self) -> None:
        if self.command.first.startswith("guard") and not self.store.state.account:
            self._said([("@account", ACCOUNT)], lambda: self.store.guard(STACK, ACCOUNT, REGION), "guard", folded=True)
        elif self.command.first == "swap":
            old, value = self.store.state, self.world.value()
            record = Record("a/1", "a", "ready", "token", value)
            new = State(STACK, old.account, old.region, records={"a/1": record}, history=list(old.history))
            facts = [(address, None) for address in sorted(self.model.ever) if address[0] != "@" and address != "a/1"]
            self._said([*facts, ("a/1", value)], lambda: self.store.swap(new, "replaced"), "swap", folded=True)

    def _work(self, ops: tuple[Op, ...]) -> None:
        for op in ops:
            if self.command.ctrl_c is None:
                self.host.sleep(op.think)
            elif self.stop.wait(op.think):
                return
            self.client.chances[getcurrent()] = random.Random(op.seed)
            self.client.interrupts[getcurrent()] = op.interrupt
            if op.verb == "bad":
                self._refused(op)
            elif op.verb == "put":
                value = self.world.value()
                record = Record(op.address, op.address[0], "ready", "token", value)
                self._said([(op.address, value)], partial(self.store.put, record), f"put {op.address} = {value}")
            else:
                self._said([(op.address, None)], partial(self.store.drop, op.address), f"drop {op.address}")

    def _refused(self, op: Op) -> None:
        """Hand in a record that cannot be written: the others go on."""
        try:
            self.store.put(Record(op.address, "a", "ready", "token", None, {"tags": {"not", "JSON"}}))
        except (StateError, TypeError, ValueError) as error:
            self._report(f"bad {op.address}: {error}")
        except KeyboardInterrupt:
            self._report("bad: interrupted")
        else:
            raise Violation("what cannot be written down was acknowledged")

    def _close(self) -> None:
        name = self.command.name
        facts: list[tuple[str, str | None]] = []
        try:
            self.store.finish(Run(name, 1.0, 1.0, "ok"))
            facts = [(f"@run {name}", name)]
        except StateError as error:
            self._stopped(f"cannot finish: {error}")
        if self._said(facts, self.store.__exit__, "close", folded=True):
            self.world.unclean -= 1

    def _said(
        self, facts: list[tuple[str, str | None]], act: Callable[[], Any], what: str, *, folded: bool = False
    ) -> bool:
        """Hand facts in, and inform the model of the result; return whether they were acknowledged."""
        handed = [self.model.begin(self.session, address, value) for address, value in facts]
        try:
            act()
        except StateError as error:
            self._stopped(f"{what}: {error}")
            self.world.seen[f"{what.partition(' ')[0]}: {_kind(error)}"] += 1
            if not folded:
                self._failed(handed)
            return False
        except KeyboardInterrupt:
            self._report(f"{what}: interrupted")
            self.world.seen[f"{what.partition(' ')[0]}: interrupted"] += 1
            return False
        self.world.seen[what.partition(" ")[0]] += 1
        self._report(f"{what}: done")
        for fact in handed:
            self.model.done(fact, folded=folded)
        return True

    def _failed(self, handed: list[Fact]) -> None:
        for fact in handed:
            self.model.failed(fact)

    def _dead(self) -> None:
        self.world.seen["killed"] += 1
        self._report("is killed")

    def _stopped(self, why: str) -> None:
        self.problem = self.problem or why
        self._report(why)

    def _report(self, what: str) -> None:
        self.world.report(self.command.name, what)


def _kind(error: StateError) -> str:
    """Return the kind of a refusal, for the counts of events."""
    if isinstance(error, StateLocked):
        return "locked"
    kinds = (
        "lost the state lock",
        "was interrupted",
        "is closed",
        "is missing",
        "cannot be deleted",
        "takes longer",
        "cannot be",
    )
    return next((kind for kind in kinds if kind in str(error)), "another refusal")


def said(state: State) -> str:
    return " ".join(f"{address}={record.id}" for address, record in sorted(state.records.items())) or "nothing"
