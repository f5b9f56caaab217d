"""`provision wake`: start a stack again that sleeps."""

from __future__ import annotations

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "wake",
    "provision wake                     and wait until all tasks run",
    "provision wake --env staging       another environment",
)
def wake(options: Options) -> int:
    """Start a stack again that `provision sleep` or `[schedule]` has stopped, and wait until all tasks run.

    First the database, then what `sleep` has deleted, then instances, services and schedules, as they were. What was
    paused by itself stays paused. It takes minutes: a stopped database about five, interface endpoints and NAT gateways
    two, a load balancer three, a task on Fargate one to two, on instances about four. With `[schedule]` it runs until
    that is next due.

    Exit code 0 only when all tasks run.
    """
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.wake import wake as run

    screen = Screen(options)
    return screen.report(run(options, screen))
