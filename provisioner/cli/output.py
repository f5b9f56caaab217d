"""`provision output`: values of the stack for scripts, such as the URL."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "output",
    "provision output                   all outputs, as a table",
    "provision output url               one value, for scripts",
)
def output(
    options: Options,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Output to print (default: all).")] = None,
) -> int:
    """Print output values such as the URL.

    The load balancer's name, the database's host and other values for scripts, as recorded in the state.
    """
    from provisioner.operations.context import configuration, embedded_cloud, stores
    from provisioner.operations.inspection import stack_status
    from provisioner.render.text import say, table

    config = configuration.load(options)
    values = stack_status.outputs(stores.as_written(options, config), config, embedded_cloud.entry(options, config))
    wanted = stack_status.chosen(values, name) if name else values
    if options.json:
        say([json.dumps(wanted, ensure_ascii=False)])
    else:
        say([wanted] if isinstance(wanted, str) else table(wanted.items()))
    return 0
