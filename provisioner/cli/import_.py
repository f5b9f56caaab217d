"""`provision import`: record an existing resource under a declared address."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "import",
    "provision import repository/web shop-dev/web        an existing repository that `up` refused",
    "provision import subnet/public-a subnet-0a1b2c3d    shows what the next `up` would change, and asks",
)
def import_(
    options: Options,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="A declared address, as `provision plan` shows it.")
    ],
    resource: Annotated[str, typer.Argument(metavar="ID", help="The ID, name or ARN of the resource on AWS.")],
) -> int:
    """Import an existing resource into the stack.

    Compares it with its declaration, puts the stack's ownership tags on it if its type supports tags, and records it.
    From then on `up` changes it, and `down` deletes it.
    """
    from provisioner.cli.prompts import confirm
    from provisioner.engine.resource_types import current
    from provisioner.operations.context import configuration, connection, signals, stores
    from provisioner.operations.planning import declaration
    from provisioner.operations.state_admin import imports
    from provisioner.render import recovered as show
    from provisioner.render.text import say

    config = configuration.load(options, declares=True)
    aws = connection.connect(options, config)
    address = current(address)
    with stores.open_store(options, config, aws, "import") as store:
        stack = declaration.declare_stack(options, config, aws, store.records)
        with signals.at_once():
            found = imports.candidate(aws, store.records, stack.declared, address, resource)
        if not options.json:
            say(show.candidate(found))
        what = f"`import` records {found.live.id} as {address} of {config.name}, so that `down` will delete it"
        confirm(f"{what}, on {connection.describe_account(config, aws)}", options.yes)
        aws.drop_reads()
        imports.take(aws, store, found)
    if options.json:
        say([json.dumps(show.candidate_document(found), ensure_ascii=False)])
    else:
        say([f"{address} is imported.", f"Review what `up` would do: {options.command_line('plan')}."])
    return 0
