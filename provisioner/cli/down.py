"""`provision down`: take everything away again."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.cli.options import TargetStep, Unprotect
from provisioner.operations.options import Options


@command(
    app,
    "down",
    "provision down                     shows what will be deleted, and asks",
    "provision down --target aws        on AWS; it names the account",
    "provision down --yes --json        without asking, events as JSON lines",
    "provision down --target-step services      that step and its dependents",
    "provision down --unprotect         a protected stack, which is refused otherwise",
    "provision down --delete-secrets    and the secrets that were set for it",
)
def down(
    options: Options,
    target_step: TargetStep = None,
    unprotect: Unprotect = False,
    delete_secrets: Annotated[
        bool, typer.Option("--delete-secrets", help="Also delete the secrets that `provision secret set` has set.")
    ] = False,
) -> int:
    """Delete the whole stack.

    Deletes every resource in the state, container instances included, then checks every resource type for leftover
    resources. With --target-step: only the resources of that step and their dependents. Secrets that
    `provision secret set` has set stay without --delete-secrets.
    """
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands import Wanted
    from provisioner.operations.commands import down as run

    screen = Screen(options, Wanted(target_step=target_step, unprotect=unprotect))
    return screen.report(run(options, screen, target_step, unprotect=unprotect, delete_secrets=delete_secrets))
