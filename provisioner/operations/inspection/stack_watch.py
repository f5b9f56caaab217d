"""Read the status of a stack once or repeatedly, over one connection to AWS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.operations.context import connection, embedded_cloud, stores
from provisioner.operations.impact import costs
from provisioner.operations.inspection import stack_status
from provisioner.operations.overrides import expiration, scaling_times, sizes
from provisioner.state import lock
from provisioner.state.runtime import MACHINE

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.state.model import State
    from provisioner.state.runtime import Runtime

POLL_SECONDS = 5.0


@dataclass
class Watch:
    """A repeated reader of one stack. It keeps one connection: the embedded cloud's clock makes a second wait for it.

    Attributes:
        ways: the connection to AWS, once it is open.
    """

    options: Options
    config: Config
    ways: list[Aws] = field(default_factory=list)

    def way(self) -> Aws:
        """Return the connection to AWS, which refuses every write. The first call opens it.

        Raises:
            ProvisionError: it cannot be opened.
        """
        if not self.ways:
            self.ways.append(connection.connect(self.options, self.config).reading())
        return self.ways[0]

    def time(self) -> float:
        """Return the target's time in seconds since the epoch; without a connection, this machine's time."""
        return (self.ways[0].pace if self.ways else MACHINE).time()

    @property
    def runtime(self) -> Runtime:
        """The runtime whose clock measures the waits between reads."""
        return self.ways[0].pace.runtime if self.ways else MACHINE

    def look(self) -> tuple[State, dict[str, Any]]:
        """Return the stored state and the status document.

        Raises:
            ProvisionError, StateError: the state cannot be read, or the credentials are of another account.
        """
        if self.config.state.bucket and not self.ways:
            self.ways.append(connection.reader(self.options, self.config))
        aws = self.ways[0] if self.config.state.bucket else None
        state = stores.as_written(self.options, self.config, aws)
        return state, _document(self, state)

    def again(self) -> None:
        """Drop the cached answers, so that the next read asks AWS again."""
        for aws in self.ways:
            aws.drop_reads()

    def stop(self) -> None:
        """Stop all further calls and retries, also in another thread."""
        for aws in self.ways:
            aws.pace.stop.set()
            aws.pace.leaving.set()

    def leave(self) -> None:
        """Close the connection: the embedded cloud or the credentials may have been replaced by now."""
        for aws in self.ways:
            aws.pace.runtime.close()
        self.ways.clear()


def documents(options: Options, config: Config, *, again: bool) -> Iterator[dict[str, Any]]:
    """Yield the status document; with `again`, a new one every few seconds, for ever.

    Raises:
        ProvisionError: the state cannot be read, or the credentials are of another account.
    """
    watch = Watch(options, config)
    while True:
        _, document = watch.look()
        yield document
        if not again:
            return
        # an onlooker waits by the machine's clock: it must not make the time of a rehearsal pass
        with watch.runtime.watching():
            watch.runtime.sleep(POLL_SECONDS)
        watch.again()
        if document["live"] is None and not config.state.bucket:
            watch.leave()


def changes(found: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield each document that differs from the one before in more than the time of its read."""
    last: dict[str, Any] | None = None
    for document in found:
        said = {**document, "live": {**document["live"], "at": 0.0} if document["live"] else None}
        if said != last:
            yield document
        last = said


def _document(watch: Watch, state: State) -> dict[str, Any]:
    options, config = watch.options, watch.config
    started = embedded_cloud.started(options) if config.target == "local" else 0.0
    restarted = started if stack_status.outlived(state, started) else None
    live, unavailable = (
        stack_status.condition(options, config, state, watch.way) if restarted is None else (None, "it was restarted")
    )
    if config.state.bucket:
        from provisioner.operations.context import state_bucket
        from provisioner.state import lease

        aws = watch.way()
        locked_by = lease.holder(state_bucket.objects(config, aws, aws.client("s3")), aws.pace.runtime)
    else:
        locked_by = lock.holder(stores.directory(options, config) / lock.LOCK_FILE)
    entry = embedded_cloud.entry(options, config)
    now = watch.time()
    desired = {one["name"]: one["desired"] for one in live.services} if live else {}
    rests = sizes.until(config, now) if sizes.sleeps(config, state.records, desired) else None
    held, notes = sizes.in_effect(config, state.records, by_schedule=rests)
    if live:
        notes = [*notes, *scaling_times.notes(config, held, now)]
    notes = [*expiration.notes(state.records, now), *notes, *(stack_status.suspensions(live) if live else ())]
    # the cost needs the resource types; they are imported already only if a cloud was read
    cost = costs.of_records(state.records, state.region, options.directory) if live else None
    return stack_status.document(
        state,
        config,
        entry,
        live,
        unavailable,
        restarted=restarted,
        locked_by=locked_by,
        now=now,
        by_schedule=rests is not None,
        notes=notes,
        cost=cost,
        simulated=embedded_cloud.is_simulated(options, config),
    )
