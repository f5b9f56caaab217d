"""`provision sleep NAME` and `--tasks`, and the former name: stop tasks and scheduled runs for a while."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.cli.app import app, command
from provisioner.cli.options import Pausables
from provisioner.operations.context.options import Options


@command(
    app,
    "pause",
    "provision pause                    all services, and all jobs with a schedule; asks",
    "provision pause worker nightly     a service and a job",
    "provision pause --yes --json       without asking, events as JSON lines",
    now="sleep [NAME]...` or `sleep --tasks",
)
def pause(
    options: Options,
    names: Pausables = None,
) -> int:
    """Stop services and jobs by name: the former name of `provision sleep NAME` and `provision sleep --tasks`."""
    return stop(options, names or ())


def stop(options: Options, names: Sequence[str]) -> int:
    """Stop these services and jobs, all of them if none is named, and return the exit code."""
    from provisioner.cli.prompts import confirm
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.pause import pause as run

    screen = Screen(options, names=names)
    return screen.report(run(options, names, lambda what: confirm(what, options.yes), screen))
