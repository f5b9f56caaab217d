"""The model of `[jobs.NAME]` in `stack.toml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from provisioner.config import schedules
from provisioner.config.base import Problem
from provisioner.config.capabilities import kept
from provisioner.config.container import Capabilities
from provisioner.config.workload import Workload


class Job(Workload):
    """`[jobs.NAME]`: a task that runs to its end, on Fargate but not on Spot, so that AWS interrupts no migration."""

    launch: ClassVar[Literal["fargate"]] = "fargate"
    port: ClassVar[None] = None
    capabilities: Capabilities = Field(default_factory=kept)
    """Linux capabilities that the container keeps. With a user other than root, none by default."""
    before_deploy: bool = False
    """Run the job with each new revision, after the database is ready and before any service changes."""
    schedule: Annotated[str, AfterValidator(schedules.expression)] | None = None
    """The times at which EventBridge Scheduler runs the job: `cron(…)`, `rate(…)` or `at(…)`."""
    timezone: Annotated[str, AfterValidator(schedules.zone)] = "UTC"
    """The time zone of `cron` and `at`."""

    def problems(self) -> Iterator[Problem]:
        """Yield contradictions between the settings of one job."""
        yield from super().problems()
        yield from self.fargate_problems()
        if self.before_deploy and self.schedule:
            yield "schedule", "does not go with before_deploy: remove one, or make two jobs of it, by extends"
        if "timezone" in self.model_fields_set and not self.schedule:
            yield "timezone", "has no effect on a job without a schedule: remove it"
        elif "timezone" in self.model_fields_set and str(self.schedule).startswith("rate("):
            yield "timezone", "has no effect on a rate, which looks at no clock: remove it, or write cron(…)"
