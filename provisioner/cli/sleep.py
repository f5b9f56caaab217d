"""`provision sleep`: stop the tasks, the instances and the database of a stack."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "sleep",
    "provision sleep                    names the stack and the account, and asks",
    "provision sleep --yes --json       without asking, events as JSON lines",
    "provision sleep --endpoints --balancer   and delete these until `provision wake`",
    "provision sleep --balancer --unprotect   the same in a protected stack",
)
def sleep(
    options: Options,
    endpoints: Annotated[
        bool, typer.Option("--endpoints", help="Delete the interface endpoints until the stack wakes.")
    ] = False,
    nat: Annotated[
        bool, typer.Option("--nat", help="Delete NAT gateways with their addresses until the stack wakes.")
    ] = False,
    balancer: Annotated[
        bool, typer.Option("--balancer", help="Delete the load balancer with its name until the stack wakes.")
    ] = False,
    unprotect: Annotated[bool, typer.Option("--unprotect", help="Delete these in a protected stack too.")] = False,
) -> int:
    """Stop the tasks, the instances and the database of the stack, until `provision wake`.

    Services go to 0 tasks, no schedule starts a job, and container instances end, which takes ECS some 15 minutes more.
    A database with min_acu = 0 pauses by itself; any other database is stopped, and AWS starts it again after 7 days.
    Load balancer, interface endpoints and NAT gateways stay, and are listed with their cost, unless an option deletes
    them; `wake` creates them again. In a VPC that is not the stack's, nothing is deleted. The load balancer goes with
    its listeners, rules and DNS records; its target groups stay. NAT gateways go with their routes and public
    addresses; later they have other addresses. If there are instances, endpoints and NAT gateways go after these have
    ended.

    While a stack sleeps, `up` and `deploy` refuse to change it (exit code 4), a `plan` with changes ends with the same
    refusal, `status` says that it sleeps, and `down` deletes it. A `[schedule]` that puts it to sleep every night is
    off until `wake`.

    Exit code 0 only when no task runs any more, and the database has stopped.
    """
    from provisioner.cli.prompts import confirm
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.sleep import sleep as run

    screen = Screen(options)
    asked = {"endpoints": endpoints, "nat": nat, "balancer": balancer}
    without = [part for part, wanted in asked.items() if wanted]
    return screen.report(run(options, without, lambda what: confirm(what, options.yes), screen, unprotect=unprotect))
