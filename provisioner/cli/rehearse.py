"""`provision rehearse`: run the next `up` or `down` on a copy of the stack."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.cli.options import Delete, NewAmi, TargetStep, Unprotect
from provisioner.cli.reports import Report, reporting
from provisioner.operations.context.options import Options

if TYPE_CHECKING:
    from provisioner.operations.rehearsal.options import RehearsalOptions
    from provisioner.render.report.draft import Draft


class Rehearsable(StrEnum):
    """The commands that can be rehearsed."""

    UP = "up"
    DOWN = "down"


@command(
    app,
    "rehearse",
    "provision rehearse                 the next `up`",
    "provision rehearse down            the next `down`",
    "provision rehearse --spread        and with fast and slow durations",
    "provision rehearse --durations seed:7      random durations, the same each time",
    "provision rehearse --fails web     and the new image of `web` exits at once",
    "provision rehearse --fails web.nginx     and that of its sidecar `nginx` does",
    "provision rehearse --fails migrate     and the job before the services does",
    "provision rehearse --report rehearsal.html    also a page, with a picture of the changes",
    "provision rehearse --json          one JSON document; exit code 1 if it would fail",
)
def rehearse(
    options: Options,
    what: Annotated[
        Rehearsable, typer.Argument(metavar="up|down", help="The command to rehearse (default: up).")
    ] = Rehearsable.UP,
    target_step: TargetStep = None,
    new_ami: NewAmi = False,
    delete: Delete = None,
    unprotect: Unprotect = False,
    fails: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SERVICE|JOB", help="Let the new tasks of a service or job exit at once; can be repeated."
        ),
    ] = None,
    durations: Annotated[
        str,
        typer.Option(
            metavar="CHOICE",
            help="The durations of AWS: 'typical', 'uneven' (tasks differ), 'fast', 'slow', or 'seed:7' (random).",
        ),
    ] = "uneven",
    spread: Annotated[bool, typer.Option("--spread", help="Also rehearse with 'fast' and 'slow'.")] = False,
    report: Report = None,
) -> int:
    """Rehearse the next `up` or `down` on a copy of the stack.

    Shows whether it would succeed, the refused changes, the duration on AWS, the URLs and services that would be down
    meanwhile, and the number of calls. The stack is copied from its state to an embedded cloud of this process. Of the
    stack itself, only the state is read.
    """
    with reporting(options, "rehearse", report, target_step) as draft:
        from provisioner.operations.context import embedded_cloud

        embedded_cloud.require()
        from provisioner.operations.rehearsal.options import RehearsalOptions

        request = RehearsalOptions(what.value, target_step, unprotect, new_ami, tuple(delete or ()), tuple(fails or ()))
        choices = list(dict.fromkeys([durations, *(["fast", "slow"] if spread else [])]))
        return draft.ended(_rehearse(options, request, choices, draft, reported=bool(report)))


def _rehearse(
    options: Options, request: RehearsalOptions, choices: Sequence[str], draft: Draft, *, reported: bool
) -> int:
    from provisioner.config.builds import check_contexts
    from provisioner.operations.commands.report import of_rehearsal
    from provisioner.operations.context import configuration, stores
    from provisioner.operations.rehearsal import run
    from provisioner.operations.rehearsal.options import check_options
    from provisioner.render import rehearsal as show
    from provisioner.render.text import say

    config = configuration.load(options, declares=True)
    if request.command == Rehearsable.UP:
        check_contexts(config, options.file)
    state = stores.recorded(options, config)
    state.guard(config.name, state.account, config.region)
    check_options(request, config, state)
    found = run.rehearse(options, config, state, request, choices, lambda text: say([text], sys.stderr))
    draft.rehearsal = found
    say([show.document(found)] if options.json else show.lines(found))
    draft.about = of_rehearsal(options, config, state, found) if reported else None
    return found.exit_code
