"""`provision options`: the options that every command takes, on a page of their own."""

from __future__ import annotations

import json

import typer

from provisioner.cli.app import app, command
from provisioner.cli.options import COMMON
from provisioner.operations.context.options import Options


@command(
    app,
    "options",
    "provision options                  each of them, with its meaning",
    "provision up --env staging --yes   they come after the command",
    hidden=True,
)
def options(options: Options, context: typer.Context) -> int:
    """List the options that every command takes. They come after the command.

    Where an option has no use, it changes nothing: `provision plan --yes` asks nothing either way.
    """
    from provisioner.render.text import say, table

    shown = [one for one in context.command.params if one.name in COMMON]
    records = [record for one in shown if (record := one.get_help_record(context))]
    if options.json:
        say([json.dumps([{"option": names, "help": text} for names, text in records], ensure_ascii=False)])
    else:
        say(table(records))
    return 0
