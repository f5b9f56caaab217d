"""The model of `[schedule]` in `stack.toml`."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator

from provisioner.config import schedules
from provisioner.config.base import Model, Problem


class Schedule(Model):
    """`[schedule]`: times at which AWS puts the stack to sleep and wakes it by itself, for example at night."""

    sleep: Annotated[str, AfterValidator(schedules.cron)]
    """The time at which all services go to 0 tasks, and a database that does not pause by itself stops: `cron(…)`."""
    wake: Annotated[str, AfterValidator(schedules.cron)]
    """The time at which services and database start again: `cron(…)`."""
    timezone: Annotated[str, AfterValidator(schedules.zone)] = "UTC"
    """The time zone of both."""

    def problems(self) -> Iterator[Problem]:
        """Yield an error if the stack would go to sleep and wake at the same moment."""
        if self.sleep == self.wake:
            yield "wake", "is the same moment as schedule.sleep: write another one"
