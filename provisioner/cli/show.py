"""`provision show`: the stack as one document."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


class Source(StrEnum):
    """Where settings come from."""

    DECLARED = "declared"
    RECORDED = "recorded"
    LIVE = "live"


@command(
    app,
    "show",
    "provision show                     each resource of the stack, by service and step",
    "provision show --json              one document: settings, state, what needs what, how long it takes",
    "provision show --source recorded   what the state has; asks no cloud",
    "provision show --source live       what is recorded, as AWS has it now",
)
def show(
    options: Options,
    source: Annotated[
        Source, typer.Option(help="Take settings from the configuration, the state, or AWS.")
    ] = Source.DECLARED,
) -> int:
    """Show what the stack consists of.

    Each resource with its state, its settings, the service or job that it belongs to, what it needs, and how long its
    creation takes. Values of variables and secrets are never shown. Makes only read calls.
    """
    from provisioner.operations.commands import show as commands_show
    from provisioner.render.text import columns, say
    from provisioner.render.view import lines

    found = commands_show.show(options, source.value)
    if options.json:
        say([json.dumps(found.to_dict(), ensure_ascii=False, default=str)])
    else:
        say(lines(found, columns(sys.stdout)))
    return 0
