"""Pull the images of tasks into the engine, from the embedded cloud's registry or another one."""

from __future__ import annotations

import time
from typing import Any

from ecs_emulator.containers.definitions import CannotStart
from ecs_emulator.containers.engine import Engine
from ecs_emulator.ecs.records import Task
from ecs_emulator.ecs.store import Store
from ecs_emulator.registry import tokens


def is_simulated(store: Store, task: Task) -> bool:
    """Return whether the task has an image of this account that was never built: then it runs without containers."""
    return any(_unbuilt(store, container["image"]) for container in task.definition.shape["containerDefinitions"])


def _unbuilt(store: Store, image: str) -> bool:
    if (repository := _repository(store, image)) is None:
        return False
    wanted = image.removeprefix(repository.uri)[1:]
    return not any(wanted in (one.image_digest, *one.image_tags) for one in repository.images)


def _repository(store: Store, image: str) -> Any:
    """Return this account's repository of an image, or None."""
    from moto.ecr.models import ecr_backends

    repositories = ecr_backends[store.account][store.region].repositories.values()
    return next((one for one in repositories if image.startswith((f"{one.uri}:", f"{one.uri}@"))), None)


def pull_if_missing(host: Engine, store: Store, image: str) -> None:
    """Pull an image unless the engine has it.

    Raises:
        CannotStart: the engine does not have it and cannot pull it.
    """
    from docker.errors import DockerException, ImageNotFound

    try:
        host.client.api.inspect_image(image)
    except ImageNotFound:
        try:
            host.client.images.pull(image, auth_config=_access(store, image))
        except DockerException as error:
            text = str(getattr(error, "explanation", None) or error)
            raise CannotStart(
                f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
                f"{image}: {text}"
            ) from error


def variables(host: Engine, image: str) -> list[str]:
    """Return the variables that an image sets, each as `NAME=value`."""
    return list((host.client.api.inspect_image(image).get("Config") or {}).get("Env") or ())


def _access(store: Store, image: str) -> dict[str, Any] | None:
    """Return the login for this account's own registry; None for other registries."""
    if _repository(store, image) is None:
        return None
    return {"username": "AWS", "password": tokens.password(store.account, store.region, time.time())[0]}
