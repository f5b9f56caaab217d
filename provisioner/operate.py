"""The commands' work, free of terminal and argument parsing: up, plan and down on an open state."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import steps  # noqa: F401  (importing the package registers the steps)
from provisioner.engine.converge import Converge
from provisioner.engine.errors import Interrupted, ProvisionError
from provisioner.engine.events import Begun, Emit, Notice
from provisioner.engine.kind import Kind, output_of
from provisioner.engine.plan import Planned, orphans, plan
from provisioner.engine.remove import Remove, kind_of
from provisioner.engine.run import prefetch, recorded_fields
from provisioner.engine.step import Declared, Stack, filled
from provisioner.engine.sweep import Leftover, sweep
from state.model import Record, Run, now

if TYPE_CHECKING:
    from provisioner.aws import Aws
    from provisioner.config import Config
    from provisioner.facts import Facts
    from state.local import LocalStore


@dataclass(frozen=True)
class Summary:
    """How a run ended.

    Attributes:
        counts: the number of things by result (made, changed, removed, unchanged, adopted, kept).
        seconds: how long the run took.
        leftovers: what `down` found still there at the end.
        error: what stopped the run, or some of its things.
    """

    command: str
    counts: Mapping[str, int]
    seconds: float
    leftovers: Sequence[Leftover] = ()
    error: ProvisionError | None = None

    @property
    def ok(self) -> bool:
        """Whether all went well."""
        return self.error is None and not self.leftovers

    @property
    def exit_code(self) -> int:
        """The exit code that the run means."""
        return self.error.exit_code if self.error else int(bool(self.leftovers))


def declare(config: Config, facts: Facts) -> Stack:
    """Run all steps, and return the stack with everything declared."""
    stack = Stack(config, facts)
    stack.run()
    return stack


def know(aws: Aws, records: Mapping[str, Record], declared: Mapping[str, Declared]) -> None:
    """Tell the bulk reads what is declared and recorded, so that named things are looked up by name."""

    def lookup(address: str, output: str) -> Any:
        return output_of(records.get(address), output)

    def known(kind: type[Kind]) -> list[dict[str, Any]]:
        wanted = [filled(item.want, lookup).fields() for item in declared.values() if type(item.want) is kind]
        return wanted + [fields for fields in recorded_fields(records, kind.kind) if fields not in wanted]

    aws.known = known


def up(aws: Aws, store: LocalStore, stack: Stack, emit: Emit) -> Summary:
    """Bring everything to what is declared, and remove what is recorded but no longer declared.

    Nothing is removed when something failed, since what is missing may still be needed.
    """
    know(aws, store.records, stack.declared)
    for text in stack.notices:
        emit(Notice(text))
    dropped = orphans(store.records, stack.declared)
    emit(Begun("up", aws.name, aws.account, aws.region, len(stack.declared) + len(dropped)))
    converge = Converge(aws, store, stack.declared, emit)
    remove = Remove(aws, store, dropped, emit)

    def work() -> None:
        prefetch(aws, {type(item.want) for item in stack.declared.values()})
        converge.run()
        remove.run()

    return _timed("up", store, work, (converge.progress.counts, remove.progress.counts))


def show_plan(aws: Aws, records: Mapping[str, Record], stack: Stack) -> list[Planned]:
    """Return what `up` would do. Only reads are made."""
    know(aws, records, stack.declared)
    return plan(aws, records, stack.declared)


def down(aws: Aws, store: LocalStore, emit: Emit) -> Summary:
    """Remove everything that is recorded, then look through every kind for what is left."""
    know(aws, dict(store.records), {})
    emit(Begun("down", aws.name, aws.account, aws.region, len(store.records)))
    remove = Remove(aws, store, list(store.records), emit)
    left: list[Leftover] = []

    def work() -> None:
        prefetch(aws, {kind_of(record) for record in store.records.values()})
        remove.run()
        left.extend(sweep(aws))

    return _timed("down", store, work, (remove.progress.counts,), left)


def _timed(
    command: str,
    store: LocalStore,
    work: Callable[[], None],
    counters: Sequence[Counter[str]],
    leftovers: Sequence[Leftover] = (),
) -> Summary:
    """Run the work, and keep in the history how it ended."""
    began, started, error = now(), time.monotonic(), None
    try:
        work()
    except ProvisionError as stopped:
        error = stopped
    counts = dict(sum(counters, Counter()))
    summary = Summary(command, counts, round(time.monotonic() - started, 2), leftovers, error)
    result = "interrupted" if isinstance(error, Interrupted) else "ok" if summary.ok else "failed"
    store.finish(Run(command, began, summary.seconds, result, counts))
    return summary
