"""`provision sleep`: stop everything of a stack that runs."""

from __future__ import annotations

from provisioner.cli.app import app, command
from provisioner.operations.options import Options


@command(
    app,
    "sleep",
    "provision sleep                    names the stack and the account, and asks",
    "provision sleep --yes --json       without asking, events as JSON lines",
)
def sleep(options: Options) -> int:
    """Stop everything of the stack that runs, until `provision wake`.

    All services have no tasks, no schedule starts a job, and container instances end, which takes ECS some 15 minutes
    more. A database with min_acu = 0 pauses by itself; another one is stopped, and AWS starts that again after 7 days.
    Load balancer, endpoints and NAT gateways stay, and are named with what is still charged for.

    While a stack sleeps, `up` and `deploy` refuse to change it (exit code 4), `plan` and `status` say that it sleeps,
    and `down` deletes it.

    Exit code 0 only when no task runs any more, and the database has stopped.
    """
    from provisioner.cli.prompts import confirm
    from provisioner.cli.screen import Screen
    from provisioner.operations.sizing.sleep import sleep as run

    screen = Screen(options)
    return screen.report(run(options, lambda what: confirm(what, options.yes), screen))
