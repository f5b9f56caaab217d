"""Copy containers' output to CloudWatch Logs as awslogs does: the stream is `prefix/container/task`."""

from __future__ import annotations

import threading
import time
import traceback
from typing import Any

from ecs_emulator.containers.definitions import ContainerSpec
from ecs_emulator.containers.engine import Engine
from ecs_emulator.ecs.records import Shape, Task
from ecs_emulator.ecs.store import Store
from ecs_emulator.lock import LOCK

MOST_BYTES = 256 * 1024
"""CloudWatch Logs cuts longer events (PutLogEvents)."""


def follow(host: Engine, store: Store, spec: ContainerSpec) -> None:
    """Copy all output of a container from now on, in a thread that ends with it."""
    group, stream = _place(spec.definition, spec.task)
    if group:
        threading.Thread(target=_copy, args=(host, store, spec.name, group, stream), daemon=True).start()


def say(store: Store, task: Task, container: Shape, lines: list[str]) -> None:
    """Append the lines that a container would write if it were real, if it has a log group."""
    group, stream = _place(container, task.id)
    put(store, group, stream, [line.encode() for line in lines])


def _place(container: Shape, task: str) -> tuple[str, str]:
    """Return the log group and the stream of a task's container; without awslogs the group is empty."""
    options = container.get("logConfiguration", {}).get("options", {})
    stream = f"{options.get('awslogs-stream-prefix', 'ecs')}/{container['name']}/{task}"
    return options.get("awslogs-group", ""), stream


def _copy(host: Engine, store: Store, name: str, group: str, stream: str) -> None:
    from docker.errors import DockerException

    left = b""
    try:
        for chunk in host.client.api.logs(name, stream=True, follow=True):
            *lines, left = (left + chunk).split(b"\n")
            put(store, group, stream, lines)
        put(store, group, stream, [left])
    except (DockerException, OSError):
        pass  # the container was removed while it was read
    except Exception:  # noqa: BLE001 (a lost log must not end anything else)
        traceback.print_exc()


def put(store: Store, group: str, stream: str, lines: list[bytes]) -> None:
    """Append lines to a stream, and create the stream if it is missing; drop the lines if the group is missing."""
    from moto.logs.models import logs_backends

    events: list[dict[str, Any]] = [
        {"timestamp": int(time.time() * 1000), "message": line.decode(errors="replace")[:MOST_BYTES]}
        for line in lines
        if line.strip()
    ]
    with LOCK:
        logs = logs_backends[store.account][store.region]
        if not events or group not in logs.groups:
            return
        if stream not in logs.groups[group].streams:
            logs.create_log_stream(group, stream)
        logs.put_log_events(group, stream, events)
