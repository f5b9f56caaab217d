"""`provision wake NAME` and `--tasks`, and the former name: start paused services and jobs again."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.cli.app import app, command
from provisioner.cli.options import Pausables
from provisioner.operations.context.options import Options


@command(
    app,
    "resume",
    "provision resume                   all that is paused",
    "provision resume worker nightly    a service and a job",
    now="wake [NAME]...` or `wake --tasks",
)
def resume(
    options: Options,
    names: Pausables = None,
) -> int:
    """Start services and jobs by name: the former name of `provision wake NAME` and `provision wake --tasks`."""
    return start(options, names or ())


def start(options: Options, names: Sequence[str]) -> int:
    """Start these services and jobs, all of them if none is named, and return the exit code."""
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.pause import resume as run

    screen = Screen(options, names=names)
    return screen.report(run(options, names, screen))
