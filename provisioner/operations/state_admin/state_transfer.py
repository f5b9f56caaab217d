"""The work of `provision state push|migrate`: replace a state, or move it between this machine and the bucket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from errno import EEXIST, ENOENT, ENOTDIR
from pathlib import Path
from typing import TYPE_CHECKING

import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.engine.records import consistency
from provisioner.engine.words import count
from provisioner.operations.context import signals, state_bucket, stores
from provisioner.operations.context.state_bucket import named
from provisioner.state.model import State, StateError, check_bound

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.store import Store


def read_file(path: Path) -> State:
    """Return the state in a file.

    Raises:
        ConfigurationError: the file cannot be read, is no state, or has a state that other commands would refuse.
    """
    from provisioner.state.checks import parsed
    from provisioner.state.migrate import migrate

    try:
        state = check_bound(State.from_dict(migrate(parsed(path.read_bytes()))[0]))
        consistency.check(state.records)
        consistency.check_order(state.records)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}: choose another file") from None
    except (ValueError, StateError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    return state


def check_new(path: Path) -> None:
    """Refuse a place where `write_file` could write no new file, before anything is done for its content.

    Raises:
        ConfigurationError: there is a file already, or no directory for one.
    """
    problem = (
        EEXIST if os.path.lexists(path)
        else ENOENT if not os.path.lexists(path.parent)
        else 0 if path.parent.is_dir()
        else ENOTDIR
    )  # fmt: skip
    if problem:
        raise ConfigurationError(f"{path} cannot be written: {os.strerror(problem)}: choose another file")


def write_file(path: Path, content: bytes) -> None:
    """Write a new file that its owner alone may read.

    Raises:
        ConfigurationError: the file exists already, or cannot be written.
    """
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}: choose another file") from None


def check(new: State, old: State, config: Config, aws: Aws, *, force: bool) -> None:
    """Refuse the state of another stack, and a state that is no later version of the present one.

    Args:
        force: accept another lineage, or an older serial.

    Raises:
        ForeignState: it is of another stack, account or Region.
        ConfigurationError: it has another lineage or an older serial.
    """
    check_bound(new).guard(config.name, aws.account, aws.region)
    if force or not old.records:
        return
    if new.lineage != old.lineage:
        raise ConfigurationError(
            f"its lineage ({new.lineage}) is not that of the state of {config.name} ({old.lineage}). To replace "
            f"that anyway and keep a backup of it, add --force"
        )
    if new.serial < old.serial:
        raise ConfigurationError(
            f"it is older (serial {new.serial}) than the state that it would replace (serial {old.serial}). Pull "
            f"that state and edit it again, or add --force to replace it anyway and keep a backup of it"
        )


def push(options: Options, config: Config, aws: Aws, new: State, *, force: bool) -> str:
    """Replace the present state by another, and return the place of its backup.

    Raises:
        ConfigurationError, ForeignState: see `check`.
        ProvisionError: the present state changed meanwhile.
        StateError: the state cannot be read or written.
    """
    old = stores.configured(options, config, aws)
    check(new, old, config, aws, force=force)
    with stores.open_configured(options, config, aws, "state push") as store:
        if store.records != old.records:
            raise ProvisionError("the state was changed by another command. Run this again")
        return store.swap(new, "replaced")


def migrate(options: Options, config: Config, aws: Aws, *, back: bool) -> tuple[int, str]:
    """Move the state from this machine to the bucket, or back; its former place is emptied after a backup.

    A killed move can be run again. Returns the number of moved records and the place of the backup, or 0 and an empty
    text if there was nothing to move.

    Raises:
        ConfigurationError: the destination has another state already.
        ForeignState: the state is of another stack, account or Region.
        StateError: one of the two states is locked, or cannot be read or written.
    """
    with _both(options, config, aws, back=back) as (source, target):
        if not source.records:
            return 0, ""
        moved = source.state
        # a run that was killed between the two writes has left the same state in both places
        if (target.state.lineage, target.records) != (moved.lineage, moved.records):
            # the same lineage: a killed run copied it there, and it changed since
            if target.records or target.state.lineage == moved.lineage:
                raise ConfigurationError(_conflict(options, config, moved, target.state, back=back))
            target.swap(_copy(moved), "replaced")
        _read_back(options, config, aws, moved, back=back)
        kept = source.swap(State(config.name), "migrated")
        return len(moved.records), kept


@contextmanager
def _both(options: Options, config: Config, aws: Aws, *, back: bool) -> Iterator[tuple[Store, Store]]:
    """Hold both states open: the source, checked to be this stack's, and the destination."""
    named(config)
    here = stores.local_store(options, config, aws, "state migrate")
    there = stores.bucket_store(options, config, aws, "state migrate")
    with signals.held(), there, here:
        source, target = (there, here) if back else (here, there)
        if source.records:
            source.guard(config.name, aws.account, aws.region)
        yield source, target


def _conflict(options: Options, config: Config, moved: State, target: State, *, back: bool) -> str:
    machine, bucket_ = "on this machine", f"in the bucket {config.state.bucket}"
    here, there = (bucket_, machine) if back else (machine, bucket_)
    return (
        f"there are two states of {config.name}: {_size(moved)} {here}, {_size(target)} {there}. "
        f"To keep the one {there}, run {_again(options, '--discard', back=back)}. "
        f"To keep the one {here}, run {_again(options, '--discard', back=not back)}, then "
        f"{_again(options, back=back)}. The other one becomes a backup"
    )


def _again(options: Options, *more: str, back: bool) -> str:
    return options.command_line("state", "migrate", *(("--to-local",) if back else ()), *more)


def _size(state: State) -> str:
    return f"{count(len(state.records), 'record')} (serial {state.serial})"


def discard(options: Options, config: Config, aws: Aws, *, back: bool) -> tuple[int, str]:
    """Empty the state that `migrate` would move, with a backup, because the destination's state is the right one.

    Returns the number of its records and the place of the backup, or 0 and an empty text if it had none.

    Raises:
        ConfigurationError: the destination has no state to keep.
        ForeignState: the state is of another stack, account or Region.
        StateError: one of the two states is locked, or cannot be read or written.
    """
    with _both(options, config, aws, back=back) as (source, target):
        if not source.records:
            return 0, ""
        if not target.records and target.state.lineage != source.state.lineage:
            advice = f"Run {_again(options, back=back)} to move this one"
            raise ConfigurationError(f"--discard: there is no other state of {config.name} to keep. {advice}")
        records = len(source.records)
        return records, source.swap(State(config.name), "discarded")


def _copy(state: State) -> State:
    return replace(state, records=dict(state.records), history=list(state.history))


def _read_back(options: Options, config: Config, aws: Aws, moved: State, *, back: bool) -> None:
    from provisioner.state import local, s3_read

    if back:
        found = local.read(stores.directory(options, config), config.name)
    else:
        found = s3_read.read(
            state_bucket.objects(config, aws, state_bucket.bucket_client(aws)), config.name, aws.pace.runtime
        )
    if (found.lineage, found.records) != (moved.lineage, moved.records):
        raise ProvisionError("the copy reads back differently, so the state was not moved. Run this again")
