"""`provision deploy --approve` and `--reject`, and their former names: answer a deployment that waits for a person."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options

Service = Annotated[
    str | None,
    typer.Argument(metavar="[SERVICE]", help="The service; may be left out if only one deployment waits."),
]


@command(
    app,
    "approve",
    "provision approve web              let the deployment of web go on",
    "provision approve --env prod       the only deployment that waits there",
    now="deploy --approve",
)
def approve(options: Options, service: Service = None) -> int:
    """Continue a deployment that waits for a person: the former name of `provision deploy --approve`."""
    from provisioner.resources.ecs.pauses import CONTINUE

    return answer(options, service, CONTINUE)


@command(
    app,
    "reject",
    "provision reject web               back to the revision that web ran before",
    now="deploy --reject",
)
def reject(options: Options, service: Service = None) -> int:
    """Roll back a deployment that waits for a person: the former name of `provision deploy --reject`."""
    from provisioner.resources.ecs.pauses import ROLLBACK

    return answer(options, service, ROLLBACK)


def answer(options: Options, service: str | None, action: str) -> int:
    """Answer a deployment that waits, and return the exit code.

    Args:
        service: the service of the deployment; None: the only deployment that waits.
        action: `CONTINUE` or `ROLLBACK` of provisioner.resources.ecs.pauses.
    """
    from provisioner.aws.errors import explaining
    from provisioner.operations.commands.approve import decide
    from provisioner.render.deployments import decided
    from provisioner.render.text import say

    with explaining():
        made = decide(options, service, action)
    say([json.dumps(asdict(made))] if options.json else decided(made, options.command_line))
    return 0
