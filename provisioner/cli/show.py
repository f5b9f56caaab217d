"""`provision show`: the stack as one document, and one record of its state."""

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
    "provision show vpc/main            one resource, as recorded: settings, outputs, dependencies",
)
def show(
    options: Options,
    address: Annotated[
        str | None, typer.Argument(metavar="ADDRESS", help="One resource, such as service/web (default: all).")
    ] = None,
    source: Annotated[
        Source | None,
        typer.Option(help="Take settings from the configuration (the default), the state, or AWS.", show_default=False),
    ] = None,
) -> int:
    """Show the resources of the stack.

    Each resource with its state, its settings, its service or job, its dependencies, and the duration of its creation.
    Never shows values of variables and secrets. Makes only read calls.

    With ADDRESS: the settings, outputs and dependencies of one resource, as the state records them, without a call.
    `provision plan ADDRESS` shows it as declared, with its changes.
    """
    if address:
        if source not in (None, Source.RECORDED):
            from provisioner.engine.errors import ConfigurationError

            raise ConfigurationError(
                f"one resource is shown as recorded: leave --source out, or see {options.command_line('plan', address)}"
            )
        return print_record(options, address)
    from provisioner.operations.commands.show import show as read
    from provisioner.render.text import columns, say
    from provisioner.render.view import lines

    found = read(options, (source or Source.DECLARED).value)
    if options.json:
        say([json.dumps(found.to_dict(), ensure_ascii=False, default=str)])
    else:
        say(lines(found, columns(sys.stdout)))
    return 0


def print_record(options: Options, address: str) -> int:
    """Print one record of the state, and return the exit code."""
    from provisioner.operations.context import configuration, stores
    from provisioner.operations.context.records import find_record
    from provisioner.render.status import record_lines
    from provisioner.render.text import say

    config = configuration.load(options)
    record = find_record(stores.as_written(options, config), address)
    say([json.dumps(record, indent=2, ensure_ascii=False)] if options.json else record_lines(record))
    return 0
