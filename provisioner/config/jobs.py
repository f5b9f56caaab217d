"""The model of `[jobs.NAME]` in `stack.toml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from provisioner.config.base import Problem
from provisioner.config.capabilities import kept
from provisioner.config.workload import Capabilities, Workload


class Job(Workload):
    """`[jobs.NAME]`: a task that runs to its end, on Fargate and not on Spot: nothing interrupts a migration."""

    launch: ClassVar[Literal["fargate"]] = "fargate"
    port: ClassVar[None] = None
    capabilities: Capabilities = Field(default_factory=kept)
    # Whether `up` runs it with each new revision, after the database is ready and before any service changes.
    before_deploy: bool = False

    def problems(self) -> Iterator[Problem]:
        """Yield what does not go together within one job."""
        yield from super().problems()
        yield from self.fargate_problems()
