"""`provision history`: the revisions that services have run."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "history",
    "provision history                  the last ten deployments of each service",
    "provision history web --last 50    more of one service",
)
def history(
    options: Options,
    services: Annotated[
        list[str] | None, typer.Argument(metavar="SERVICE", help="Services to show (default: all).")
    ] = None,
    most: Annotated[
        int, typer.Option("--last", metavar="N", min=1, max=100, help="The number of deployments of each service.")
    ] = 10,
) -> int:
    """Show the revisions that services have run: image, time, duration, result, and the caller that registered each.

    ECS keeps deployments for 90 days. With --json, one object per line.
    """
    from provisioner.cli.clocks import say_two_clocks
    from provisioner.cli.early import on_aws
    from provisioner.operations.inspection.revisions import history as read
    from provisioner.render import deployments
    from provisioner.render.text import say

    entries = read(options, services or (), most)
    if options.json:
        say(json.dumps(asdict(entry), ensure_ascii=False) for entry in entries)
    else:
        say(deployments.table(entries))
        if not on_aws(options):
            say_two_clocks(options)
    return 0
