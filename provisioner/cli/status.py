"""`provision status`: the status of services and other recorded resources."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "status",
    "provision status                   the services and their verdicts, on one screen",
    "provision status --all             all resources by step, and all that runs",
    "provision status --watch           again every 5 seconds, until Ctrl-C (exit code 130)",
    "provision status --json            one JSON document",
)
def status(
    options: Options,
    everything: Annotated[bool, typer.Option("--all", help="Show all resources, and all that runs.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every 5 seconds; in a pipe, print what has changed.")
    ] = False,
) -> int:
    """Show the status of the stack.

    The URL, each service with its tasks, health, image and state, the database, the last runs of jobs, the certificate
    and the instances; problems come first, in at most 20 lines. Makes only read calls.

    The exit code is 0 if all recorded resources serve, 2 if one does not, and 1 if AWS cannot be asked.
    """
    from provisioner.operations.context import configuration
    from provisioner.operations.inspection import stack_watch
    from provisioner.operations.inspection.verdicts import exit_code
    from provisioner.render import overview
    from provisioner.render import status as show
    from provisioner.render.channels import unread
    from provisioner.render.redrawn import blocks, redrawn
    from provisioner.render.text import SCREEN, WIDE, columns, on_terminal, unicode

    config = configuration.load(options)
    mark = "…" if unicode(sys.stdout) else "..."
    code, found = 0, stack_watch.documents(options, config, again=watch)
    live = watch and not options.json and on_terminal(sys.stdout)
    with redrawn(sys.stdout) if live else blocks(sys.stdout, dated=watch and not options.json) as draw:
        for document in found if live else stack_watch.changes(found):
            code = exit_code(document)
            if options.json:
                draw([json.dumps(document, ensure_ascii=False)])
            elif everything:
                draw(show.lines(document, options.command_line, columns(sys.stdout, WIDE)))
            else:
                draw(overview.lines(document, options.command_line, columns(sys.stdout, SCREEN), mark))
            if unread():
                break
    return code
