"""One command at a bucket in memory, with others beside it: for single cases."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from provisioner.state.model import Record
from provisioner.state.objects import Objects
from provisioner.state.s3 import S3Store
from tests.simulation.bucket import ATTEMPTS, Bucket, Client, Network
from tests.simulation.hub import Hub, Process


def burst(first: int, fate: str, count: int = ATTEMPTS) -> tuple[tuple[int, str], ...]:
    """Return the same fate for a request and all its repetitions."""
    return tuple((number, fate) for number in range(first, first + count))


class Sleeper(Process):
    """A process that falls asleep as a whole at one of its places: see `Process.points`."""

    def __init__(self, hub: Hub, sleeps_at: int, seconds: float) -> None:
        super().__init__(hub, "one")
        self._sleeps_at, self._seconds = sleeps_at, seconds

    def point(self) -> None:
        super().point()
        if self.points == self._sleeps_at:
            self.asleep_until = self.hub.now + self._seconds
            self.pause(self.hub.now)


class Place:
    """A bucket and the commands on it, one greenlet at a time.

    Args:
        sleeps: the number of the place at which the working process falls asleep, 0 for none, and the seconds of sleep.
    """

    def __init__(self, sleeps: tuple[int, float] = (0, 0.0)) -> None:
        self.hub, self._sleeps = Hub("place"), sleeps
        self.bucket = Bucket(self.hub, 1000, 0.0)
        self.client: Client

    def run(self, work: Callable[[Process, Objects], None], *beside: Callable[[Process], None]) -> None:
        """Let a process work, and others act beside it."""
        process, other = Sleeper(self.hub, *self._sleeps), Process(self.hub, "two")
        objects = self.objects(process)
        mains = [other.spawn(partial(act, other)) for act in beside]
        self.hub.run(process.spawn(lambda: work(process, objects)), *mains)
        self.hub.drain(process)
        self.hub.drain(other)

    def objects(self, process: Process) -> Objects:
        """Return the state's objects as a process sees them."""
        self.client = Client(self.bucket, process, Network(latency=0.01), random.Random(1))
        return Objects(self.client, "states", "shop/", "123456789012", process)


def record(address: str, **arguments: object) -> Record:
    return Record(address, "vpc", "ready", "token", "id-1", arguments)


def store(objects: Objects, process: Process, note: Callable[[str], None] = lambda _: None) -> S3Store:
    return S3Store(objects, "shop", "up", "1.0", 60.0, lambda: None, runtime=process, note=note)
