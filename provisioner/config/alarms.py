"""The model of `[alarms]` in `stack.toml`."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator

from provisioner.config import validators as values
from provisioner.config.base import LIST, Model, Problem

ERRORS = 10
"""5xx answers in a minute."""
Errors = Annotated[int | Literal[False], values.or_false(1, 1_000_000, "a number of errors in a minute, such as 10")]
Email = Annotated[str, values.matching(values.EMAIL, 'is not an e-mail address, such as "ops@example.com"')]
Percent = Annotated[int | Literal[False], values.or_false(1, 99, "a percentage from 1 to 99, such as 90")]


class Alarms(Model):
    """`[alarms]`: CloudWatch alarms of the stack, and the receivers of their messages; `false` leaves an alarm out."""

    email: Annotated[tuple[Email, ...], LIST, values.unique("address")] = ()
    """E-mail addresses that get each alarm, once an address has confirmed the subscription."""
    topic: Annotated[str, AfterValidator(values.topic)] | None = None
    """The ARN of an SNS topic of yours that gets each alarm."""
    errors: Errors = ERRORS
    """5xx answers in a minute that raise an alarm, of a public service or of the load balancer; `false`: no alarm."""
    unhealthy: bool = True
    """Watch for targets of a public service that fail their health check."""
    running: bool = True
    """Watch for a service with fewer tasks than its minimum."""
    cpu: Percent = 90
    """The average CPU that raises an alarm, in percent of the tasks' CPU units, and of an instance of RDS or Valkey;
    `false`: no alarm."""
    memory: Percent = 90
    """The average memory that raises an alarm, in percent of the tasks' memory, and of that of Valkey unless it evicts;
    `false`: no alarm."""
    acu: Percent = 90
    """The capacity of the database that raises an alarm, in percent of `database.max_acu`; `false`: no alarm."""
    storage: Percent = 10
    """The free part of a database's disk that raises an alarm when it falls below, in percent of `database.storage`;
    `false`: no alarm."""
    dead_letters: bool = True
    """Watch for dead letters: messages of a queue that were received too often."""
    schedules: bool = True
    """Watch for runs of scheduled jobs, and calls of `[schedule]`, that were given up."""
    failed_jobs: bool = True
    """Watch for runs of scheduled jobs that failed: another exit code than 0, or a task that never ran."""

    def problems(self) -> Iterator[Problem]:
        """Yield an error if the table names neither an address nor a topic: nobody would get the alarms."""
        if not self.email and self.topic is None:
            yield "email", 'is missing, so nobody would be told: add email = ["you@example.com"], or a topic'
