"""`provision history` and `provision diff`: what a service has run, and what is different in it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.options import Options


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
    most: Annotated[int, typer.Option("--last", metavar="N", min=1, max=100, help="How many of each service.")] = 10,
) -> int:
    """Show which revisions the services have run: image, when, how long it took, how it ended, and who registered it.

    ECS keeps deployments for 90 days. With --json, one object per line.
    """
    from provisioner.operations.deploying.history import history as read
    from provisioner.render import deployments
    from provisioner.render.text import say

    entries = read(options, services or (), most)
    if options.json:
        say(json.dumps(asdict(entry), ensure_ascii=False) for entry in entries)
    else:
        say(deployments.table(entries))
    return 0


@command(
    app,
    "diff",
    "provision diff web                 what runs, compared with what ran before",
    "provision diff web 41 43           two revisions of its task definition",
)
def diff(
    options: Options,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Which service.")],
    one: Annotated[str | None, typer.Argument(metavar="[REVISION]", help="The older one.")] = None,
    other: Annotated[str | None, typer.Argument(metavar="[REVISION]", help="The newer one.")] = None,
) -> int:
    """Show what is different between two revisions of a service's task definition, as `diff -u` does.

    Values of variables that look like secrets are hidden. The exit code is 0, also if there are differences.
    """
    from provisioner.operations.deploying.history import diff as read
    from provisioner.render.text import say

    lines = read(options, service, one, other)
    say(lines or ["no differences"], sys.stdout if lines else sys.stderr)
    return 0
