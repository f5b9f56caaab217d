"""`provision scale`: another number of tasks for a service."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "scale",
    "provision scale web 4              4 tasks, until stack.toml says another number",
    "provision scale web 4 --max 20     for a service with scaling: 4 at the least, 20 at the most",
)
def scale(
    options: Options,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Which service.")],
    number: Annotated[
        int, typer.Argument(metavar="N", help="How many tasks; for a service with scaling, how many at the least.")
    ],
    most: Annotated[
        int | None,
        typer.Option(
            "--max",
            metavar="M",
            help="With scaling: how many at the most (default: what stack.toml says).",
        ),
    ] = None,
) -> int:
    """Give a service another number of tasks, and wait until it runs them.

    Changes nothing else of the service, and nothing else of the stack. A service with scaling gets other bounds, and
    scales between these; the maximum is the one of stack.toml without --max. `up` and `plan` keep what was set, until
    stack.toml says another number.

    Exit code 0 only when the tasks run; 4 if the service cannot have that, and then nothing was written.
    """
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.scale import scale as run

    screen = Screen(options)
    return screen.report(run(options, service, number, most, screen))
