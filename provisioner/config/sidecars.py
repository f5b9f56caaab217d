"""The model of `[services.NAME.sidecars.NAME]` and `[jobs.NAME.sidecars.NAME]`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from provisioner.config import validators as values
from provisioner.config.base import Problem
from provisioner.config.capabilities import kept
from provisioner.config.container import Capabilities, Container
from provisioner.config.health import Health
from provisioner.config.secrets import misplaced

LEAST_MEMORY = 6
"""MiB that Docker gives a container at the least (ECS API, ContainerDefinition, memory)."""
OF_LOAD_BALANCER = frozenset({"path", "codes", "healthy"})
"""What of a health check is for a load balancer alone."""


class Sidecar(Container):
    """A container that runs beside a workload's own, in the same task: they reach each other at localhost."""

    port: Annotated[int, values.between(1, 65535, "a port")] | None = None
    """The port that it listens on."""
    essential: bool = True
    """Whether the task ends with it."""
    cpu: Annotated[int, values.at_least(1, "it is a part of the task's CPU units")] | None = None
    """Its part of the CPU units of the task; the own container has the rest."""
    memory: Annotated[int, values.at_least(LEAST_MEMORY, "it is too small for a container")] | None = None
    """Its limit in MiB, a part of that of the task; without it it has none of its own."""
    health: Health = Health()
    """How ECS checks it: a table with `command`."""
    capabilities: Capabilities = Field(default_factory=kept)
    """Linux capabilities that it keeps. With a user other than root none unless said."""

    @property
    def checked(self) -> bool:
        """Whether ECS asks it whether it is well."""
        return bool(self.health.command)

    def problems(self) -> Iterator[Problem]:
        """Yield what does not go together within one sidecar."""
        yield from self.image_problems()
        yield from misplaced(self.secrets, self.environment, ())
        for key in sorted(self.health.model_fields_set & OF_LOAD_BALANCER):
            yield f"health.{key}", "is for the load balancer, and a sidecar is asked by health.command: remove it"
        if self.health.command:
            yield from self.health.command_problems(public=False)
        elif self.health.model_fields_set - OF_LOAD_BALANCER:
            yield "health", "nothing asks a sidecar without health.command: add it, or remove health"
