"""`provision cost`: the cost of a stack, before it exists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "cost",
    "provision cost                     by resource: idle, as declared, and at most",
    "provision cost --region eu-west-2  its cost there",
    "provision cost --load load.toml    with requests, logs and data as that file says",
    "provision cost --hints             cheaper settings, and their drawbacks",
    "provision cost --refresh           read the list prices of the Region from AWS anew",
    "provision cost --json              one JSON document, with each line's price",
)
def cost(
    options: Options,
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help="Another Region's prices.")] = None,
    load: Annotated[
        Path | None, typer.Option("--load", metavar="FILE", help="The load of the stack: a TOML file.")
    ] = None,
    hints: Annotated[bool, typer.Option("--hints", help="Also list cheaper settings, and their drawbacks.")] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Read the list prices of the Region from AWS instead, and keep them.")
    ] = False,
) -> int:
    """Show the cost of the stack on AWS, as declared.

    In US dollars a month, by list prices that come with this tool or that --refresh has read: idle, while nobody uses
    the stack; usual, with the declared number of tasks; and at the most. Costs that depend on the load are shown as
    unit prices, or counted with --load. Needs no account and makes no call.

    With --refresh: reads the list prices of a Region from AWS's Price List API and writes them beside the state. From
    then on, `cost`, `plan` and other commands use them, and this tool's own prices for missing ones. An uncertain price
    is not changed, and is named. Needs pricing:GetProducts, which `provision policy --prices` prints.
    """
    if refresh:
        from provisioner.cli.prices import read_prices
        from provisioner.engine.errors import ConfigurationError

        if load or hints:
            raise ConfigurationError("--refresh only reads prices: leave --load and --hints out")
        return read_prices(options, region)
    from provisioner.cost import load as loads
    from provisioner.operations.context import configuration
    from provisioner.operations.impact import costs, savings
    from provisioner.render import cost as show
    from provisioner.render.text import say

    config = configuration.load(options, declares=True)
    config = config.model_copy(update={"region": region}) if region else config
    used = loads.read(load) if load else None
    found = costs.of_config(config, options.directory, used)
    cheaper = savings.hints(config, options.directory, used) if hints else None
    if options.json:
        say([json.dumps(show.document(found, config.name, config.cost.budget, cheaper), ensure_ascii=False)])
    else:
        others = [f"database {config.used_database.identifier}"] if config.used_database else []
        say(show.lines(found, config.name, config.cost.budget, cheaper, others))
    return 0
