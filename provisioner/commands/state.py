"""`provision state`: look into the state."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from provisioner.commands.app import SETTINGS, app, command
from provisioner.commands.options import Options

group = typer.Typer(name="state", help="Look into the state.", rich_markup_mode=None, context_settings=SETTINGS)
app.add_typer(group)


@command(
    group,
    "list",
    "provision state list               every recorded address with its phase and id",
)
def list_(options: Options) -> int:
    """List what the state records: address, phase (creating, created, ready, deleting), id."""
    from provisioner import inspection, session
    from provisioner.render.text import say, table

    config = session.load(options)
    things = inspection.things(session.recorded(options, config))
    if options.json:
        say([json.dumps(things, ensure_ascii=False)])
    else:
        say(table((thing["address"], thing["phase"], thing["id"] or "") for thing in things))
    return 0


@command(
    group,
    "show",
    "provision state show vpc/main      one record in full",
)
def show(
    options: Options,
    key: Annotated[str, typer.Argument(metavar="KEY", help="An address, as `provision state list` shows it.")],
) -> int:
    """Show one record in full: what was asked for, what AWS answered, what it needs."""
    from provisioner import inspection, session
    from provisioner.render.status import record_lines
    from provisioner.render.text import say

    config = session.load(options)
    record = inspection.record(session.recorded(options, config), key)
    say([json.dumps(record, indent=2, ensure_ascii=False)] if options.json else record_lines(record))
    return 0
