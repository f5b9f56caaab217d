"""The former name of `provision history SERVICE --diff`."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "diff",
    "provision diff web                 the revision that runs, compared with the one before",
    "provision diff web 41 43           two revisions of its task definition",
    now="history SERVICE --diff",
)
def diff(
    options: Options,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service.")],
    one: Annotated[str | None, typer.Argument(metavar="[REVISION]", help="The older one.")] = None,
    other: Annotated[str | None, typer.Argument(metavar="[REVISION]", help="The newer one.")] = None,
) -> int:
    """Compare two revisions of a service: the former name of `provision history SERVICE --diff`."""
    from provisioner.cli.history import print_diff

    return print_diff(options, service, one, other)
