"""`provision scale`: set the number of tasks of a service."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "scale",
    "provision scale web 4              4 tasks, until stack.toml says another number",
    "provision scale web 4 --max 20     for a service with scaling: at least 4, at most 20",
)
def scale(
    options: Options,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service.")],
    number: Annotated[
        int, typer.Argument(metavar="N", help="The number of tasks; for a service with scaling, the minimum.")
    ],
    most: Annotated[
        int | None,
        typer.Option(
            "--max",
            metavar="M",
            help="With scaling: the maximum (default: that of stack.toml).",
        ),
    ] = None,
) -> int:
    """Set the number of tasks of a service, and wait until they run.

    Changes nothing else of the service, and nothing else of the stack. For a service with scaling, it sets the minimum
    and the maximum; without --max, the maximum is the one in stack.toml. `up` and `plan` keep the numbers, until
    stack.toml has another number.

    Exit code 0 only when the tasks run; 4 if the service cannot have this number, and then nothing was changed.
    """
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.scale import scale as run

    screen = Screen(options)
    return screen.report(run(options, service, number, most, screen))
