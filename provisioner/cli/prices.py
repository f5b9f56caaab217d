"""`provision cost --refresh`, and its former name: the list prices behind `provision cost`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from provisioner.cli.app import SETTINGS, Commands, app, command
from provisioner.operations.context.options import Options

group = typer.Typer(
    name="prices",
    help="Read AWS's list prices anew.",
    rich_markup_mode=None,
    cls=Commands,
    context_settings=SETTINGS,
    hidden=True,
)
app.add_typer(group)


@command(
    group,
    "refresh",
    "provision prices refresh                       the prices of the Region of stack.toml",
    "provision prices refresh --region eu-west-3    the prices of another Region",
    "provision prices refresh --json                one JSON document",
    now="cost --refresh",
)
def refresh(
    options: Options,
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help="Another Region's prices.")] = None,
) -> int:
    """Read the list prices of a Region: the former name of `provision cost --refresh`."""
    return read_prices(options, region)


def read_prices(options: Options, region: str | None) -> int:
    """Read the list prices of a Region, tell which have changed, and return the exit code."""
    from provisioner.operations.commands import prices
    from provisioner.render import cost as show
    from provisioner.render.text import say

    found = prices.refresh(options, region)
    if options.json:
        say([json.dumps(asdict(found), ensure_ascii=False)])
    else:
        say(show.refreshed(found))
    return 0
