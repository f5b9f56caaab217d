"""`provision diff`: the differences between two revisions of a service's task definition."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "diff",
    "provision diff web                 the revision that runs, compared with the one before",
    "provision diff web 41 43           two revisions of its task definition",
)
def diff(
    options: Options,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service.")],
    one: Annotated[str | None, typer.Argument(metavar="[REVISION]", help="The older one.")] = None,
    other: Annotated[str | None, typer.Argument(metavar="[REVISION]", help="The newer one.")] = None,
) -> int:
    """Show the differences between two revisions of a service's task definition, in the form of `diff -u`.

    Hides values of variables that look like secrets. The exit code is 0, also if there are differences.
    """
    from provisioner.operations.inspection.revisions import diff as read
    from provisioner.render.text import say

    lines = read(options, service, one, other)
    say(lines or ["no differences"], sys.stdout if lines else sys.stderr)
    return 0
