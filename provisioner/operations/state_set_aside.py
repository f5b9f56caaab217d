"""Move a state that cannot be read out of the way, so that another can be made: nothing of it is deleted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import steps  # noqa: F401  (importing the package makes all resource types known)
from provisioner.engine.recorded import check, check_bound, check_order
from provisioner.operations import stores
from state.disk import DISK, Disk
from state.model import ForeignState, State, StateError, StateLocked, StateTooNew
from state.runtime import MACHINE, Runtime

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.options import Options
    from state.objects import Objects


def set_aside(options: Options, config: Config, aws: Aws) -> list[str]:
    """Move what is broken of the stack's state to backups beside it; return where these are.

    Raises:
        StateError: another command is at work, or the state is newer than this version, or cannot be reached.
    """
    if not config.state.bucket:
        return in_folder(stores.folder(options, config), config.name)
    from state.lease import LEASE

    there = stores.objects(config, aws, stores.bucket_client(aws))
    return in_bucket(there, config.name, LEASE, aws.pace.runtime)


def in_folder(folder: Path, stack: str, runtime: Runtime = MACHINE, disk: Disk = DISK) -> list[str]:
    """Move the broken files of a state on this machine aside: the journal alone, if the document can be read."""
    from state.folder import sync, there
    from state.local import DOCUMENT, JOURNAL, LOCK, read
    from state.lock import Lock

    stamp = _stamp()
    if not there(folder, disk):
        return []
    moved: list[str] = []
    lock = Lock(folder / LOCK, "recover", runtime, disk)
    try:
        lock.acquire()
        try:
            for path in (folder / JOURNAL, folder / DOCUMENT):
                if there(path, disk):
                    # whoever may not read them shall not move them either
                    disk.close(disk.open(path, os.O_RDONLY))
                    if _broken(lambda: read(folder, stack, disk)):
                        backup = path.with_name(f"{path.stem}.broken-{stamp}{path.suffix}")
                        disk.replace(path, backup)
                        moved.append(str(backup))
            sync(folder, disk)
        finally:
            lock.release()
    except OSError as error:
        raise StateError(f"{error.filename or folder} cannot be moved aside: {error.strerror}") from None
    return moved


def in_bucket(objects: Objects, stack: str, lease: float, runtime: Runtime = MACHINE) -> list[str]:
    """Copy a broken state in a bucket aside, with its journal, then take the document away."""
    from state.lease import Lease
    from state.s3 import DOCUMENT, JOURNAL, read

    lock, copies, stamp = Lease(objects, "recover", lease, lambda: None, runtime), [], _stamp()
    lock.acquire()
    try:
        if _broken(lambda: read(objects, stack, runtime)):
            for name in (*objects.names(JOURNAL), DOCUMENT):
                if found := objects.get(name):
                    objects.put(f"broken-{stamp}/{name}", found.body, over=None)
                    copies.append(objects.url_of(f"broken-{stamp}/{name}"))
            objects.delete([DOCUMENT])
    finally:
        lock.release()
    return copies


def _broken(read: Callable[[], State]) -> bool:
    """Whether the state is there, and says nothing that makes sense."""
    try:
        records = check_bound(read()).records
        check(records)
        check_order(records)
    except (ForeignState, StateLocked, StateTooNew):
        raise
    except StateError as error:
        if error.__cause__:
            # the service that keeps it could not be asked
            raise
        return True
    return False


def _stamp() -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
