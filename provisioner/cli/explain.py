"""`provision explain`: what an error means, and what to do."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "explain",
    "provision explain                 all families of errors, with their exit codes",
    "provision explain state-locked    what it means, and what to do",
    "provision explain quota --json    for scripts",
)
def explain(
    options: Options,
    codes: Annotated[
        list[str] | None, typer.Argument(metavar="[CODE]...", help="Families, as the end of an error names them.")
    ] = None,
) -> int:
    """Say what an error means and what to do, without asking AWS.

    An error that needs more than a sentence ends with the command that explains it. docs/errors.md is the same as a
    page.
    """
    from provisioner.render import explain as show
    from provisioner.render.error_families import FAMILIES
    from provisioner.render.text import say

    chosen = show.check(codes or [])
    if options.json:
        say([json.dumps(show.documents(chosen or [*FAMILIES]), ensure_ascii=False)])
    else:
        say(show.lines(chosen) if chosen else show.overview())
    return 0
