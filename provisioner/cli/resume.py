"""`provision resume`: start again what was paused."""

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
    """Start again what `provision pause` has stopped, and wait until the tasks run.

    Services get as many tasks as before: those of stack.toml, or of `provision scale`. A service with scaling gets as
    many as it had when it was paused, between its bounds.

    Exit code 0 only when all tasks run.
    """
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.pause import resume as run

    screen = Screen(options)
    return screen.report(run(options, names or (), screen))
