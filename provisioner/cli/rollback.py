"""`provision rollback`: let a service run what it ran before."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "rollback",
    "provision rollback web             what web ran before, also while a deployment is under way",
    "provision rollback web --to 41     that revision of its task definition: `provision history web` shows them",
)
def rollback(
    options: Options,
    service: Annotated[
        str | None, typer.Argument(metavar="[SERVICE]", help="Which service; may be left out if there is only one.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="REVISION", help="Go back to this revision (default: the last one).")
    ] = None,
) -> int:
    """Let a service run a revision that it ran before, and wait until that serves.

    What else runs the service's image goes back with it. No job is run. `up` and `plan` keep the image, until
    stack.toml names another one; whatever else stack.toml says otherwise than the revision is shown by `plan`.

    Exit code 0 only when the revision serves; 4 if there is none to go back to, and then nothing was written.
    """
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.rollback import rollback as run

    screen = Screen(options)
    return screen.report(run(options, service, to, screen))
