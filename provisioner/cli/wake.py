"""`provision wake`: start a sleeping stack again."""

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
    """Start a stack again after `provision sleep` or `[schedule]`, and wait until all tasks run.

    First the database, then the parts that `sleep` has deleted, then instances, services and schedules, as they were.
    Services and jobs from `provision pause` stay paused. It takes minutes: a stopped database about five, interface
    endpoints and NAT gateways two, a load balancer three, a task on Fargate one to two, on instances about four. With
    `[schedule]`, the stack runs until its next time to sleep.

    Exit code 0 only when all tasks run.
    """
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.wake import wake as run

    screen = Screen(options)
    return screen.report(run(options, screen))
