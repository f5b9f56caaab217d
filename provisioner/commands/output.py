"""`provision output`: the values that others need, such as the URL."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from provisioner.commands.app import app, command
from provisioner.commands.options import Options


@command(
    app,
    "output",
    "provision output                   all of them, as a table",
    "provision output url               one bare value, for scripts",
)
def output(
    options: Options,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Which one; all if left out.")] = None,
) -> int:
    """Print the URL and the like.

    The load balancer's name, the database's host and other values that scripts need, as the state knows them.
    """
    from provisioner import inspection, session
    from provisioner.render.text import say, table

    config = session.load(options)
    values = inspection.outputs(session.recorded(options, config), config, session.entry(options, config))
    wanted = inspection.chosen(values, name) if name else values
    if options.json:
        say([json.dumps(wanted, ensure_ascii=False)])
    else:
        say([wanted] if isinstance(wanted, str) else table(wanted.items()))
    return 0
