"""`provision rehearse`: say how the next `up` or `down` will go, by running it on a copy of the stack."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.cli.down import Unprotect
from provisioner.cli.options import NewAmi, TargetStep
from provisioner.operations.options import Options


class Rehearsable(StrEnum):
    """The commands that can be rehearsed."""

    UP = "up"
    DOWN = "down"


@command(
    app,
    "rehearse",
    "provision rehearse                 the next `up`: does it pass, how long, what is down meanwhile",
    "provision rehearse down            the next `down`",
    "provision rehearse --spread        also where AWS is fast, and where it is slow",
    "provision rehearse --durations seed:7      how long AWS takes is drawn, each time the same",
    "provision rehearse --json          one JSON document; exit code 1 if something would fail or be refused",
)
def rehearse(
    options: Options,
    what: Annotated[
        Rehearsable, typer.Argument(metavar="[up|down]", help="The command to rehearse; `up` if left out.")
    ] = Rehearsable.UP,
    target_step: TargetStep = None,
    new_ami: NewAmi = False,
    unprotect: Unprotect = False,
    durations: Annotated[
        str,
        typer.Option(
            metavar="CHOICE", help="How long AWS takes: 'typical', 'fast', 'slow', or 'seed:7' for a draw in between."
        ),
    ] = "typical",
    spread: Annotated[bool, typer.Option("--spread", help="Run it with 'fast' and 'slow' as well.")] = False,
) -> int:
    """Run the next `up` or `down` on a copy of the stack.

    Tells whether it passes, what would be refused, how long AWS will take and where that time goes, which services are
    down meanwhile, and how many calls it makes. The stack is copied, as its state records it, to an embedded cloud that
    is removed afterwards. Of the stack itself only the state is read.
    """
    from provisioner.config.builds import check_dockerfiles
    from provisioner.operations import context, stores
    from provisioner.operations.rehearsal import run
    from provisioner.render import rehearsal as show
    from provisioner.render.text import say

    config = context.load(options)
    if what is Rehearsable.UP:
        check_dockerfiles(config, options.file)
    state = stores.recorded(options, config)
    state.guard(config.name, state.account, config.region)
    request = run.Request(what.value, target_step, unprotect, new_ami)
    run.check(request, config, state)
    choices = list(dict.fromkeys([durations, *(["fast", "slow"] if spread else [])]))
    found = run.rehearse(options, config, state, request, choices, lambda text: say([text], sys.stderr))
    say([show.document(found)] if options.json else show.lines(found))
    return found.exit_code
