"""The commands' work, free of terminal and argument parsing: up, plan and down on an open state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

import steps  # noqa: F401  (importing the package registers the steps)
from provisioner.aws.errors import Refused, explained
from provisioner.engine import destroy as remover
from provisioner.engine import events, recorded
from provisioner.engine import target as limit
from provisioner.engine.apply import Apply
from provisioner.engine.clock import Pace
from provisioner.engine.declaration import STEPS, Declared
from provisioner.engine.destroy import Destroy, kind_of
from provisioner.engine.errors import ConfigurationError, Interrupted, Protected, ProvisionError
from provisioner.engine.events import Begun, Emit, Notice
from provisioner.engine.leftovers import Leftover, sweep
from provisioner.engine.plan import orphans, plan
from provisioner.engine.planned import Planned
from provisioner.engine.refused import PlanRefused, names, reasons
from provisioner.engine.remaining import chains
from provisioner.engine.run import UNCLEAR, Progress, know, prefetch
from provisioner.engine.timeline import Segment, continued, critical_path
from provisioner.operations import estimates
from provisioner.resources.autoscaling import left_outdated, newest_in_use
from provisioner.resources.ecs_cluster import Cluster
from provisioner.resources.ecs_service import deployed_by_others, outscaled
from provisioner.resources.logs import remove_remade
from provisioner.resources.rds_snapshots import final_snapshots
from state.model import Record, Run, Span
from steps.stack import Stack

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.facts import Facts
    from provisioner.config.models import Config
    from state.store import Store

AGAIN = 10.0
"""Seconds between two tries to read what AWS did not answer."""
CAPACITY = "capacity"
"""The step that declares the instances."""


@dataclass(frozen=True)
class Summary:
    """How a run ended.

    Attributes:
        counts: the number of things by result (`events.Result`).
        seconds: how long the run took.
        leftovers: what `down` found still there at the end.
        error: what stopped the run, or some of its things.
        target: the step that the run was limited to.
        snapshots: what `down` leaves on purpose: this one's final snapshot of the database, and those of earlier ones.
        path: the chain of things that took the time.
    """

    command: str
    counts: Mapping[str, int]
    seconds: float
    leftovers: Sequence[Leftover] = ()
    error: ProvisionError | None = None
    target: str | None = None
    snapshots: Sequence[Leftover] = ()
    path: Sequence[Segment] = ()

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


def check_target(target: str | None, records: Collection[Record] = ()) -> None:
    """Refuse a step to be limited to that neither this version nor one of the records knows.

    Raises:
        ConfigurationError: with the steps that there are.
    """
    limit.check(target, STEPS.keys() | {record.step for record in records if record.step})


def check_new_ami(config: Config, target: str | None, *, asked: bool) -> None:
    """Refuse a newer AMI where there are no instances, or where the step that has them is left out.

    Raises:
        ConfigurationError: with the reason.
    """
    if not asked:
        return
    if config.capacity.min == 0 and all(service.launch != "ec2" for service in config.services.values()):
        raise ConfigurationError('--new-ami: no service has launch = "ec2", so there are no instances to replace')
    if target and CAPACITY not in limit.below(STEPS, target):
        raise ConfigurationError(
            f"--new-ami: the instances are of step {CAPACITY}, which --target-step {target} leaves out"
        )


def up(
    aws: Aws,
    store: Store,
    stack: Stack,
    emit: Emit,
    target: str | None = None,
    confirmed: Sequence[Planned] | None = None,
) -> Summary:
    """Bring everything to what is declared, and remove what is recorded but no longer declared.

    What `plan` says is computed first: if anything of it would be refused, nothing is written. Nothing is removed when
    something failed, since what is missing may still be needed; nor when the run is limited.

    Args:
        target: the step to bring up, with all the steps that it is built on, and no other.
        confirmed: the plan that the user agreed to, if one was asked: nothing else is done.
    """
    _know(aws, store.records, stack.declared)
    for text in stack.notices:
        emit(Notice(text))
    declared, dropped = _scope(store.records, stack, target)
    emit(Begun("up", aws.name, aws.account, aws.region, len(declared) + len(dropped)))
    ahead = estimates.upwards(declared, store.records, store.state.history)
    emit(ahead)
    converge = Apply(aws, store, declared, emit, chains(ahead.tasks))
    remove = Destroy(aws, store, dropped, emit)

    def work() -> Left:
        planned = _answered(aws, emit, lambda: plan(aws, store.records, declared, dropped))
        refuse(planned, store.records, emit)
        if confirmed is not None:
            _check_confirmed(confirmed, planned)
        converge.run()
        for text in notes(aws, stack):
            emit(Notice(text))
        remover.look_closely(aws, remove.records.values())
        remove.run()
        return Left()

    return _timed(aws.pace, "up", target, store, work, (converge.progress, remove.progress))


def refuse(planned: Sequence[Planned], records: Mapping[str, Record], emit: Emit = lambda event: None) -> None:
    """Raise `PlanRefused` if anything of the plan cannot be done; `emit` is handed each reason before."""
    if refused := reasons(planned):
        for reason in refused:
            emit(events.Refused(reason.text, tuple(reason.addresses)))
        raise PlanRefused(refused, records.values())


def _check_confirmed(confirmed: Sequence[Planned], planned: Sequence[Planned]) -> None:
    """Refuse to do anything else than what the user has agreed to.

    Raises:
        ProvisionError: somebody changed something since.
    """
    before, now = ({p.address: p for p in plan if p.action != "none"} for plan in (confirmed, planned))
    if other := [address for address in {**before, **now} if before.get(address) != now.get(address)]:
        raise ProvisionError(
            f"nothing was changed: since the plan was shown, something else has come to be done with {names(other)}. "
            "Run the same command again to see the plan as it is now"
        )


def _answered(aws: Aws, emit: Emit, ask: Callable[[], list[Planned]]) -> list[Planned]:
    """Plan; where AWS does not answer for a while, again."""
    until = aws.pace.now() + UNCLEAR
    while True:
        try:
            return ask()
        except Refused as error:
            aws.pace.check()
            if (
                not (isinstance(error.__cause__, Exception) and aws.errors.out_of_reach(error.__cause__))
                or aws.pace.now() > until
            ):
                raise
            emit(Notice(f"waiting for AWS to answer again: {error}"))
            aws.forget()
            aws.pace.sleep(AGAIN)


def show_plan(aws: Aws, records: Mapping[str, Record], stack: Stack, target: str | None = None) -> list[Planned]:
    """Return what `up` would do. Only reads are made."""
    _know(aws, records, stack.declared)
    return plan(aws, records, *_scope(records, stack, target))


def notes(aws: Aws, stack: Stack, planned: Iterable[Planned] = ()) -> list[str]:
    """Return what is not as declared and whether `up` leaves it, to be called after `show_plan` or at the end of `up`.

    Also that there is no newer AMI, if one was asked for.

    Args:
        planned: what `show_plan` returned.
    """
    replaced = {item.address for item in planned if "task_definition" in item.changes}
    counts = {n: s.count for n, s in stack.config.services.items() if "count" in s.model_fields_set}
    told = deployed_by_others(aws, replaced) + outscaled(aws, counts)
    return told + left_outdated(aws) + newest_in_use(aws, stack.facts.image_id)


def _know(aws: Aws, records: Mapping[str, Record], declared: Mapping[str, Declared]) -> None:
    """Tell the lists what is declared and recorded, ids among it: tags alone can be rewritten by anybody."""
    know(aws, records, declared)
    aws.recorded = lambda kind: [
        record.id for record in list(records.values()) if record.kind == kind.kind and record.id
    ]


def _scope(
    records: Mapping[str, Record], stack: Stack, target: str | None
) -> tuple[Mapping[str, Declared], Sequence[str]]:
    """Return what a run is about: the declared things, and the addresses that it removes."""
    if target is None:
        return stack.declared, orphans(records, stack.declared)
    return limit.limited(stack.declared, limit.below(STEPS, target)), ()


def removal(records: Mapping[str, Record], target: str | None = None) -> dict[str, Record]:
    """Return what `down` removes: everything, or the things of one step and all that is built on them."""
    addresses = records if target is None else limit.above(records, target)
    return {address: records[address] for address in addresses}


def protected(aws: Aws, records: Mapping[str, Record], addresses: Collection[str]) -> list[str]:
    """Return which of these recorded things are protected from deletion, by the state or in AWS."""
    _know(aws, dict(records), {})
    return remover.protected(aws, [records[address] for address in addresses])


def down(aws: Aws, store: Store, emit: Emit, target: str | None = None, *, unprotect: bool = False) -> Summary:
    """Remove what is recorded, then look through every kind for what is left.

    Args:
        target: remove the things of this step and all that is built on them, and look for their kinds only.
        unprotect: lift the protection from deletion as well. The database then leaves a final snapshot.
    """
    _know(aws, dict(store.records), {})
    recorded.check_order(store.records)
    going = removal(store.records, target)
    emit(Begun("down", aws.name, aws.account, aws.region, len(going)))
    ahead = estimates.downwards(going, store.state.history)
    emit(ahead)
    remove = Destroy(aws, store, going, emit, unprotect=unprotect, chains=chains(ahead.tasks))
    kinds = list(dict.fromkeys(kind_of(record) for record in going.values()))

    def work() -> Left:
        aws.thorough = True
        prefetch(aws, (kind for kind in kinds if not kind.one_by_one))
        if not unprotect and (kept := remover.protected(aws, going.values())):
            raise Protected(kept)
        remove.run()
        if target is None or Cluster in kinds:
            _late_metrics(aws, emit)
        left = sweep(aws, store.records, kinds if target else None)
        return Left(left, _snapshots(aws, emit))

    return _timed(aws.pace, "down", target, store, work, (remove.progress,))


def _late_metrics(aws: Aws, emit: Emit) -> None:
    """Remove the log group that the cluster's last metrics made again; it matters little if that cannot be done."""
    try:
        if name := remove_remade(aws):
            emit(Notice(f"the last metrics of Container Insights had made {name} again: it is removed"))
    except (BotoCoreError, ClientError) as error:
        emit(Notice(f"whether Container Insights has made its log group again could not be told: {explained(error)}"))


def _snapshots(aws: Aws, emit: Emit) -> list[Leftover]:
    try:
        return final_snapshots(aws)
    except (BotoCoreError, ClientError) as error:
        emit(Notice(f"whether there are final snapshots of the database could not be read: {explained(error)}"))
        return []


@dataclass(frozen=True)
class Left:
    """What is still there after the work, unwanted and wanted."""

    leftovers: Sequence[Leftover] = ()
    snapshots: Sequence[Leftover] = ()


def _timed(
    pace: Pace, command: str, target: str | None, store: Store, work: Callable[[], Left], walks: Sequence[Progress]
) -> Summary:
    """Run the work, and keep in the history how it ended and where the time went."""
    began, started, error, found = pace.time(), pace.now(), None, Left()
    try:
        found = work()
    except ProvisionError as stopped:
        error = stopped
    seconds, timeline = round(pace.now() - started, 2), list[Span]()
    counts = dict(sum((walk.counts for walk in walks), Counter()))
    for walk in walks:
        timeline = continued(timeline, walk.timeline(started))
    path = critical_path(timeline, seconds)
    summary = Summary(command, counts, seconds, found.leftovers, error, target, found.snapshots, path)
    result = "interrupted" if isinstance(error, Interrupted) else "ok" if summary.ok else "failed"
    store.finish(Run(command, began, summary.seconds, result, counts, timeline))
    return summary
