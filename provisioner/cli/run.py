"""`provision run`: run a job, or a command in a service's image, to its end."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.operations.one_off.task_settings import Runnable
    from provisioner.operations.one_off.tasks import TaskEnded


@command(
    app,
    "run",
    "provision run migrate              the job, with its own exit code",
    "provision run web -- python manage.py shell -c 'print(1)'    another command in the image of a service",
    "provision run report --no-wait     start it and end",
    "provision run report --attach      watch the running task, or read how the last one ended",
)
def run(
    options: Options,
    name: Annotated[
        str, typer.Argument(metavar="JOB|SERVICE", help="The job or service whose image and permissions the task has.")
    ],
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="The command to run instead of its own, after --."),
    ] = None,
    attach: Annotated[bool, typer.Option("--attach", help="Watch the task that runs already, and start none.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="End as soon as the task is started.")] = False,
) -> int:
    """Run one task of a job or service to its end.

    It runs the task definition that `up` registered last: on Fargate on demand, or on the instances of a service that
    runs there. Its log goes to standard output, all messages to standard error. Ctrl-C stops the task.

    The exit code is the program's own; 125, with the reason, if it never ran; 130 after Ctrl-C; 4 if the stack is not
    up, has no such job, or the job runs already.
    """
    from provisioner.engine.errors import ConfigurationError
    from provisioner.operations.context import configuration, standing, stores
    from provisioner.operations.one_off import tasks
    from provisioner.operations.one_off.task_settings import runnable

    if attach and (words or no_wait):
        raise ConfigurationError("--attach starts nothing: leave out the command and --no-wait")
    config = configuration.load(options)
    aws = standing.connect(options, config)
    state = stores.recorded(options, config, aws)
    state.guard(config.name, aws.account, aws.region)
    what = runnable(options, config, state, name)
    if attach:
        found = tasks.newest(aws, what)
        if found is None:
            raise ConfigurationError(
                f"no task of {name} runs, and none has ended within the last hour: leave --attach out to start one"
            )
        return _follow(options, aws, what, str(found["taskArn"]))
    # only one task of a job runs at a time; any number of commands may run beside a service's own tasks
    if what.job and not words and (found := next(iter(tasks.running(aws, what)), None)):
        task = tasks.last(str(found["taskArn"]))
        runs = f"task {task} of {name} runs already"
        attaching = options.command_line("run", name, "--attach")
        if not (agreed := options.yes or options.ask(f"{runs}. Watch it?")):
            raise ConfigurationError(
                f"{runs}: {'nothing was started' if agreed is False else f'watch it with {attaching}'}"
            )
        return _follow(options, aws, what, str(found["taskArn"]))
    arn = tasks.start(aws, what, words or (), aws.pace.runtime.token())
    if no_wait:
        _started(options, what, tasks.last(arn))
        return 0
    return _follow(options, aws, what, arn)


def _started(options: Options, what: Runnable, task: str) -> None:
    from provisioner.render.text import say

    if options.json:
        say([json.dumps({"event": "status", "task": task, "status": "PROVISIONING"})])
    else:
        say([task])
        say([f"started: watch it with {options.command_line('run', what.name, '--attach')}"], sys.stderr)


def _follow(options: Options, aws: Aws, what: Runnable, arn: str) -> int:
    """Show a task until it has stopped, and return the exit code; the first Ctrl-C stops the task."""
    from provisioner.operations.context import signals
    from provisioner.operations.inspection.log_reader import Line
    from provisioner.operations.one_off import tasks
    from provisioner.render.text import say

    stop = aws.pace.runtime.event()

    def interrupted() -> None:
        stop.set()
        say([f"stopping task {tasks.last(arn)}. Press Ctrl-C again to leave it"], sys.stderr)

    with signals.calling(interrupted):
        for item in tasks.follow(aws, what, arn, stop):
            if options.json:
                kind = {tasks.Status: "status", Line: "line", tasks.TaskEnded: "ended"}[type(item)]
                say([json.dumps({"event": kind, **asdict(item)}, ensure_ascii=False)])
            elif isinstance(item, Line):
                say([item.text.rstrip("\n")])
            elif isinstance(item, tasks.Status):
                say([f"task {item.task[:8]} {item.status}"], sys.stderr)
            if isinstance(item, tasks.TaskEnded):
                return _code(what.name, item)
    raise AssertionError("a task that is followed ends")


def _code(name: str, end: TaskEnded) -> int:
    """Print how a task ended, and return the exit code for it."""
    from provisioner.operations.context import signals
    from provisioner.operations.one_off.tasks import NotStarted
    from provisioner.render.text import say

    if end.asked:
        say([f"{name} was stopped"], sys.stderr)
        return signals.INTERRUPTED
    if end.exit_code is None:
        raise NotStarted(f"{name} did not run: {end.reason or 'ECS says no reason'}")
    if end.exit_code:
        say([f"{name} ended with exit code {end.exit_code}: {end.reason}"], sys.stderr)
    return end.exit_code
