"""`provision exec`: a shell, or one command, in a running task of a service."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "exec",
    "provision exec web                 a shell in the newest task of web; ~. leaves it",
    "provision exec web -- env          one command, with its own exit code",
    "provision exec web -- tar c data > data.tar --exact     standard output as it is, byte by byte",
    "provision exec web -- python manage.py loaddata - < data.json",
    "provision exec web --container nginx -- nginx -T       in a sidecar",
)
def exec_(
    options: Options,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service whose task is entered.")],
    words: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", help="The command to run, after -- (default: a shell).")
    ] = None,
    task: Annotated[
        str, typer.Option(metavar="ID", help="The task, by the first letters of its ID (default: the newest).")
    ] = "",
    container: Annotated[
        str, typer.Option(metavar="NAME", help="A sidecar of the service (default: the service's own container).")
    ] = "",
    exact: Annotated[
        bool,
        typer.Option("--exact", help="Pass every byte unchanged, standard error apart; its output may come late."),
    ] = False,
) -> int:
    """Open a shell in a running task, or run a command there.

    Uses ECS Exec, without AWS's session-manager-plugin. On a terminal, the session is a terminal too; otherwise
    standard output streams as text, with standard error in it. With standard input from a file or a pipe, or with
    --exact, every byte passes unchanged. The shell is bash, or sh if there is no bash.

    The exit code is the command's own; 125, with the reason, if it did not run; 130 after ~. or Ctrl-C; 4 if the stack
    is not up, or has no such service.
    """
    from provisioner.engine.errors import ConfigurationError
    from provisioner.operations.context import configuration, embedded_cloud, standing, stores
    from provisioner.operations.shell import execute, sessions, task_choice
    from provisioner.render.text import say
    from provisioner.session import terminal
    from provisioner.session.command import Mode

    shown = not options.json and terminal.is_one(0, 1)
    piped = not os.isatty(0) and not _is_nothing(0)
    mode = Mode.EXACT if exact or (piped and words) else Mode.TERMINAL if shown else Mode.TEXT
    if not words and mode is not Mode.TERMINAL:
        raise ConfigurationError(f"a shell needs a terminal: write a command, as in `provision exec {service} -- ls`")
    config = configuration.load(options)
    aws = standing.connect(options, config)
    state = stores.recorded(options, config, aws)
    state.guard(config.name, aws.account, aws.region)
    cluster, name = task_choice.named(options, config, state, service)
    sidecar = task_choice.sidecar_of(config, service, container)
    place = task_choice.chosen(task_choice.places(aws, service, cluster, name, sidecar), service, task)

    def tell(text: str) -> None:
        terminal.say(text) if mode is Mode.TERMINAL else say([text], sys.stderr)

    if not options.json and embedded_cloud.is_simulated(options, config):
        tell("simulated: without Docker no container runs, and a stand-in for the shell answers")
    if options.json:
        say([json.dumps({"event": "session", "task": place.id, "container": place.name})])
    elif mode is Mode.TERMINAL:
        say(
            [f"task {place.id[:8]} of {service}{f', container {sidecar}' if sidecar else ''}; ~. leaves it"], sys.stderr
        )
    put = execute.as_json(lambda line: say([line])) if options.json else terminal.write
    gives = mode is Mode.TERMINAL or piped
    wanted = execute.Wanted(words or (), mode, gives, put)
    caller = sessions.caller(aws, tell)
    code = execute.in_task(
        aws, options, config, state, place, lambda: execute.run(caller, place, wanted, aws.pace.runtime.token)
    )
    if options.json:
        say([json.dumps({"event": "ended", "exit_code": code})])
    return code


def _is_nothing(descriptor: int) -> bool:
    """Return whether standard input is closed, or is the null device."""
    try:
        return os.fstat(descriptor).st_rdev == Path(os.devnull).stat().st_rdev
    except OSError:
        return True
