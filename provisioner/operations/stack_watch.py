"""Looks at a stack once, or again and again, on one way to AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from provisioner.operations import connecting, costs, embedded_cloud, expiry, stack_status, stores
from provisioner.operations.sizing import sizes
from provisioner.state import lease, lock
from provisioner.state.runtime import MACHINE

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.options import Options

POLL_SECONDS = 5.0


def documents(options: Options, config: Config, *, again: bool) -> Iterator[dict[str, Any]]:
    """Yield the status document, and with `again` another one every few seconds, for ever.

    One way to AWS serves for all: on the embedded cloud's clock a second one waits for the first.

    Raises:
        ProvisionError: the state cannot be read, or the credentials are of another account.
    """
    ways: list[Aws] = [connecting.reader(options, config)] if config.state.bucket else []

    def way() -> Aws:
        if not ways:
            ways.append(connecting.connect(options, config))
        return ways[0]

    while True:
        document = _document(options, config, ways, way)
        yield document
        if not again:
            return
        runtime = ways[0].pace.runtime if ways else MACHINE
        # whoever watches only looks on: a rehearsal's time passes for the others' sake
        with runtime.watching():
            runtime.sleep(POLL_SECONDS)
        for aws in ways:
            aws.drop_reads()
        if document["live"] is None and not config.state.bucket:
            ways.clear()  # another embedded cloud may be there by now


def changes(found: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the documents that say something else than the one before, the moment aside."""
    last: dict[str, Any] | None = None
    for document in found:
        said = {**document, "live": {**document["live"], "at": 0.0} if document["live"] else None}
        if said != last:
            yield document
        last = said


def _document(options: Options, config: Config, ways: Sequence[Aws], way: Callable[[], Aws]) -> dict[str, Any]:
    aws = ways[0] if config.state.bucket else None
    state = stores.as_written(options, config, aws)
    started = embedded_cloud.started(options) if config.target == "local" else 0.0
    restarted = started if stack_status.outlived(state, started) else None
    live, unavailable = (
        stack_status.condition(options, config, state, way) if restarted is None else (None, "it was restarted")
    )
    if aws:
        locked_by = lease.holder(stores.objects(config, aws, aws.client("s3")), aws.pace.runtime)
    else:
        locked_by = lock.holder(stores.directory(options, config) / lock.LOCK_FILE)
    entry = embedded_cloud.entry(options, config)
    now = (ways[0].pace if ways else MACHINE).time()
    desired = {one["name"]: one["desired"] for one in live.services} if live else {}
    rests = sizes.until(config, now) if sizes.sleeps(config, state.records, desired) else None
    _, notes = sizes.in_effect(config, state.records, by_schedule=rests)
    notes = [*expiry.notes(state.records, now), *notes]
    # nobody who asks no cloud loads the types, which say what they cost
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
    )
