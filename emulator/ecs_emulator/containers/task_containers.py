"""The containers of one task in the engine, and how far they have come."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

from ecs_emulator.clock import wake
from ecs_emulator.containers.definitions import ContainerSpec
from ecs_emulator.containers.engine import Engine

KILLED = 137


@dataclass
class TaskContainers:
    """The containers of one task. A phase that ends in -ing is being worked on by a thread.

    Attributes:
        relay: the container that holds the network of all, if there is one; else the first one does.
        containers: all of them, that of the network first. names: theirs in the engine.
        since: when the phase began, on the monotonic clock.
        error: why they could not be started.
        ended: whether one that is essential ended, or was given up, before all others were started.
        exit_codes: by name in the engine, of those that have ended or were given up.
    """

    specs: list[ContainerSpec]
    relay: ContainerSpec | None = None
    phase: Literal["starting", "running", "stopping", "stopped"] = "starting"
    since: float = field(default_factory=time.monotonic)
    error: str = ""
    ended: bool = False
    exit_codes: dict[str, int] = field(default_factory=dict)

    @property
    def containers(self) -> list[ContainerSpec]:
        """The task's own containers, and the relay before them."""
        return [self.relay, *self.specs] if self.relay else self.specs

    @property
    def names(self) -> list[str]:
        """The containers' names in the engine."""
        return [one.name for one in self.containers]

    def is_starting(self) -> bool:
        """Whether nobody has stopped the task while its containers start."""
        return self.phase == "starting"

    def enter(self, phase: Literal["starting", "running", "stopping", "stopped"]) -> None:
        """Enter a phase."""
        self.phase, self.since = phase, time.monotonic()
        wake()


def exit_code(host: Engine, name: str) -> int:
    """The exit code of a container that has ended; that of a killed one if it is gone."""
    from docker.errors import DockerException

    try:
        return int(host.client.api.inspect_container(name)["State"]["ExitCode"])
    except DockerException:
        return KILLED
