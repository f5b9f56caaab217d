"""`provision approve` and `provision reject`: answer a deployment that waits for a person."""

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
)
def approve(options: Options, service: Service = None) -> int:
    """Continue a deployment that waits for a person at a stage of services.NAME.deployment.pause_at.

    Ends when ECS has accepted the answer, also while a `deploy` waits elsewhere. The deployment may wait again at a
    later stage, or before the next step of its traffic.

    Exit code 0 if the deployment continues; 4 if no deployment waits, or if several wait and none is named; 1 if ECS
    refuses, for example because the pause has expired.
    """
    from provisioner.resources.ecs.pauses import CONTINUE

    return _answer(options, service, CONTINUE)


@command(
    app,
    "reject",
    "provision reject web               back to the revision that web ran before",
)
def reject(options: Options, service: Service = None) -> int:
    """Roll back a deployment that waits for a person: all traffic goes to the previous revision.

    Ends when ECS has accepted the answer. A `deploy` or `up` that waits for the deployment ends with exit code 1.

    Exit code 0 if ECS rolls back; 4 if no deployment waits, or if several wait and none is named; 1 if ECS refuses, for
    example because the pause has expired.
    """
    from provisioner.resources.ecs.pauses import ROLLBACK

    return _answer(options, service, ROLLBACK)


def _answer(options: Options, service: str | None, action: str) -> int:
    from provisioner.aws.errors import explaining
    from provisioner.operations.commands.approve import decide
    from provisioner.render.deployments import decided
    from provisioner.render.text import say

    with explaining():
        made = decide(options, service, action)
    say([json.dumps(asdict(made))] if options.json else decided(made, options.command_line))
    return 0
