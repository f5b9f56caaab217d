"""The containers of a task in the engine, and the phase they have reached."""

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
    """The containers of a task. In a phase that ends in -ing a thread works on them.

    Attributes:
        relay: the container that holds the network of all, if there is one; otherwise the first one does.
        containers: all of them, the one with the network first. names: their names in the engine.
        since: the begin of the phase, on the monotonic clock.
        error: the reason why they could not be started.
        ended: whether an essential container ended, or was given up, before all the others were started.
        exit_codes: the exit codes by name in the engine, of containers that have ended or were given up.
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
        """The relay, if there is one, and the task's own containers."""
        return [self.relay, *self.specs] if self.relay else self.specs

    @property
    def names(self) -> list[str]:
        """The containers' names in the engine."""
        return [one.name for one in self.containers]

    def is_starting(self) -> bool:
        """Return whether the containers are still starting: nobody has stopped the task."""
        return self.phase == "starting"

    def enter(self, phase: Literal["starting", "running", "stopping", "stopped"]) -> None:
        """Begin a phase."""
        self.phase, self.since = phase, time.monotonic()
        wake()


def exit_code(host: Engine, name: str) -> int:
    """Return the exit code of a container that has ended; if it is gone, that of a killed container."""
    from docker.errors import DockerException

    try:
        return int(host.client.api.inspect_container(name)["State"]["ExitCode"])
    except DockerException:
        return KILLED
