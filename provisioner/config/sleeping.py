"""The model of `[schedule]` in `stack.toml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator

from provisioner.config import schedules
from provisioner.config.base import Model, Problem


class Schedule(Model):
    """`[schedule]`: when AWS puts the stack to sleep and wakes it, by itself, as where nobody works at night."""

    sleep: Annotated[str, AfterValidator(schedules.cron)]
    """When all services go to no tasks, and a database that does not pause by itself is stopped: `cron(…)`."""
    wake: Annotated[str, AfterValidator(schedules.cron)]
    """When all of that starts again: `cron(…)`."""
    timezone: Annotated[str, AfterValidator(schedules.zone)] = "UTC"
    """Whose clock both mean."""

    def problems(self) -> Iterator[Problem]:
        """Yield what would put it to sleep and wake it at one moment."""
        if self.sleep == self.wake:
            yield "wake", "is the same moment as schedule.sleep: write another one"
