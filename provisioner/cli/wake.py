"""`provision wake`: start a sleeping stack again, or some of its services and jobs."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.cli.sleep import Names, check_alone
from provisioner.operations.context.options import Options


@command(
    app,
    "wake",
    "provision wake                     and wait until all tasks run",
    "provision wake worker nightly      a service and a job that sleep by name",
    "provision wake --tasks             all services and jobs that sleep by name or by --tasks",
    "provision wake --env staging       another environment",
)
def wake(
    options: Options,
    names: Names = None,
    tasks: Annotated[
        bool, typer.Option("--tasks", help="Start all services and jobs that sleep by name or by --tasks.")
    ] = False,
) -> int:
    """Start a sleeping stack, or its services and jobs, again.

    Without NAME, a stack after `provision sleep` or `[schedule]`: first the database, then the parts that `sleep` has
    deleted, then instances, services and schedules, as they were. Services and jobs that sleep by name stay paused. It
    takes minutes: a stopped database about five, interface endpoints and NAT gateways two, a load balancer three, a
    task on Fargate one to two, on instances about four. With `[schedule]`, the stack runs until its next time to sleep.

    With NAME or --tasks: services and jobs that sleep by name, or by `sleep --tasks`. A service gets its number of
    tasks from stack.toml, or from `provision scale`. A service with scaling gets the number that it had before the
    pause, between its minimum and maximum.

    Exit code 0 only when all tasks run.
    """
    if names or tasks:
        from provisioner.cli.resume import start

        check_alone(names or (), ["--tasks"] if tasks else [])
        return start(options, names or ())
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.wake import wake as run

    screen = Screen(options)
    return screen.report(run(options, screen))
