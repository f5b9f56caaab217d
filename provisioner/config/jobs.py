"""The model of `[jobs.NAME]` in `stack.toml`."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from provisioner.config import schedules
from provisioner.config import validators as values
from provisioner.config.base import Problem
from provisioner.config.capabilities import kept
from provisioner.config.container import Capabilities
from provisioner.config.workload import Workload

SHORTEST, LONGEST = 60, 30 * 86400
"""Seconds of the shortest and the longest timeout."""
MOST_RETRIES = 10


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
    timeout: Annotated[int, values.between(SHORTEST, LONGEST, "a time of a run in seconds")] | None = None
    """Seconds, 60 to 2592000 (30 days), after which AWS ends a run by the schedule, with its retries."""
    retries: Annotated[int, values.between(0, MOST_RETRIES, "a number of retries")] | None = None
    """The number of times, 0 to 10, that a failed run by the schedule is repeated."""

    @property
    def by_machine(self) -> bool:
        """Return whether the schedule runs the job through a state machine: a timeout or retries need one."""
        return bool(self.schedule) and (self.timeout is not None or self.retries is not None)

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
        for key in ("timeout", "retries"):
            if getattr(self, key) is None:
                continue
            if not self.schedule:
                yield key, "has no effect on a job without a schedule: remove it"
            elif self.sidecars:
                why = "Step Functions takes a sidecar that the end of the job stops for a failure"
                yield key, f"does not go with sidecars: {why}. Remove it, or the sidecars"
