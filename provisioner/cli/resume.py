"""`provision resume`: start paused services and jobs again."""

from __future__ import annotations

from provisioner.cli.app import app, command
from provisioner.cli.options import Pausables
from provisioner.operations.context.options import Options


@command(
    app,
    "resume",
    "provision resume                   all that is paused",
    "provision resume worker nightly    a service and a job",
)
def resume(
    options: Options,
    names: Pausables = None,
) -> int:
    """Start services and jobs again after `provision pause`, and wait until the tasks run.

    A service gets its number of tasks from stack.toml, or from `provision scale`. A service with scaling gets the
    number that it had before the pause, between its minimum and maximum.

    Exit code 0 only when all tasks run.
    """
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.pause import resume as run

    screen = Screen(options)
    return screen.report(run(options, names or (), screen))
