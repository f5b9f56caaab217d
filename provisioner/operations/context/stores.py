"""Read or open a stack's state, on this machine or in a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from provisioner import __version__
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context import signals
from provisioner.operations.context.connection import reader
from provisioner.operations.context.state_bucket import bucket_client, objects
from provisioner.state.runtime import Runtime

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import State
    from provisioner.state.store import Store


def directory(options: Options, config: Config) -> Path:
    """Return the directory of the stack's state.

    Raises:
        StateError: another user could write there.
    """
    from provisioner.state.directory import trust

    place = options.directory / config.target / config.name
    trust(options.directory, place.parent, place)
    return place


def recorded(options: Options, config: Config, aws: Aws | None = None) -> State:
    """Return the present state without a lock; its records have the present names of their types.

    Raises:
        ProvisionError: the bucket cannot be asked, or the state is still on this machine although a bucket is set.
        StateError: it cannot be read.
    """
    import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
    from provisioner.engine.records.type_aliases import renamed

    state = as_written(options, config, aws)
    state.records = renamed(state.records)
    return state


def as_written(options: Options, config: Config, aws: Aws | None = None) -> State:
    """Return the state as `recorded` does, but with the type names in the file, so that no resource type is imported.

    Raises:
        ProvisionError, StateError: as `recorded`.
    """
    if config.state.bucket:
        not_left_behind(options, config)
    return configured(options, config, aws)


def configured(options: Options, config: Config, aws: Aws | None = None) -> State:
    """Return the state in the configured place, even if another one remains on this machine.

    Args:
        aws: the `Aws` that reaches the bucket; None: one is made if the state is in a bucket.

    Raises:
        ProvisionError: the bucket cannot be asked.
        StateError: it cannot be read.
    """
    from provisioner.state.model import check_bound

    if not config.state.bucket:
        from provisioner.state import local

        return check_bound(local.read(directory(options, config), config.name))
    from provisioner.state import s3_read

    aws = aws or reader(options, config)
    return check_bound(s3_read.read(objects(config, aws, aws.client("s3")), config.name, aws.pace.runtime))


def not_left_behind(options: Options, config: Config) -> None:
    """Refuse to work in the bucket while this machine still has a state of the stack.

    Raises:
        ConfigurationError: this machine has one with records.
    """
    from provisioner.state.local import read

    here = directory(options, config)
    if records := read(here, config.name).records:
        raise ConfigurationError(
            f"[state] names the bucket {config.state.bucket}, but the state of {config.name} (records: {len(records)}) "
            f"is still in {here}: run {options.command_line('state', 'migrate')} to move it, or remove [state] from "
            f"the configuration"
        )


@contextmanager
def open_store(options: Options, config: Config, aws: Aws, command: str, *, restoring: bool = False) -> Iterator[Store]:
    """Hold the stack's state open and locked while the context lasts.

    A first Ctrl-C meanwhile ends work inside `signals.calling` or `at_once`, but not opening, writing or closing.

    Args:
        restoring: restore the settings of a lost state from the tags of the cluster.

    Raises:
        ConfigurationError: a bucket is set, but the state is still on this machine.
        StateError: it is locked, unreadable, or belongs to another account or region.
    """
    if config.state.bucket:
        not_left_behind(options, config)
    from provisioner.operations.context import cluster_tags

    with open_configured(options, config, aws, command) as store:
        if restoring:
            with signals.at_once():
                notes = cluster_tags.restore(aws, store)
            for text in notes:
                options.report(f"note: {text}")
        yield store


@contextmanager
def open_configured(options: Options, config: Config, aws: Aws, command: str) -> Iterator[Store]:
    """Do the same as `open_store`, even if this machine has another state besides the bucket's."""
    import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
    from provisioner.engine.records.type_aliases import rewrite
    from provisioner.operations.context import cluster_tags
    from provisioner.state.model import check_bound

    store_of = bucket_store if config.state.bucket else local_store
    with signals.held(), store_of(options, config, aws, command) as store:
        check_bound(store.state)
        store.guard(config.name, aws.account, aws.region)
        rewrite(store)
        before = cluster_tags.settings(store.records)
        try:
            yield store
        finally:
            cluster_tags.save(aws, store, before, options.report)


def local_store(options: Options, config: Config, aws: Aws, command: str) -> Store:
    """Return the store on this machine, not opened yet."""
    from provisioner.state.local import LocalStore

    runtime = _interruptible(aws.pace.runtime)
    return LocalStore(
        directory(options, config), config.name, command, __version__, options.report if options.wait else None, runtime
    )


def bucket_store(options: Options, config: Config, aws: Aws, command: str) -> Store:
    """Return the store in the bucket, not opened yet. If another command takes its lock over, the run is stopped."""
    from provisioner.state.lease import LEASE
    from provisioner.state.s3 import S3Store

    there = objects(config, aws, bucket_client(aws))
    runtime = _interruptible(aws.pace.runtime)
    return S3Store(
        there,
        config.name,
        command,
        __version__,
        LEASE,
        aws.pace.stop.set,
        options.report if options.wait else None,
        runtime,
        lambda text: options.report(f"note: {text}"),
    )


def _interruptible(runtime: Runtime) -> Runtime:
    """Return the same runtime, except that the user can interrupt its wait for another command."""
    return cast("Runtime", _Interruptible(runtime))


class _Interruptible:
    """A runtime whose `sleep` raises `KeyboardInterrupt` at a signal to end."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runtime, name)

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds, or raise `KeyboardInterrupt` at a signal to end."""
        # on the embedded cloud the other command moves the clock, if it runs
        with self._runtime.watching(), signals.at_once():
            self._runtime.sleep(seconds)
