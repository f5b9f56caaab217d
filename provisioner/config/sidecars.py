"""The model of `[services.NAME.sidecars.NAME]` and `[jobs.NAME.sidecars.NAME]`."""

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
"""The least MiB of a container (ECS API, ContainerDefinition, memory)."""
OF_LOAD_BALANCER = frozenset({"path", "codes", "healthy"})
"""Keys of a health check that only a load balancer uses."""


class Sidecar(Container):
    """A container that runs beside a workload's own, in the same task: they reach each other at localhost."""

    port: Annotated[int, values.between(1, 65535, "a port")] | None = None
    """The port that it listens on."""
    essential: bool = True
    """End the task when this container ends."""
    cpu: Annotated[int, values.at_least(1, "it is a part of the task's CPU units")] | None = None
    """Its part of the task's CPU units; the workload's own container has the rest."""
    memory: Annotated[int, values.at_least(LEAST_MEMORY, "it is too small for a container")] | None = None
    """Its limit in MiB, a part of the task's memory; by default it has no limit of its own."""
    health: Health = Health.model_construct()
    """The health check by ECS: a table with `command`."""
    capabilities: Capabilities = Field(default_factory=kept)
    """Linux capabilities that it keeps. With a user other than root, none by default."""

    @property
    def checked(self) -> bool:
        """Return whether ECS runs a health check inside the sidecar."""
        return bool(self.health.command)

    def problems(self) -> Iterator[Problem]:
        """Yield contradictions between the settings of one sidecar."""
        yield from self.container_problems()
        yield from misplaced(self.secrets, self.environment, ())
        for key in sorted(self.health.model_fields_set & OF_LOAD_BALANCER):
            yield f"health.{key}", "is for the load balancer, and a sidecar is asked by health.command: remove it"
        if self.health.command:
            yield from self.health.command_problems(public=False)
        elif self.health.model_fields_set - OF_LOAD_BALANCER:
            yield "health", "nothing asks a sidecar without health.command: add it, or remove health"
