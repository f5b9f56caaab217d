"""Tasks without a service that are simulated: they run a while, write to their log, and end.

The emulator does not know the program. It assumes that the program does its work and succeeds, unless the name of its
image says otherwise (`programs`).
"""

from __future__ import annotations

from ecs_emulator import durations
from ecs_emulator.clock import later
from ecs_emulator.containers import logs, runs
from ecs_emulator.ecs import texts
from ecs_emulator.ecs.programs import program
from ecs_emulator.ecs.records import NEVER, Shape, Task, is_essential
from ecs_emulator.ecs.store import Store
from ecs_emulator.ecs.tasks import end

TERMINATED = 143
"""The exit code of a program that SIGTERM ended: 128 plus the signal's number."""


def is_one_off(task: Task) -> bool:
    """Return whether the task belongs to no service."""
    return not task.service


def begin(store: Store, task: Task) -> None:
    """Let the task's containers write their first line."""
    if is_one_off(task) and not runs.is_real(task):
        running = (one for one in task.definition.shape["containerDefinitions"] if one["name"] not in task.exit_codes)
        for container in running:
            logs.say(store, task, container, ["starting"])


def ends_at(task: Task) -> float:
    """Return when a simulated one-off task that runs from now on will be done; else `NEVER`."""
    if not is_one_off(task) or runs.is_real(task):
        return NEVER
    seconds = program(_main(task)["image"]).ends_after
    if seconds == NEVER:
        return NEVER
    return later(durations.TASK_RUN if seconds is None else seconds)


def finish(store: Store, task: Task) -> None:
    """End the task, whose work is done."""
    container = _main(task)
    task.note_exit(container, program(container["image"]).exit_code)
    logs.say(store, task, container, [f"exiting with code {task.exit_code}"])
    end(task, texts.CONTAINER_EXITED, "EssentialContainerExited")


def _main(task: Task) -> Shape:
    """Return the first essential container, whose end ends the task."""
    containers: list[Shape] = task.definition.shape["containerDefinitions"]
    return next(filter(is_essential, containers))
