"""Two machines and one state in S3, with the real engine: a machine that has lost the lock, by sleep or network.

Each command is the real one, on the simulated cloud and bucket. A sleeping machine's monotonic clock stands still, as
on Linux; the clock of `elapsed` goes on.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from greenlet import getcurrent

from provisioner.operations.runs import apply, destroy
from provisioner.operations.runs.summary import Summary
from provisioner.state.lease import LEASE
from provisioner.state.model import StateError
from provisioner.state.objects import Objects
from provisioner.state.s3 import S3Store
from tests.simulation import stack as stacks
from tests.simulation.bucket import Bucket, Network
from tests.simulation.bucket import Client as S3Client
from tests.simulation.client import Client, client
from tests.simulation.cloud import Cloud, Weather
from tests.simulation.engine import simulated_kinds
from tests.simulation.hub import Hub, Process
from tests.simulation.stack import Item

SEEDS = range(12)
ATTEMPTS, CONNECTING = 10, 10.0
"""The tries of boto3 to connect for one call, and the seconds of each."""
DATABASE = (Item("tower", "db", "data", "shop-dev-db"),)
NETWORK = (Item("box", "net", "network"),)


class Laptop(Process):
    """A process whose machine sleeps during a time of the hub's clock."""

    asleep: tuple[float, float] = (0.0, 0.0)

    def now(self) -> float:
        self.check()
        begun, ended = self.asleep
        slept = max(0.0, min(self.hub.now, ended) - begun)
        # a moment later, or rounding would end a wait just before its moment, again and again
        return self.hub.now - slept + (1e-6 if slept else 0.0)

    def elapsed(self) -> float:
        self.check()
        return self.hub.now

    def pause(self, until: float | None = None) -> None:
        self.check()
        if until is not None:
            self.hub.at(until, getcurrent())
        self.hub.suspend()
        begun, ended = self.asleep
        while self.alive and begun <= self.hub.now < ended:
            # the rest of a wait follows after the sleep
            self.hub.at(ended + (max(0.0, until - begun) if until is not None else 0.0), getcurrent())
            self.hub.suspend()
        self.check()


@dataclass(frozen=True, kw_only=True)
class Roaming(Client):
    """A client of the cloud that is cut off for a while; like boto3, a call tries again to connect."""

    cut_off: list[tuple[float, float]]

    def write(self, verb: str, type_name: str, who: str, act: Callable[[], Any]) -> Any:
        for attempt in range(ATTEMPTS):
            with suppress(ConnectTimeoutError):
                self._connect()
                # each attempt meets the fence
                return super().write(verb, type_name, who, act)
            self.pace.sleep(self.process.draw(1) * min(2.0**attempt, 20))
        raise ConnectTimeoutError(endpoint_url="simulated")

    def ask(self, operation: str, act: Callable[[], Any]) -> Any:
        self._connect()
        return super().ask(operation, act)

    def _connect(self) -> None:
        if any(begun <= self.process.hub.now < ended for begun, ended in self.cut_off):
            self.process.sleep(CONNECTING)
            raise ConnectTimeoutError(endpoint_url="simulated")


@dataclass
class World:
    """The cloud, the bucket, and the writes of each machine: the time, the verb, the resource."""

    seed: int
    writes: dict[str, list[tuple[float, str, str]]] = field(default_factory=dict)
    results: dict[str, Summary | StateError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hub = Hub(f"{self.seed}", 60_000)
        self.cloud = Cloud(f"{self.seed}", lambda: self.hub.now)
        self.cloud.weather = Weather(latency=0.1)
        self.bucket = Bucket(self.hub, 1000, 0.0)

    def machine(
        self,
        name: str,
        command: str,
        items: tuple[Item, ...],
        at: float = 0,
        cut_off: list[tuple[float, float]] | None = None,
        met: Callable[[str, str], None] = lambda verb, who: None,
    ) -> tuple[Laptop, Any]:
        """Return a machine, and its command that begins in so many seconds; `met` receives each write beforehand."""
        laptop, writes = Laptop(self.hub, f"{self.seed}/{name}"), self.writes.setdefault(name, [])
        cuts = cut_off if cut_off is not None else []

        def noted(verb: str, _: str, who: str) -> None:
            writes.append((self.hub.now, verb, who))
            met(verb, who)

        def main() -> None:
            laptop.sleep(at)
            plain = client(self.cloud, laptop, noted)
            aws = Roaming(**vars(plain), cut_off=cuts)
            s3 = S3Client(self.bucket, laptop, Network(latency=0.05, outages=cuts), random.Random(f"{self.seed}{name}"))
            objects = Objects(s3, "states", "shop-dev/", "123456789012", laptop)
            store = S3Store(objects, "shop-dev", command, "1.0", LEASE, aws.pace.stop.set, lambda _: None, laptop)
            try:
                with store:
                    store.guard("shop-dev", aws.account, aws.region)
                    if command == "up":
                        self.results[name] = apply.up(aws, store, stacks.declare(items), lambda _: None)
                    else:
                        self.results[name] = destroy.down(aws, store, lambda _: None, unprotect=False)
            except StateError as error:
                self.results[name] = error

        return laptop, laptop.spawn(main)

    def succeeded(self, name: str) -> bool:
        result = self.results[name]
        return isinstance(result, Summary) and result.ok

    def stands(self, items: tuple[Item, ...]) -> float:
        """Create a stack, let 600 seconds pass, and return the time."""
        with simulated_kinds():
            self.hub.run(self.machine("first", "up", items)[1])
        assert self.succeeded("first")
        self.hub.now += 600
        return self.hub.now


@pytest.mark.parametrize("seed", SEEDS)
def test_a_down_that_slept_leaves_what_others_created_since(seed: int) -> None:
    world = World(seed)
    now = world.stands(DATABASE)
    sleeper, down = world.machine("A", "down", DATABASE)
    # while the database is being deleted
    sleeper.asleep = (now + 41 + 1.9 * seed, now + 3600)
    with simulated_kinds():
        world.hub.run(down, world.machine("B", "down", DATABASE, 300)[1], world.machine("C", "up", DATABASE, 900)[1])
    assert world.succeeded("C")
    assert [write for write in world.writes["A"] if write[0] > now + 3600] == []
    assert len(list(world.cloud.alive())) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_down_without_network_leaves_what_others_created(seed: int) -> None:
    world = World(seed)
    now = world.stands(DATABASE)
    _, down = world.machine("A", "down", DATABASE, cut_off=[(now + 20 + seed, now + 300)])
    with simulated_kinds():
        world.hub.run(down, world.machine("B", "up", DATABASE, 100)[1])
    assert world.succeeded("B")
    assert [write for write in world.writes["A"] if write[0] > now + 100] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_an_up_that_slept_changes_nothing_back(seed: int) -> None:
    world, other = World(seed), Item("tower", "two", "data", "shop-dev-two", size=1)
    now = world.stands((*DATABASE, *NETWORK))
    sleeper, up = world.machine("A", "up", (*DATABASE, *NETWORK, other))
    sleeper.asleep = (now + 41 + seed, now + 3600)
    newer = (*DATABASE, *NETWORK, replace(other, size=5))
    with simulated_kinds():
        world.hub.run(up, world.machine("B", "up", newer, 300)[1])
    assert world.succeeded("B")
    assert [write for write in world.writes["A"] if write[0] > now + 3600] == []
    assert 5 in [thing.fields.get("size") for thing in world.cloud.alive()]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("outage", [110.0, 125.0])
def test_a_create_call_is_not_sent_again_after_another_created(seed: int, outage: float) -> None:
    world, cuts = World(seed), list[tuple[float, float]]()

    def unplugged(verb: str, _: str) -> None:
        if verb == "create" and not cuts:
            cuts.append((world.hub.now, world.hub.now + outage))
            raise ConnectTimeoutError(endpoint_url="simulated")

    _, up = world.machine("A", "up", NETWORK, cut_off=cuts, met=unplugged)
    with simulated_kinds():
        world.hub.run(up, world.machine("B", "up", NETWORK, 63)[1])
    assert len(list(world.cloud.alive())) == 1
