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
    """The source of the settings."""

    DECLARED = "declared"
    RECORDED = "recorded"
    LIVE = "live"


@command(
    app,
    "show",
    "provision show                     each resource of the stack, by service and step",
    "provision show --json              one document: settings, state, dependencies, durations",
    "provision show --source recorded   the recorded settings; makes no call",
    "provision show --source live       the recorded resources, as AWS has them now",
)
def show(
    options: Options,
    source: Annotated[
        Source, typer.Option(help="Take settings from the configuration, the state, or AWS.")
    ] = Source.DECLARED,
) -> int:
    """Show the resources of the stack.

    Each resource with its state, its settings, its service or job, its dependencies, and the duration of its creation.
    Never shows values of variables and secrets. Makes only read calls.
    """
    from provisioner.operations.commands.show import show as read
    from provisioner.render.text import columns, say
    from provisioner.render.view import lines

    found = read(options, source.value)
    if options.json:
        say([json.dumps(found.to_dict(), ensure_ascii=False, default=str)])
    else:
        say(lines(found, columns(sys.stdout)))
    return 0
