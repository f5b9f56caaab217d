"""The record of a running embedded cloud: the file `cloud.json`, by which later programs find it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ecs_emulator import json_text
from ecs_emulator.control import CloudError, CloudProcess
from ecs_emulator.sockets import HOST

NAME = "cloud.json"


def make_private(directory: Path) -> None:
    """Create a directory and its missing parents, each for its owner alone, with any umask.

    Raises:
        OSError: it cannot be created.
    """
    missing = [place for place in (directory, *directory.parents) if not os.path.lexists(place)]
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keep other programs from starting or recording a cloud there while the context lasts."""
    # The kernel releases a flock with its holder, so a killed starter leaves no lock behind.
    handle = os.open(directory / "cloud.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read(directory: Path) -> CloudProcess | None:
    """Return the cloud that `cloud.json` names, or None.

    Raises:
        CloudError: it names a cloud of another machine, to which calls would otherwise go.
    """
    path = directory / NAME
    try:
        data: Any = json_text.parsed(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict) or data.keys() != _FIELDS.keys() or not all(_FIELDS[key](data[key]) for key in data):
        return None
    if not re.fullmatch(rf"http://{re.escape(HOST)}:[0-9]{{1,5}}", data["endpoint"]):
        raise CloudError(
            f"{path} names an embedded cloud of another machine ({data['endpoint'][:80]}), so it was not "
            f"written here: delete the file"
        )
    return CloudProcess(**data)


_FIELDS: Mapping[str, Callable[[Any], bool]] = {
    "endpoint": lambda value: isinstance(value, str) and value.isprintable(),
    "dns_port": lambda value: type(value) is int and 0 < value < 65536,
    # -1 would mean every process of the user, 1 the system's first process
    "pid": lambda value: type(value) is int and 1 < value < 2**53,
    "key": lambda value: isinstance(value, str) and re.fullmatch("[A-Z0-9]{36}", value) is not None,
    "domain": lambda value: isinstance(value, str) and bool(value) and value.isprintable(),
}


def write(directory: Path, cloud: CloudProcess) -> None:
    """Record a cloud; the file is complete at every moment.

    Raises:
        OSError: it cannot be written.
    """
    path = directory / NAME
    temporary = path.with_suffix(".tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w") as stream:
        json.dump(asdict(cloud), stream, indent=2)
    temporary.replace(path)


def delete(directory: Path) -> None:
    """Delete the record of the cloud, if there is one."""
    (directory / NAME).unlink(missing_ok=True)
