"""`provision tunnel`: a port of this machine that leads into the stack."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "tunnel",
    "provision tunnel database          a free port for the database, and how a client is called",
    "provision tunnel database --port 13306",
    "provision tunnel web --port 8080   the port of one task of web",
)
def tunnel(
    options: Options,
    name: Annotated[str, typer.Argument(metavar="database|redis|SERVICE", help="The target of the port.")],
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="The port of this machine (default: a free one).")
    ] = 0,
    task: Annotated[
        str,
        typer.Option(metavar="ID", help="Go through this task, by the first letters of its ID (default: the newest)."),
    ] = "",
) -> int:
    """Open a local port that leads to the database, Valkey or a service.

    The connection goes through a running task with ECS Exec, by Systems Manager, without AWS's session-manager-plugin;
    to the database, through a service with database = true, and to Valkey, through one with redis = true. Only this
    machine can connect to the port.
    """
    from provisioner.operations.context import configuration, embedded_cloud, standing, stores
    from provisioner.operations.shell import execute, sessions
    from provisioner.operations.shell import tunnel as tunnels
    from provisioner.render.text import say

    config = configuration.load(options)
    aws = standing.connect(options, config)
    state = stores.recorded(options, config, aws)
    state.guard(config.name, aws.account, aws.region)
    to = tunnels.goal(options, config, state, name)
    place = tunnels.place(aws, options, config, state, to, task)
    caller = sessions.caller(aws, lambda text: say([text], sys.stderr))
    simulated = embedded_cloud.is_simulated(options, config)
    with tunnels.listening(port) as listener:
        local = int(listener.getsockname()[1])
        line = to.line.replace("{port}", str(local))

        def ready() -> None:
            if options.json:
                event = {"event": "listening", "host": tunnels.LOCAL, "port": local, "task": place.id, "client": line}
                say([json.dumps(event)])
            else:
                say([line])
                through = f"through task {place.id[:8]} of {place.service}"
                say([f"{tunnels.LOCAL}:{local} leads to {to.name}, {through}. Ctrl-C ends it"], sys.stderr)
                if simulated:
                    say(["simulated: without Docker no container runs, and connections are refused"], sys.stderr)

        def act() -> int:
            tunnels.run(
                caller, lambda: tunnels.place(caller.aws, options, config, state, to, task), to, listener, ready
            )
            return 0

        return execute.in_task(aws, options, config, state, place, act)
