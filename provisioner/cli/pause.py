"""`provision pause`: stop tasks and scheduled runs for a while."""

from __future__ import annotations

from provisioner.cli.app import app, command
from provisioner.cli.options import Pausables
from provisioner.operations.context.options import Options


@command(
    app,
    "pause",
    "provision pause                    all services, and all jobs with a schedule; asks",
    "provision pause worker nightly     a service and a job",
    "provision pause --yes --json       without asking, events as JSON lines",
)
def pause(
    options: Options,
    names: Pausables = None,
) -> int:
    """Stop the tasks of services and the schedules of jobs, until `provision resume`.

    A paused service has no tasks and does not scale; a public service answers 503. The schedule does not start a paused
    job; runs that have begun continue, and `provision run` still works. All other resources stay, with their cost.
    `up` and `plan` keep the pause, and say so.

    Exit code 0 only when no task runs any more.
    """
    from provisioner.cli.prompts import confirm
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.pause import pause as run

    screen = Screen(options)
    return screen.report(run(options, names or (), lambda what: confirm(what, options.yes), screen))
