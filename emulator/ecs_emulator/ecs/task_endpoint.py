"""The ECS agent's endpoint for the containers of a task: the role's credentials, and the task's metadata.

The path of each task contains a secret. Sources: developer guide, "Task IAM role" and "Task metadata endpoint
version 4"; the credentials have the members that botocore's container provider reads.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from ecs_emulator.authorization import sessions
from ecs_emulator.authorization.sessions import Session
from ecs_emulator.ecs import overrides
from ecs_emulator.ecs.container_instances import size
from ecs_emulator.ecs.records import Shape, Task
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import on_reset

_SHORT = {"createdAt": "CreatedAt", "startedAt": "StartedAt"}


@dataclass
class Asker:
    """The task behind a secret path, and the session of its role after the first request for credentials."""

    store: Store
    task: Task
    session: Session | None = None


_askers: dict[str, Asker] = {}
"""By the secret in the path."""
on_reset(_askers.clear)


def begin(store: Store, task: Task, url: str) -> str:
    """Return a new secret address for a task, under its containers' address of the embedded cloud."""
    secret = secrets.token_urlsafe(24)
    _askers[secret] = Asker(store, task)
    return f"{url}/_cloud/task/{secret}"


def variables(task: Task, address: str, container: str) -> dict[str, str]:
    """Return the variables that point to a task's address: to its metadata, and to its role's credentials.

    On AWS they point to 169.254.170.2, which only a special network of Docker's could have. A relative address of
    credentials would mean that host; in full addresses the SDKs accept the loopback.

    Args:
        container: the name of the container that gets the variables.
    """
    found = {"ECS_CONTAINER_METADATA_URI_V4": f"{address}/v4/{container}"}
    if overrides.role(task):
        found["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"{address}/credentials"
    return found


def forget(task: Task) -> None:
    """Forget the addresses of a task; credentials that it has got stay valid until their expiry."""
    for secret in [secret for secret, one in _askers.items() if one.task is task]:
        del _askers[secret]


def is_known(path: str) -> bool:
    """Return whether a path, below the one of all tasks, begins with a known secret."""
    return path.partition("/")[0] in _askers


def answer(path: str) -> Shape | None:
    """Return the answer for such a path; None if there is nothing. The caller holds the cloud's lock."""
    secret, _, wanted = path.partition("/")
    asker = _askers.get(secret)
    if asker is None:
        return None
    match wanted.split("/"):
        case ["credentials"]:
            return _credentials(asker)
        case ["v4", name]:
            return next((one for one in _containers(asker) if one["Name"] == name), None)
        case ["v4", _, "task"]:
            return _task(asker)
    return None


def _credentials(asker: Asker) -> Shape | None:
    store, task = asker.store, asker.task
    if not (role := overrides.role(task)):
        return None
    if asker.session is None or not asker.session.is_fresh:
        asker.session = sessions.begin(store.account, store.region, role, task.id)
    session = asker.session
    return {
        "RoleArn": role,
        "AccessKeyId": session.key,
        "SecretAccessKey": session.secret,
        "Token": session.token,
        "Expiration": session.expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _task(asker: Asker) -> Shape:
    task = asker.task
    processors, mebibytes = size(task)
    return {
        "Cluster": task.cluster,
        "TaskARN": task.arn,
        "Family": task.definition.family,
        "Revision": str(task.definition.revision),
        "DesiredStatus": task.desired,
        "KnownStatus": task.status,
        "Limits": {"CPU": processors / 1024, "Memory": mebibytes},
        "AvailabilityZone": task.zone,
        "LaunchType": task.launch_type,
        **({"ServiceName": task.service} if task.service else {}),
        "Containers": _containers(asker),
        **_times(task),
    }


def _containers(asker: Asker) -> list[Shape]:
    task = asker.task
    address = {"NetworkMode": "awsvpc", "IPv4Addresses": [task.address]}
    return [
        {
            "DockerId": f"{task.id}-{number}",
            "Name": one["name"],
            "DockerName": one["name"],
            "Image": one["image"],
            "Labels": {
                "com.amazonaws.ecs.cluster": task.cluster,
                "com.amazonaws.ecs.container-name": one["name"],
                "com.amazonaws.ecs.task-arn": task.arn,
                "com.amazonaws.ecs.task-definition-family": task.definition.family,
                "com.amazonaws.ecs.task-definition-version": str(task.definition.revision),
            },
            "DesiredStatus": task.desired,
            "KnownStatus": task.status,
            "Limits": {"CPU": int(one.get("cpu") or 0), "Memory": int(one.get("memory") or 0)},
            "Type": "NORMAL",
            "Networks": [address],
            **_times(task),
        }
        for number, one in enumerate(task.definition.shape["containerDefinitions"], 1)
    ]


def _times(task: Task) -> dict[str, Any]:
    return {name: task.times[key].isoformat() for key, name in _SHORT.items() if key in task.times}
