"""`provision dash`: the stack in the terminal, live."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "dash",
    "provision dash                     services, resources, cost, last run, logs and alarms; ? shows the keys",
    "provision dash --env prod          of another environment",
    "provision dash --every 30          look again every 30 seconds",
    "provision dash --json              its content, once, as one JSON document",
)
def dash(
    options: Options,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", help="Seconds from one look to the next: 2 to 3600.")
    ] = 5.0,
) -> int:
    """Watch the stack in the terminal.

    The services with their tasks, health, deployments and logs, the resources with their settings, the cost, the
    timeline of the last run, and the alarms. The keyboard controls it. Makes only read calls, and never shows values of
    variables and secrets.

    Needs an extra: `uv tool install 'ecs-provision[dash]'`.
    """
    from provisioner.operations.context import configuration, signals
    from provisioner.operations.inspection.stack_watch import Watch
    from provisioner.operations.pictures import dashboard
    from provisioner.render.dash.opening import require
    from provisioner.render.text import say

    dashboard.check_every(every)
    config = configuration.load(options)
    watch = Watch(options, config)
    if options.json:
        say([json.dumps(dashboard.look(watch).document(), ensure_ascii=False, default=str)])
        return 0
    require(options.command_line("status", "--watch"))
    from provisioner.render.dash.app import Dash

    wishes = dashboard.Wishes()
    shown = Dash(config.name, partial(dashboard.follow, watch, every, wishes), wishes, options.command_line)
    # callbacks run in reverse order
    options.ends.callback(shown.end)
    options.ends.callback(watch.stop)
    with signals.calling(shown.interrupt):
        return shown.run_until_left()
