"""Run the containers of each task: start, watch, stop and remove them."""

from __future__ import annotations

import math
import threading
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecs_emulator.containers import (
    authority,
    caches,
    database,
    definitions,
    engine,
    file_systems,
    images,
    logs,
    networks,
    relays,
    waiting,
)
from ecs_emulator.containers.definitions import NETWORK
from ecs_emulator.containers.engine import Engine
from ecs_emulator.containers.task_containers import KILLED, TaskContainers, exit_code
from ecs_emulator.ecs import task_endpoint
from ecs_emulator.ecs.records import Task, is_essential, last_part
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import on_reset
from ecs_emulator.registry import storage

if TYPE_CHECKING:
    from ecs_emulator.containers.definitions import ContainerSpec

STOP_SECONDS = 30
"""The time for a container to end by itself (API reference, ContainerDefinition, stopTimeout)."""

_runs: dict[str, TaskContainers] = {}
"""By the task's id."""


def ensure_started(store: Store, task: Task) -> bool:
    """Begin to start the task's containers, and return whether they run by now: always True without an engine.

    Raises:
        definitions.CannotStart: they cannot be started; the message is the reason in ECS's words.
        definitions.EssentialExited: an essential container has ended before all were started.
    """
    host = engine.current
    if host is None or images.is_simulated(store, task):
        return True
    run = _runs.get(task.id)
    if run is None:
        place = _place(store, task)
        relay = definitions.relay_spec(task, storage.port())
        run = _runs[task.id] = TaskContainers(definitions.container_specs(store, task, storage.port()), relay)
        if any(spec.definition.get("dependsOn") for spec in run.specs):
            # dependencies may take long, and other tasks need the pool meanwhile
            threading.Thread(target=_start, args=(host, store, run, place), name="starts", daemon=True).start()
        else:
            host.pool.submit(_start, host, store, run, place)
    if run.ended:
        _note_exits(task, run)
        raise definitions.EssentialExited
    if run.error:
        raise definitions.CannotStart(run.error)
    return run.phase == "running"


def is_changing() -> bool:
    """Return whether the containers of any task are starting, becoming healthy, or stopping."""
    host = engine.current
    if host is None:
        return False
    starting = {seen.state == "running" and seen.health == "starting" for seen in list(host.containers.values())}
    return True in starting or any(
        run.phase in ("starting", "stopping") and not run.error for run in list(_runs.values())
    )


def is_real(task: Task) -> bool:
    """Return whether the task has containers in the engine."""
    return engine.current is not None and task.id in _runs


def seconds(task: Task) -> float:
    """Return how long the containers of a task have run, in seconds of this machine; infinite for a simulated task."""
    run = _runs.get(task.id) if is_real(task) else None
    return time.monotonic() - run.since if run and run.phase == "running" else math.inf


def exited(task: Task) -> bool:
    """Return whether an essential container of a running task has ended; record all exit codes in the task."""
    host, run = engine.current, _runs.get(task.id)
    if host is None or run is None or run.phase != "running" or host.read_at < run.since:
        return False
    for spec in run.containers:
        seen = host.containers.get(spec.name)
        if (seen is None or seen.state in ("exited", "dead")) and spec.name not in run.exit_codes:
            run.exit_codes[spec.name] = KILLED if seen is None else exit_code(host, spec.name)
    _note_exits(task, run)
    return any(is_essential(spec.definition) and spec.name in run.exit_codes for spec in run.containers)


def _note_exits(task: Task, run: TaskContainers) -> None:
    for spec in run.containers:
        if (code := run.exit_codes.get(spec.name)) is None:
            continue
        if spec is run.relay:
            task.exit_code = code
        elif spec.definition["name"] not in task.exit_codes:
            task.note_exit(spec.definition, code)


def health(task: Task, name: str) -> str:
    """Return the health of a container, in ECS's word; empty for a task that runs without containers."""
    host = engine.current
    seen = host.containers.get(container(task, name)) if host else None
    if seen is None:
        return "UNKNOWN" if task.id in _runs else ""
    return {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}.get(seen.health, "UNKNOWN")


def port(task: Task, container_port: int) -> int | None:
    """Return this machine's loopback port that leads to a task's port; None if none does or the task has ended."""
    host, run = engine.current, _runs.get(task.id)
    if (
        host is None
        or run is None
        or not all(_runs_now(host, spec) for spec in run.specs if is_essential(spec.definition))
    ):
        return None
    ports = [seen.ports for one in run.names if (seen := host.containers.get(one))]
    return next((found[container_port] for found in ports if container_port in found), None)


def container(task: Task, name: str) -> str:
    """Return the name in the engine of a task's container; empty if it is not there."""
    run = _runs.get(task.id)
    return next((one.name for one in run.specs if one.definition["name"] == name), "") if run else ""


def first(task: Task) -> str:
    """Return the name in the engine of the container that holds a task's network; empty if there is none."""
    return next(iter(_runs[task.id].names), "") if task.id in _runs else ""


def _runs_now(host: Engine, spec: ContainerSpec) -> bool:
    seen = host.containers.get(spec.name)
    return seen is not None and seen.state == "running"


def ensure_stopped(task: Task) -> bool:
    """Begin to stop the task's containers (SIGTERM, then SIGKILL), and return whether they have ended."""
    host, run = engine.current, _runs.get(task.id)
    if host is None or run is None:
        return True
    if run.phase in ("starting", "running"):
        run.enter("stopping")
        host.pool.submit(_stop, host, run)
    if run.phase == "stopped":
        _note_exits(task, run)
    return run.phase == "stopped"


def forget(task: Task) -> None:
    """Remove the task's remaining containers."""
    host, run = engine.current, _runs.pop(task.id, None)
    task_endpoint.forget(task)
    if host is not None and run is not None:
        host.pool.submit(_remove, host, run)


@on_reset
def forget_all() -> None:
    """Remove the containers of every task."""
    host = engine.current
    for run in _runs.values():
        if host is not None:
            host.pool.submit(_remove, host, run)
    _runs.clear()


# -- in the engine's threads, without the cloud's lock -------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A place for a task's containers: host name, own and called groups, host names, ports to publish."""

    host: str
    groups: list[str]
    calls: list[str]
    aliases: list[str]
    publish: list[int]


def _place(store: Store, task: Task) -> Place:
    network = (task.spec.get("networkConfiguration") or {}).get("awsvpcConfiguration", {})
    groups = list(network.get("securityGroups", ()))
    calls = list(networks.groups_that_admit(store.ec2, groups))
    publish = [int(one["containerPort"]) for one in task.spec["loadBalancers"]]
    return Place(f"ip-{task.address.replace('.', '-')}", groups, calls, list(_names(store, task)), publish)


def _names(store: Store, task: Task) -> Any:
    """Yield the names in Cloud Map that lead to the task."""
    for registry in task.spec["serviceRegistries"]:
        service = store.discovery.services.get(last_part(registry["registryArn"]))
        if service is not None:
            yield f"{service.name}.{store.discovery.namespaces[service.namespace_id].name}"


def _start(host: Engine, store: Store, run: TaskContainers, place: Place) -> None:
    from docker.errors import APIError, DockerException

    try:
        first = _prepared(host, store, run, place)
        for spec in run.specs:
            if not waiting.may_start(host, run, spec):
                continue
            _start_one(host, spec, place, first, run)
            first = first or spec.name
            logs.follow(host, store, spec)
        if run.is_starting():
            run.enter("running")
    except engine.Ended:
        return
    except definitions.CannotStart as error:
        run.error = str(error)
    except relays.NotReady as error:
        run.error = f"CannotStartContainerError: {error}"
    except (DockerException, OSError) as error:
        text = str(error.explanation if isinstance(error, APIError) else error)
        run.error = f"CannotStartContainerError: Error response from daemon: {text}"
    except Exception as error:  # noqa: BLE001 (it fails this task, not other tasks)
        traceback.print_exc()
        run.error = f"CannotStartContainerError: {error}"


def _start_one(host: Engine, spec: ContainerSpec, place: Place, first: str, run: TaskContainers) -> None:
    """Create and start a container, a user of a database or a cache once its server lets it in."""
    if spec.database:
        database.await_server(host, spec.database, run.is_starting)
    if spec.cache:
        caches.await_server(host, spec.cache, run.is_starting)
    with host.creating():
        file_systems.prepare(host, spec.image, spec.host["mounts"])
        _create(host, spec, place, first)
        if spec.database or spec.cache:
            bundle = authority.archive(authority.bundle())
            host.client.api.put_archive(spec.name, authority.BUNDLE_FOLDER, bundle)
        host.client.api.start(spec.name)


def _prepared(host: Engine, store: Store, run: TaskContainers, place: Place) -> str:
    """Pull a task's images, complete its variables and start its relay; return the relay's name, or ""."""
    if run.relay and not host.has_image(run.relay.image, "no task reaches the embedded cloud"):
        run.relay = None
    for number, spec in enumerate(run.specs):
        images.pull_if_missing(host, store, spec.image)
        run.specs[number] = spec.complete(images.variables(host, spec.image), by_relay=run.relay is not None)
    if run.relay is None or not run.is_starting():
        return ""
    with host.creating():
        _create(host, run.relay, place, "")
        relays.start(host, run.relay.name, storage.port())
    if not run.is_starting():
        host.remove(run.relay.name)  # the stop may have run before the relay existed
    return run.relay.name


def _create(host: Engine, spec: ContainerSpec, place: Place, first: str) -> None:
    """Create a container: a task's first one joins the networks, the others share its network."""
    api = host.client.api
    if first:
        kernel = {name: value for name, value in spec.host["sysctls"].items() if not name.startswith(NETWORK)}
        options = {**spec.host, "sysctls": kernel}
        settings = api.create_host_config(network_mode=f"container:{first}", **options)
        api.create_container(spec.image, name=spec.name, labels=host.labels, host_config=settings, **spec.create)
        return
    homes = [networks.network(host, group) for group in place.groups]
    if place.publish:
        homes.insert(0, networks.network(host, "entry", entry=True))
    settings = api.create_host_config(
        network_mode=homes[0] if homes else "none",
        port_bindings=dict.fromkeys(place.publish, ("127.0.0.1", None)),
        **spec.host,
    )
    aliases = api.create_endpoint_config(aliases=place.aliases)
    api.create_container(
        spec.image,
        name=spec.name,
        hostname=place.host,
        labels=host.labels,
        ports=place.publish,
        host_config=settings,
        networking_config=api.create_networking_config({homes[0]: aliases}) if homes else None,
        **spec.create,
    )
    for home in homes[1:]:
        api.connect_container_to_network(spec.name, home, aliases=place.aliases)
    for group in place.calls:
        api.connect_container_to_network(spec.name, networks.network(host, group))


def _stop(host: Engine, run: TaskContainers) -> None:
    try:
        for spec in reversed(run.specs):
            _end(host, spec, run)
        if run.relay:
            host.remove(run.relay.name)
    finally:
        run.enter("stopped")


def _end(host: Engine, spec: ContainerSpec, run: TaskContainers) -> None:
    from docker.errors import DockerException

    try:
        host.client.api.stop(spec.name, timeout=int(spec.definition.get("stopTimeout", STOP_SECONDS)))
        run.exit_codes[spec.name] = exit_code(host, spec.name)
    except DockerException:
        run.exit_codes.setdefault(spec.name, KILLED)  # it is gone already, or never existed


def _remove(host: Engine, run: TaskContainers) -> None:
    for name in run.names:
        host.remove(name)
