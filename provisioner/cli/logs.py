"""`provision logs`: what the services write."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.options import Options

TASK_LETTERS = 8


@command(
    app,
    "logs",
    "provision logs                     all services, the last ten minutes",
    "provision logs backend --since 2h  one service, the last two hours",
    "provision logs --follow            and new lines, until Ctrl-C",
)
def logs(
    options: Options,
    services: Annotated[
        list[str] | None, typer.Argument(metavar="SERVICE", help="Services to show (default: all).")
    ] = None,
    since: Annotated[str, typer.Option(metavar="SPAN", help="How far back: 90s, 10m, 2h or 1d.")] = "10m",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines.")] = False,
) -> int:
    """Show the logs of the services.

    From CloudWatch Logs, oldest first: time, service, task and text. With --json, one object per line.
    """
    from provisioner.operations import configuration, connecting, embedded_cloud, log_reader, stores
    from provisioner.render.channels import unread
    from provisioner.render.text import say

    back = log_reader.span(since)
    config = configuration.load(options)
    aws = connecting.reader(options, config) if config.state.bucket else None
    state = stores.recorded(options, config, aws)
    wanted = log_reader.groups(state, services or [])
    aws = aws or connecting.connect(options, config).reading()
    state.guard(config.name, aws.account, aws.region)

    def note(text: str) -> None:
        say([f"note: {text}"], sys.stderr)

    def missing(service: str) -> None:
        absent.append(service)
        note(f"log group {wanted[service]} of {service} does not exist: {options.command_line('up')} creates it")

    shown, absent = False, list[str]()
    for line in log_reader.lines(aws, wanted, aws.pace.time() - back, follow=follow, on_missing=missing):
        shown = True
        if options.json:
            say([json.dumps(asdict(line), ensure_ascii=False)])
        else:
            at = time.strftime("%H:%M:%S", time.localtime(line.time / 1000))
            say([f"{at}  {line.service}/{line.task[:TASK_LETTERS]}  {line.text}"])
        if unread():
            return 0
    if not wanted:
        note(f"there are no log groups, because the stack has not been created yet: run {options.command_line('up')}")
    elif not shown and (there := [name for name in wanted if name not in absent]):
        runs = config.target == "aws" or embedded_cloud.entry(options, config)
        why = "look further back with --since" if runs else "without Docker no containers run here"
        note(f"{', '.join(there)} wrote nothing in the last {since}; {why}")
    return 0
