"""The order in which a simulated task's containers start, and the end of containers that wait in vain.

Sources: ECS API reference, ContainerDependency; amazon-ecs-agent, agent/engine/dependencygraph/graph.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, inf

from ecs_emulator.clock import later
from ecs_emulator.containers import logs, runs
from ecs_emulator.ecs import overrides, texts
from ecs_emulator.ecs.dependencies import NEVER_STARTED, in_order
from ecs_emulator.ecs.failing import EXITS
from ecs_emulator.ecs.programs import program
from ecs_emulator.ecs.records import NEVER, Shape, Task, is_essential
from ecs_emulator.ecs.store import Store
from ecs_emulator.ecs.tasks import end

_RUNS_SECONDS = 5.0
"""The assumed running time of a container whose end others wait for."""
_INTERVAL = 30.0
"""The default seconds between a container's health checks (API reference, HealthCheck)."""


@dataclass(frozen=True)
class _Moment:
    """The moment at which a condition is met, or is known never to be; infinite if that is never known."""

    at: float
    met: bool = True


@dataclass
class _Start:
    """The start of a task's simulated containers, in seconds since the first of them started.

    Attributes:
        at: when each is started, or given up.
        given_up: the containers that are never started.
        exits: the exit codes of containers whose end others wait for.
    """

    at: dict[str, float] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    exits: dict[str, int] = field(default_factory=dict)


def have_started(store: Store, task: Task) -> bool:
    """Return whether a simulated task's containers have started; end the task if an essential one never can."""
    defined = task.definition.shape["containerDefinitions"]
    if runs.is_real(task) or not any(one.get("dependsOn") for one in defined):
        return True
    containers = {one["name"]: overrides.container(task, one) for one in defined}
    start = _simulated(containers)
    vital = [start.at[name] for name in start.given_up if is_essential(containers[name])]
    until = min(vital, default=max(start.at.values()))
    if not task.waited and until:
        task.waited, task.next_at = True, NEVER if until == inf else later(until)
        return False
    for name, code in start.exits.items():
        task.exit_codes[name] = code
        logs.say(store, task, containers[name], ["starting", f"exiting with code {code}"])
    task.exit_codes |= dict.fromkeys(start.given_up, NEVER_STARTED)
    if vital:
        task.exit_code = NEVER_STARTED
        end(task, texts.CONTAINER_EXITED, "EssentialContainerExited")
    return not vital


def _simulated(containers: Mapping[str, Shape]) -> _Start:
    """Return the start of simulated containers, as the names of their images say."""
    start = _Start()
    for container in in_order([*containers.values()]):
        name = container["name"]
        moments = [_moment(start, containers[on["containerName"]], on) for on in container.get("dependsOn", ())]
        if lost := [one.at for one in moments if not one.met]:
            start.at[name] = min(lost)
            start.given_up.add(name)
        else:
            start.at[name] = max((one.at for one in moments), default=0.0)
    return start


def _moment(start: _Start, awaited: Shape, on: Shape) -> _Moment:
    """Return the moment at which a container meets the condition of a dependency."""
    began, condition = start.at[awaited["name"]], on.get("condition", "START")
    if awaited["name"] in start.given_up:
        return _Moment(began, met=False)
    if condition not in ("HEALTHY", "COMPLETE", "SUCCESS"):
        return _Moment(began)
    one = program(awaited["image"])
    if condition == "HEALTHY":
        check = awaited["healthCheck"]
        interval = float(check.get("interval") or _INTERVAL)
        # a container that has exited is waited for without end: the agent counts no time any more
        if EXITS in awaited["image"]:
            return _Moment(inf)
        well = one.passes(inf, check["command"]) and one.after < inf
        moment = _Moment(began + interval * max(1, ceil(one.after / interval)) if well else inf)
    else:
        lasts = _RUNS_SECONDS if one.ends_after is None else one.ends_after
        moment = _Moment(began + lasts, met=condition == "COMPLETE" or one.exit_code == 0)
    limit = began + float(awaited.get("startTimeout") or inf)
    if moment.at > limit:
        return _Moment(limit, met=False)
    if condition != "HEALTHY" and moment.at < inf:
        start.exits[awaited["name"]] = one.exit_code
    return moment
