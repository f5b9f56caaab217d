"""Apply the declaration: find each resource, create or change it, record every result before the next call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

from provisioner.engine.clock import LISTED_WITHIN
from provisioner.engine.declaration import Declared, Dependency, filled, reachable
from provisioner.engine.errors import Failed, OutcomeUnknown, ReplacementRequired
from provisioner.engine.events import Emit, ResourceProgress, ResourceQueued, Result
from provisioner.engine.execution.change_requests import SentChanges
from provisioner.engine.execution.failed_changes import awaited
from provisioner.engine.execution.intents import withdrawn_if_refused
from provisioner.engine.execution.replacement import asked_for, stale_for
from provisioner.engine.parts import FORMER_PART_STAYS, Part, as_of, former, rest
from provisioner.engine.planning.refusals import advice, refuse_create_only
from provisioner.engine.records.lookup import addresses_by_id, find_declared, listed_within
from provisioner.engine.remaining import UNKNOWN, RemainingWork, chains
from provisioner.engine.resource import Change, Observed, Resource, compare, output_of
from provisioner.engine.scheduling.progress import (
    LOOKUP_TIMEOUT,
    RecordStore,
    RunProgress,
    act_or_wait,
    ask_or_empty,
    refresh,
)
from provisioner.engine.scheduling.scheduler import Node, Outcome, Scheduler, Until, Wait
from provisioner.engine.traits import BeginsUnused, CreatedLater, KnownByContent, KnowsRequests, WaitsForUsers
from provisioner.engine.words import RESULT_UNSEEN, UNSEEN
from provisioner.state.model import Phase, Record

if TYPE_CHECKING:
    from provisioner.engine.ports import ErrorCategory, Provider

EFFECT_TIMEOUT = 300.0
"""Seconds within which AWS must show a change that it accepted; 120 were too few (terraform-provider-aws#32219)."""
RESULTS_IN_ORDER: Sequence[Result] = ("unchanged", "adopted", "changed", "created")
"""The results of a resource, from the smallest change to the largest."""
PROPAGATION_SECONDS = 300.0
"""Seconds within which all of AWS knows a new resource."""
EARLIER = "waiting for AWS to delete the previous resource of this name"
CHANGING = "waiting for the change to take effect"


class Apply:
    """One run that creates and changes everything that is declared, dependencies first.

    Args:
        declared: the resources by address, in declared order.
        store: the open state.
        tasks: the work expected for each resource: of the resources that can begin, the longest chain is first.
        leaving: the resource type that this run does not wait for once AWS shows its settings: a later run waits.
        patience: seconds after which the run waits for no resource, even within the resource's own timeout.
        moves_traffic: whether later parts move traffic: new resources begin without any until then (`BeginsUnused`).
    """

    def __init__(
        self,
        aws: Provider,
        store: RecordStore,
        declared: Mapping[str, Declared],
        emit: Emit,
        tasks: Mapping[str, RemainingWork] | None = None,
        *,
        leaving: type[Resource] | None = None,
        patience: float = inf,
        moves_traffic: bool = False,
    ) -> None:
        self.store, self.declared = store, declared
        self.progress = RunProgress(emit, {address: item.step for address, item in declared.items()}, aws.pace.now)
        self.observed: dict[str, Observed] = {}
        self.aws = (
            aws.observing(self.observed)
            .fenced(store.check_lock)
            .reporting(
                lambda address, service, api: emit(ResourceQueued(address, declared[address].step, service, api)),
                lambda address, text: emit(ResourceProgress(address, declared[address].step, text)),
            )
        )
        self._tasks = tasks or {}
        self._leaving, self._patience, self._moves_traffic = leaving, patience, moves_traffic
        self._addresses_by_id = dict(addresses_by_id(store.records, declared))
        self._results: dict[str, Result] = {}
        self._tried: dict[str, Result] = {}
        """The result to report for a resource once AWS shows it, by address: this run called its create."""
        self._desired: dict[str, Resource] = {}
        self._standing = {a for a, record in store.records.items() if record.phase == "ready"}
        self.wider: dict[str, Resource] = {}
        """Resources that are wider than declared until all their users are ready, by address: as declared."""
        self._sent = SentChanges()
        self._unclear: dict[str, str] = {}
        """The reason for which the effect of the newest try to create a resource is unknown, by address."""

    def run(self) -> None:
        """Walk the graph until all is ready.

        Raises:
            SomeFailed: see `Scheduler.run`.
        """
        longest = chains(self._tasks)
        nodes = [
            Node(
                a,
                type(item.resource),
                item.step,
                item.waits_for(self._standing),
                longest.get(a, 0.0),
                least=self._tasks.get(a, UNKNOWN).least,
            )
            for a, item in self.declared.items()
        ]
        emit, moments, pace = self.progress.emit, self.progress.moments, self.aws.pace
        deadline = pace.now() + self._patience
        Scheduler(nodes, self._act, self.look, self._reached, emit, pace, moments, deadline).run()

    def lookup(self, address: str, output: str) -> Any:
        """Return an output that AWS gave in this run, or None if it is not known yet."""
        return output_of(self.observed.get(address), output)

    # -- one resource ----------------------------------------------------------------------------------------------

    def _act(self, address: str) -> Wait | None:
        return self.act(address, "widened")

    def act(self, address: str, part: Part) -> Wait | None:
        """Bring one resource to its settings as of this part of the run; return the wait that follows, if any."""
        resource_type = type(self.declared[address].resource)
        with self.aws.acting(address):
            return act_or_wait(
                self.aws, resource_type, lambda: self._apply(address, part), lambda: self._passing_errors(address)
            )

    def _passing_errors(self, address: str) -> Sequence[ErrorCategory]:
        """Return the kinds of refusals that pass: only a new resource may be unknown to other parts of AWS."""
        return (
            ("not_yet_consistent", "in_use") if any(map(self._fresh, built_on(self.declared, address))) else ("in_use",)
        )

    def _fresh(self, address: str) -> bool:
        record = self.store.records.get(address)
        lately = record is not None and self.aws.pace.time() < (record.created or 0.0) + PROPAGATION_SECONDS
        return lately or self._results.get(address) == "created"

    def _apply(self, address: str, part: Part) -> Wait | None:
        item, record = self.declared[address], self.store.records.get(address)
        desired = self._desired[address] = filled(item.resource, self.lookup)
        if desired.created_by_aws:
            self._record_created_by_aws(desired, item)
            return None
        live = self._find(desired, record)
        if stale_for(self.store, desired, record, live, part) is not None:
            # the lists read at the start may be older than an earlier run's calls
            began = self.aws.pace.now()
            live = self._find(desired, record, fresh=True)
            age = stale_for(self.store, desired, record, live, part)
            # a read shows AWS at its beginning, and may take long
            lasted = self.aws.pace.now() - began
            if age is not None and self.aws.pace.young(age - lasted, listed_within(type(desired), record)):
                unclear = self._unclear.get(address, "")
                return Wait(RESULT_UNSEEN, LOOKUP_TIMEOUT, Until.ACCEPTED, retry=True, blockers=lambda: unclear)
        if live is not None and live.deleting:
            self.aws.live(type(desired), fresh=True)
            return Wait(EARLIER, desired.delete_timeout, Until.READY, retry=True)
        if live is None:
            now = self._desired[address] = self._begun(desired, part)
            live = self._create(now, item, record, "created")
            self._note_rest(desired, now, live)
            return self._change(now, item, live)
        if record is None or record.phase == "creating":
            # the create call's answer was lost, in this run or an earlier one, or the state was
            self._note_result(address, self._tried.get(address, "unchanged" if desired.retained else "adopted"))
        if live.address not in (None, address):
            live = self._readdress(desired, live)
        now = self._desired[address] = as_of(part, desired, former(record, live), live)
        self._note_rest(desired, now, live)
        if part != "widened" and isinstance(now, WaitsForUsers) and (use := now.still_in_use(self.aws, live)):
            return Wait(use, desired.delete_timeout, Until.READY, retry=True)
        return self._change(now, item, live)

    def _begun(self, desired: Resource, part: Part) -> Resource:
        """Return the settings with which a new resource begins; a deleted resource that stood is put back at once."""
        later = self._moves_traffic and part == "widened"
        if not (later and isinstance(desired, BeginsUnused)) or desired.address in self._standing:
            return desired
        return desired.begun({live.id for a, live in [*self.observed.items()] if self._results.get(a) == "created"})

    def _note_rest(self, desired: Resource, now: Resource, live: Observed) -> None:
        """Note whether a resource is as declared, or only as of this part of the run."""
        self.wider.pop(desired.address, None)
        if rest(desired, now, live):
            self.wider[desired.address] = desired

    def _find(self, desired: Resource, record: Record | None, *, fresh: bool = False) -> Observed | None:
        return find_declared(self.aws, desired, record, self._addresses_by_id, fresh=fresh)

    def _record_created_by_aws(self, desired: Resource, item: Declared) -> None:
        """Record a resource that AWS creates by itself, so that `down` looks for it."""
        live = Observed(id=desired.name, attributes=desired.fields())
        self._record(desired, item, live, "ready")
        self._report(desired.address, live)

    def _create(self, desired: Resource, item: Declared, record: Record | None, result: Result) -> Observed:
        """Make the intent durable, create, make the id durable."""
        # AWS refuses a token with other settings for ever (IdempotentParameterMismatch)
        same = record and record.phase == "creating" and asked_for(desired, record)
        begun = record.token if record and same else ""
        token = begun or self.aws.pace.runtime.token()
        self.progress.started(desired.address, "create")
        intent = Record(
            desired.address,
            desired.type_name,
            "creating",
            token,
            None,
            desired.recorded(),
            {},
            item.recorded_dependencies,
            item.step,
        )
        self.store.put(intent)
        self._tried[desired.address] = result
        try:
            with withdrawn_if_refused(self.store, desired.address, record, self.aws.errors):
                live = desired.create(self.aws, token)
        except OutcomeUnknown as unclear:
            self._unclear[desired.address] = str(unclear)
            # the call may have waited for its turn, and AWS's lists lag behind the call itself
            self.store.put(intent)
            raise
        self.aws.note_written(type(desired), live)
        # an id that follows from the name may still be recorded for a lost resource under another address
        self._addresses_by_id[desired.type_name, live.id] = [desired.address]
        self._note_result(desired.address, result)
        self.store.put(
            replace(
                intent, phase="created", id=live.id or None, outputs=dict(live.outputs), created=self.aws.pace.time()
            )
        )
        return live

    def _readdress(self, desired: Resource, live: Observed) -> Observed:
        """Write a renamed resource's address into its tag: a run without a state finds it by this tag."""
        self._begin_change(desired.address)
        self.aws.tag(type(desired), live, desired.address)
        live = replace(live, address=desired.address)
        self.aws.note_written(type(desired), live)
        return live

    def _begin_change(self, address: str) -> None:
        """Report that a change begins, and count the resource as changed, even if the answer is lost."""
        self.progress.started(address, "change")
        self._note_result(address, "changed")

    def _recording_intent(self, desired: Resource, item: Declared, live: Observed) -> AbstractContextManager[None]:
        """Record a change before its call: after a kill the lists may not show it, while the user takes it back.

        Foreign settings that it replaces are recorded as well: AWS shows them no longer afterwards. Of a type that
        compares AWS with its requests, the settings of the last answered call stay recorded: a request that was not
        sent must not look like one that somebody else has replaced.
        """
        before = self.store.records.get(desired.address)
        displaced = desired.displaced(live) if isinstance(desired, KnownByContent) else {}
        if displaced:
            self._record(desired, item, replace(live, outputs=displaced), "creating")
        elif before and isinstance(desired, KnowsRequests):
            self.store.put(before if before.phase == "creating" else replace(before, phase="created"))
        else:
            self._record(desired, item, self._with_outputs(desired.address, live), "created")
        return withdrawn_if_refused(self.store, desired.address, before, self.aws.errors)

    def _change(self, desired: Resource, item: Declared, live: Observed) -> Wait | None:
        """Change the fields that differ, publish the outputs, and return the wait that follows, if any."""
        address = desired.address
        changes = compare(desired, live)
        why = awaited(self.aws, desired, live, changes)
        if changes and not (why and desired.update_when_ready):
            self._refuse_create_only(desired, changes)
            if desired.versioned:
                live = self._create(desired, item, self.store.records.get(address), "changed")
                self._sent.note(address, changes, self.aws.pace.now())
                # the earlier reason to wait was about the former revision
                why = desired.pending(live)
            else:
                self._begin_change(address)
                with self._recording_intent(desired, item, live):
                    desired.update(self.aws, live, changes)
                self._sent.note(address, changes, self.aws.pace.now())
                live = live.updated({name: one.new for name, one in changes.items() if name not in live.problems})
                self.aws.note_written(type(desired), live)
                live = self._observe(address, live)
                self._record(desired, item, live, "created")
                return Wait(CHANGING, EFFECT_TIMEOUT, Until.SHOWN, blockers=self._asking(address))
        live = self._observe(address, live)
        if why:
            if address in self._results:
                self._record(desired, item, live, "created")
            if self._left(desired, why):
                return None
            return Wait(why, desired.ready_within(), Until.READY, blockers=self._asking(address))
        self._record(desired, item, live, "ready")
        self._report(address, live)
        return None

    def _left(self, desired: Resource, why: str) -> bool:
        """Return whether this run leaves a resource to AWS without waiting, since `leaving` names its type."""
        if self._leaving is None or not isinstance(desired, self._leaving):
            return False
        self.progress.waits(desired.address, self._results.get(desired.address, "unchanged"), f"not waited for: {why}")
        return True

    def _refuse_create_only(self, desired: Resource, changes: Mapping[str, Change]) -> None:
        """Refuse a change that the plan could not see: its value became known only after its dependencies."""
        try:
            refuse_create_only(desired, desired.shown(changes))
        except ReplacementRequired as error:
            raise ReplacementRequired(f"{error}. {advice(self.store.records.values())}") from None

    def _observe(self, address: str, live: Observed) -> Observed:
        """Keep AWS's answer for a resource, with all known outputs."""
        self.observed[address] = live = self._with_outputs(address, live)
        return live

    def _with_outputs(self, address: str, live: Observed) -> Observed:
        """Return AWS's answer with the outputs that it leaves out during a change."""
        before = self.observed.get(address)
        if before is None or before.id != live.id:
            return live
        return replace(live, outputs={**before.outputs, **live.outputs})

    def _report(self, address: str, live: Observed) -> None:
        self._observe(address, live)
        result = self._results.get(address, "unchanged")
        if address in self.wider:
            self.progress.waits(address, result, FORMER_PART_STAYS)
        else:
            self.progress.done(address, result, live.id)

    def _note_result(self, address: str, result: Result) -> None:
        """Note the result of a resource, unless more was done to it before."""
        self._results[address] = max(result, self._results.get(address, "unchanged"), key=RESULTS_IN_ORDER.index)

    def _record(self, desired: Resource, item: Declared, live: Observed, phase: Phase) -> None:
        """Record a resource, unless the state already says the same of it."""
        before = self.store.records.get(desired.address)
        record = Record(
            desired.address,
            desired.type_name,
            phase,
            before.token if before else "",
            live.id or None,
            desired.recorded(),
            dict(live.outputs),
            item.recorded_dependencies,
            item.step,
            (before.created if before else None) or self.aws.pace.time(),
            before.changed if before else 0.0,
        )
        if record != before:
            self.store.put(record)

    # -- all waiting resources of a type ---------------------------------------------------------------------------

    def look(self, resource_type: type[Resource], addresses: Sequence[str]) -> dict[str, Outcome]:
        """Look at all waiting resources of a type by one read."""
        if (problem := refresh(self.aws, resource_type, [self.observed[address] for address in addresses])) is not None:
            return dict.fromkeys(addresses, problem)
        return {address: self._look_at(address) for address in addresses}

    def _look_at(self, address: str) -> Outcome:
        item, desired, record = self.declared[address], self._desired[address], self.store.records[address]
        try:
            live = self._find(desired, record)
            if live is None:
                return self._wait_until_listed(desired, record)
            live = self._observe(address, live)
            if why := awaited(self.aws, desired, live):
                if not compare(desired, live) and self._left(desired, why):
                    return None
                return Wait(why, desired.ready_within(), Until.READY, blockers=self._asking(address))
            if changes := compare(desired, live):
                return self._wait_until_shown(desired, live, changes)
            self._record(desired, item, live, "ready")
            self._report(address, live)
        except Exception as error:  # noqa: BLE001 (it fails this resource, not its fellows)
            return error
        return None

    def _wait_until_listed(self, desired: Resource, record: Record) -> Wait:
        """Return the wait for a new resource that is not listed yet; raise `Failed` if AWS gave it up."""
        if isinstance(desired, CreatedLater) and (why := desired.creation_failed(self.aws, record.outputs)):
            raise Failed(why)
        return Wait(UNSEEN, EFFECT_TIMEOUT, Until.SHOWN, about="listed", blockers=self._asking(desired.address))

    def _wait_until_shown(self, desired: Resource, live: Observed, changes: Mapping[str, Change]) -> Wait:
        """Return the wait for a ready resource that still differs: AWS lags, or the change is still to be sent."""
        sent, asking, now = self._sent.last(desired.address), self._asking(desired.address), self.aws.pace.now()
        settled = sent is None or now > sent.at + LISTED_WITHIN
        if settled and (reasons := [why for name, why in live.reverted.items() if name in changes]):
            raise Failed(reasons[0])
        if (desired.update_when_ready or desired.versioned) and self._sent.may_send(desired.address, changes, now):
            return Wait("applying its settings", EFFECT_TIMEOUT, Until.SHOWN, retry=True, blockers=asking)
        differing = ", ".join(f"{name} is {change.old!r}" for name, change in desired.shown(changes).items())
        often = f", sent {sent.times} times" if sent and sent.times > 1 else ""
        why = f"waiting for AWS to show the change ({differing}{often})"
        return Wait(why, EFFECT_TIMEOUT, Until.SHOWN, blockers=asking)

    def _asking(self, address: str) -> Callable[[], str]:
        resource_type = type(self.declared[address].resource)
        return lambda: ask_or_empty(lambda: resource_type.delays(self.aws, self.observed[address]))

    def _reached(self, dependency: Dependency, acted: set[str], done: set[str]) -> bool:
        if dependency.ready and dependency.address not in done:
            return False
        if dependency.output is None:
            return dependency.address in acted
        return self.lookup(dependency.address, dependency.output) is not None


def built_on(declared: Mapping[str, Declared], address: str) -> Iterator[str]:
    """Yield a resource and all its direct and indirect dependencies."""
    return reachable(address, lambda one: declared[one].built_on)
