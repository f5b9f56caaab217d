"""`provision logs`: the logs of services and jobs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options

if TYPE_CHECKING:
    from provisioner.operations.inspection.log_reader import Line
    from provisioner.render.log_lines import Look


@command(
    app,
    "logs",
    "provision logs                               all services and jobs, the last ten minutes",
    "provision logs web worker --since 2h         two of them, the last two hours",
    "provision logs web --since 2026-11-29T09:30  since then, on this machine's clock",
    "provision logs web --container nginx         the lines of this sidecar of web",
    "provision logs --follow --grep 'timed out'   lines with this text, and new ones, until Ctrl-C",
)
def logs(
    options: Options,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="SERVICE|JOB", help="The services and jobs to show (default: all).")
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="SPAN|INSTANT", help="From when on: 90s, 10m, 1h30m, 2d or 2026-11-29T09:30.")
    ] = "10m",
    container: Annotated[
        str, typer.Option(metavar="NAME", help="Only this container: a sidecar, or by its own name the service's.")
    ] = "",
    grep: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only lines with this text, letter by letter: no pattern.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines.")] = False,
) -> int:
    """Show the logs of services and jobs.

    Of all their tasks, stopped tasks included, oldest line first: time, name, task and text. A terminal shows a line of
    JSON with level and message first; a pipe gets it unchanged. With --json, one object per line.
    """
    from provisioner.cli.clocks import say_two_clocks
    from provisioner.config.time_spans import span
    from provisioner.operations.context import configuration, connection, embedded_cloud, signals, stores
    from provisioner.operations.inspection import log_reader
    from provisioner.render import log_lines
    from provisioner.render.channels import unread

    began = log_reader.since(since)
    config = configuration.load(options)
    aws = connection.reader(options, config) if config.state.bucket else None
    state = stores.recorded(options, config, aws)
    wanted = log_reader.groups(options, config, state, names or [])
    wanted = log_reader.having(config, wanted, container) if container else wanted
    aws = aws or connection.connect(options, config).reading()
    state.guard(config.name, aws.account, aws.region)

    def missing(name: str) -> None:
        absent.append(name)
        _note(f"log group {wanted[name]} of {name} does not exist: {options.command_line('up')} creates it")

    def trouble(name: str, why: str) -> None:
        _note(f"the logs of {name} cannot be read now ({why}): trying again")

    if config.target == "local" and not options.json:
        say_two_clocks(options)
    absent, now = list[str](), aws.pace.time()
    start = began(now)
    # a signal must not cut a line, or drop lines that were read
    with signals.held():
        found = log_reader.lines(
            aws, wanted, start, follow=follow, on_missing=missing, on_trouble=trouble, container=container
        )
        shown = [name for name in config.containers if name.partition(".")[0] in wanted]
        look = log_lines.look(list(dict.fromkeys([*wanted, *shown])), start, now)
        any_shown = _print(options, found, look, grep)
        if unread():
            return 0
        if signals.taken():
            if not follow:
                _note("interrupted: later lines were not read")
            return signals.INTERRUPTED
    there = [name for name in wanted if name not in absent]
    if not wanted:
        _note(f"there are no log groups, because the stack has not been created yet: run {options.command_line('up')}")
    elif there and not any_shown:
        what = "nothing" if grep is None else f"nothing with {grep!r}"
        when = f"in the last {since}" if span(since) is not None else f"since {since}"
        runs = config.target == "aws" or embedded_cloud.entry(options, config)
        why = "look further back with --since" if runs else "without Docker no containers run here"
        _note(f"{', '.join(there)} wrote {what} {when}; {why}")
    return 0


def _print(options: Options, found: Iterable[Line], look: Look, grep: str | None) -> bool:
    """Print the lines that contain a text, until the reader of the output is gone; return whether there was one."""
    from provisioner.render import log_lines
    from provisioner.render.channels import unread
    from provisioner.render.text import say

    printed = False
    for line in found:
        if grep is not None and not log_lines.matches(line.text, grep):
            continue
        printed = True
        if options.json:
            say([json.dumps(asdict(line), ensure_ascii=False)])
        else:
            log_lines.write(log_lines.shown(look, line.time, line.whose, line.task, line.text))
        if unread():
            break
    return printed


def _note(text: str) -> None:
    from provisioner.render.text import say

    say([f"note: {text}"], sys.stderr)
