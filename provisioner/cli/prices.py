"""`provision prices`: the list prices behind `provision cost`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from provisioner.cli.app import SETTINGS, Commands, app, command
from provisioner.operations.context.options import Options

group = typer.Typer(
    name="prices", help="Read AWS's list prices anew.", rich_markup_mode=None, cls=Commands, context_settings=SETTINGS
)
app.add_typer(group)


@command(
    group,
    "refresh",
    "provision prices refresh                       the prices of the Region of stack.toml",
    "provision prices refresh --region eu-west-3    the prices of another Region",
    "provision prices refresh --json                one JSON document",
)
def refresh(
    options: Options,
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help="Another Region's prices.")] = None,
) -> int:
    """Read the list prices of a Region from AWS's Price List API.

    The prices are written beside the state. From then on, `cost`, `plan` and other commands use them, and this tool's
    own prices for missing ones. An uncertain price is not changed, and is named. Nothing else is changed.

    Needs pricing:GetProducts, which `provision policy --prices` prints.
    """
    from provisioner.operations.commands import prices
    from provisioner.render import cost as show
    from provisioner.render.text import say

    found = prices.refresh(options, region)
    if options.json:
        say([json.dumps(asdict(found), ensure_ascii=False)])
    else:
        say(show.refreshed(found))
    return 0
