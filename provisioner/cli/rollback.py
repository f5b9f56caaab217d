"""`provision rollback`: return a service to a previous revision."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "rollback",
    "provision rollback web             the revision before, also while a deployment is under way",
    "provision rollback web --to 41     that revision of its task definition: `provision history web` shows them",
)
def rollback(
    options: Options,
    service: Annotated[
        str | None, typer.Argument(metavar="[SERVICE]", help="The service; may be left out if there is only one.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="REVISION", help="Go back to this revision (default: the last one).")
    ] = None,
) -> int:
    """Return a service to a previous revision, and wait for it.

    Other services and jobs that run the service's image go back with it. No job is run. `up` and `plan` keep the image,
    until stack.toml names another one; `plan` shows all other differences between stack.toml and the revision.

    Exit code 0 only when the revision serves; 4 if there is no previous revision, and then nothing was changed.
    """
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.rollback import rollback as run

    screen = Screen(options)
    return screen.report(run(options, service, to, screen))
