"""Move an unreadable state out of the way, so that a new one can be made. Nothing of it is deleted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.engine.records.consistency import check, check_order
from provisioner.operations.context import state_bucket, stores
from provisioner.state.disk import DISK, Disk
from provisioner.state.model import (
    ForeignState,
    State,
    StateError,
    StateLocked,
    StateTooNew,
    StateUnavailable,
    check_bound,
)
from provisioner.state.runtime import MACHINE, Runtime

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.objects import Objects


def set_aside(options: Options, config: Config, aws: Aws) -> list[str]:
    """Move the broken parts of the stack's state to backups beside it, and return their places.

    Raises:
        StateError: another command is at work, or the state is newer than this version, or cannot be reached.
    """
    # with a bucket too: a state left on this machine is read before the bucket
    moved = in_directory(stores.directory(options, config), config.name)
    if not config.state.bucket:
        return moved
    from provisioner.state.lease import LEASE

    there = state_bucket.objects(config, aws, state_bucket.bucket_client(aws))
    return moved + in_bucket(there, config.name, LEASE, aws.pace.runtime, lambda text: options.report(f"note: {text}"))


def in_directory(directory: Path, stack: str, runtime: Runtime = MACHINE, disk: Disk = DISK) -> list[str]:
    """Move the broken files of a state on this machine aside: the journal alone, if the document can be read."""
    from provisioner.state.directory import sync, there
    from provisioner.state.local import DOCUMENT, JOURNAL, LOCK, read
    from provisioner.state.lock import Lock

    stamp = _stamp()
    if not there(directory, disk):
        return []
    moved: list[str] = []
    lock = Lock(directory / LOCK, "recover", runtime, disk)
    try:
        lock.acquire()
        try:
            for path in (directory / JOURNAL, directory / DOCUMENT):
                if there(path, disk):
                    # a caller that may not read the files must not move them
                    disk.close(disk.open(path, os.O_RDONLY))
                    if _broken(lambda: read(directory, stack, disk)):
                        backup = _backup(path, stamp, disk)
                        disk.replace(path, backup)
                        moved.append(str(backup))
            sync(directory, disk)
        finally:
            lock.release()
    except OSError as error:
        raise StateError(
            f"{error.filename or directory} cannot be moved aside: {error.strerror}: check the directory and its "
            f"permissions"
        ) from None
    return moved


def _backup(path: Path, stamp: str, disk: Disk) -> Path:
    """Return a free name for a backup: two commands may run within one second."""
    from provisioner.state.directory import there

    names = (f"{path.stem}.broken-{stamp}{more}{path.suffix}" for more in chain([""], map("-{}".format, count(2))))
    return next(backup for backup in map(path.with_name, names) if not there(backup, disk))


def in_bucket(
    objects: Objects,
    stack: str,
    lease: float,
    runtime: Runtime = MACHINE,
    note: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Copy a broken state in a bucket aside, with its journal, then delete the broken document."""
    from provisioner.state.lease import Lease
    from provisioner.state.objects import Taken
    from provisioner.state.s3_read import DOCUMENT, JOURNAL, read

    lock, copies = Lease(objects, "recover", lease, lambda: None, runtime, note), list[str]()
    # two commands within one second get a directory each
    directory = f"broken-{_stamp()}-{runtime.token()[:8]}"
    lock.acquire()
    try:
        document = objects.listed(DOCUMENT)
        if document and _broken(lambda: read(objects, stack, runtime)):
            entries = ((name, objects.listed(name)) for name in objects.names(JOURNAL))
            for name, found in (*entries, (DOCUMENT, document)):
                if found:
                    objects.put(f"{directory}/{name}", found.body, over=None)
                    copies.append(objects.url_of(f"{directory}/{name}"))
            # a process that slept for longer than the lease may find another command's document
            lock.check()
            objects.delete_unchanged(DOCUMENT, document.etag)
    except Taken:
        raise StateError(
            f"{objects.url_of(DOCUMENT)} was written by another command while this one moved it aside, so it was left "
            f"there. Run this again when that command has ended"
        ) from None
    finally:
        lock.release()
    return copies


def _broken(read: Callable[[], State]) -> bool:
    """Return whether the state is broken; raises `StateUnavailable` if it cannot be read."""
    try:
        records = check_bound(read()).records
        check(records)
        check_order(records)
    except (ForeignState, StateLocked, StateTooNew, StateUnavailable):
        raise
    except StateError:
        return True
    return False


def _stamp() -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
