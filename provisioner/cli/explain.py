"""`provision explain`: the meaning of an error, and its fix."""

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
    "provision explain state-locked    its meaning, and the remedies",
    "provision explain AccessDenied    a code of AWS; a whole message of AWS may be pasted",
    "provision explain quota --json    for scripts",
)
def explain(
    options: Options,
    codes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CODE]...", help="Families, as the end of an error names them, or AWS's own codes."),
    ] = None,
) -> int:
    """Explain an error and its fix, without asking AWS.

    An error that needs more than a sentence ends with the command that explains it. docs/errors.md has the same texts
    on one page.
    """
    from provisioner.aws.errors import family
    from provisioner.render import explain as show
    from provisioner.render.error_families import FAMILIES
    from provisioner.render.text import say

    chosen = show.check(codes or [], family)
    if options.json:
        say([json.dumps(show.documents(chosen or {name: name for name in FAMILIES}), ensure_ascii=False)])
    else:
        say(show.lines(chosen) if chosen else show.overview())
    return 0
