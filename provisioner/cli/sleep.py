"""`provision sleep`: stop the tasks, the instances and the database of a stack, or some of its services and jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="Only these services, and jobs with a schedule (default: the stack)."),
]


def check_alone(names: Sequence[str], given: Sequence[str]) -> None:
    """Refuse names beside an option, or --tasks beside an option of the whole stack.

    Args:
        given: the options on the command line.

    Raises:
        ConfigurationError: they do not go together.
    """
    from provisioner.engine.errors import ConfigurationError

    words = [*names[:1], *given]
    if len(words) > 1:
        raise ConfigurationError(f"{words[0]} and {words[1]} do not go together: leave one of the two out")


@command(
    app,
    "sleep",
    "provision sleep                    names the stack and the account, and asks",
    "provision sleep worker nightly     a service and a job; all else goes on",
    "provision sleep --tasks            all services and jobs, but neither instances nor the database",
    "provision sleep --yes --json       without asking, events as JSON lines",
    "provision sleep --endpoints --balancer   and delete these until `provision wake`",
    "provision sleep --balancer --unprotect   the same in a protected stack",
)
def sleep(
    options: Options,
    names: Names = None,
    tasks: Annotated[
        bool, typer.Option("--tasks", help="Stop only tasks and schedules: instances and database stay.")
    ] = False,
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
    """Stop the stack, or some of its services and jobs.

    Until `provision wake`. Without NAME, all of it: services go to 0 tasks, no schedule starts a job, and container
    instances end, which takes ECS some 15 minutes more. A database with min_acu = 0 pauses by itself; any other
    database is stopped, and AWS starts it again after 7 days. Load balancer, interface endpoints and NAT gateways stay,
    and are listed with their cost, unless an option deletes them; `wake` creates them again. In a VPC that is not the
    stack's, nothing is deleted. The load balancer goes with its listeners, rules and DNS records; its target groups
    stay. NAT gateways go with their routes and public addresses; later they have other addresses. If there are
    instances, endpoints and NAT gateways go after these have ended.

    While a stack sleeps, `up` and `deploy` refuse to change it (exit code 4), a `plan` with changes ends with the same
    refusal, `status` says that it sleeps, and `down` deletes it. A `[schedule]` that puts it to sleep every night is
    off until `wake`.

    With NAME or --tasks, only these services and jobs, or all of them, are paused: no tasks, no scaling, and 503 from a
    public service. The schedule does not start a paused job; runs that have begun continue, and `provision run` still
    works. All other resources stay, with their cost. `up` and `plan` keep the pause, and say so.

    Exit code 0 only when no task runs any more, and the database has stopped if it had to.
    """
    asked = {"--endpoints": endpoints, "--nat": nat, "--balancer": balancer, "--unprotect": unprotect}
    if names or tasks:
        from provisioner.cli.pause import stop

        check_alone(names or (), [*(["--tasks"] if tasks else []), *(one for one, given in asked.items() if given)])
        return stop(options, names or ())
    from provisioner.cli.prompts import confirm
    from provisioner.cli.screen import Screen
    from provisioner.operations.commands.sleep import sleep as run

    screen = Screen(options)
    without = [part for part, wanted in {"endpoints": endpoints, "nat": nat, "balancer": balancer}.items() if wanted]
    return screen.report(run(options, without, lambda what: confirm(what, options.yes), screen, unprotect=unprotect))
