"""Delete recorded resources in the reverse order of their dependencies, and read AWS until each is gone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.engine.declaration import Dependency
from provisioner.engine.errors import Blocked, Interrupted, NotOwned, Protected, ProvisionError
from provisioner.engine.events import Emit, ResourceQueued, Result
from provisioner.engine.records.consistency import dependents, type_of
from provisioner.engine.records.lookup import addresses_by_id, find, listed_within
from provisioner.engine.remaining import UNKNOWN, RemainingWork, chains
from provisioner.engine.resource import Observed, Resource
from provisioner.engine.resource_types import type_named
from provisioner.engine.scheduling.progress import RecordStore, RunProgress, act_or_wait, ask_or_empty, refresh
from provisioner.engine.scheduling.scheduler import Node, Outcome, Scheduler, Until, Wait
from provisioner.engine.traits import FreesDependenciesEarly, why_left
from provisioner.engine.words import RESULT_UNSEEN
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.engine.ports import Provider


ASK_AGAIN = 30.0
"""Seconds after which AWS is asked again for the obstacles to a deletion."""
STAYS = "it is recorded under another address, so it is not deleted"
"""The reason to keep a resource that has two records."""


def is_foreign(aws: Provider, record: Record) -> bool:
    """Return whether a recorded resource exists and is not this stack's; an unreadable one counts as ours."""
    try:
        find(aws, type_named(record.type) or Resource, record.address, record.arguments, record.id)
    except NotOwned:
        return True
    except Interrupted:
        raise
    except (BotoCoreError, ClientError, ProvisionError):
        return False
    return False


class Destroy:
    """One run that deletes recorded resources, dependents first.

    Args:
        addresses: the recorded resources to delete; their dependents must be among them or gone.
        unprotect: delete protected resources as well.
        tasks: see `Apply`.
    """

    def __init__(
        self,
        aws: Provider,
        store: RecordStore,
        addresses: Collection[str],
        emit: Emit,
        *,
        unprotect: bool = False,
        tasks: Mapping[str, RemainingWork] | None = None,
    ) -> None:
        self.store, self.unprotect = store, unprotect
        self.records: dict[str, Record] = {a: store.records[a] for a in store.records if a in addresses}
        self.aws = aws.fenced(store.check_lock).reporting(
            lambda address, service, api: emit(ResourceQueued(address, self.records[address].step, service, api))
        )
        self.progress = RunProgress(
            emit, {address: record.step for address, record in self.records.items()}, aws.pace.now
        )
        self._addresses_by_id = addresses_by_id(self.records, self.records)
        self._observed: dict[str, Observed] = {}
        self._tasks = tasks or {}
        self._accepted: set[str] = set()
        self._asked: dict[str, float] = {}
        """The time of the last question for the obstacles to a deletion, by id of the resource."""
        self._foreign: set[str] = set()
        """Addresses at which a foreign resource stands."""
        self._staying: set[tuple[str, str]] = set()
        """The resource types and ids that are recorded under addresses that stay."""

    def run(self) -> None:
        """Walk the graph backwards until all is gone.

        Raises:
            SomeFailed: see `Scheduler.run`.
        """
        built = dependents(self.records)
        others = [record for address, record in self.store.records.items() if address not in self.records]
        self._staying = {(record.type, record.id) for record in others if record.id}
        longest = chains(self._tasks)
        nodes = [
            Node(
                a,
                type_of(record),
                record.step,
                [Dependency(user) for user in built[a]],
                longest.get(a, 0.0),
                [user for user in built[a] if self._frees_early(user)],
                self._tasks.get(a, UNKNOWN).least,
            )
            for a, record in self.records.items()
        ]
        emit, moments = self.progress.emit, self.progress.moments
        Scheduler(nodes, self._act, self._look, self._reached, emit, self.aws.pace, moments).run()

    def _reached(self, dependency: Dependency, acted: set[str], done: set[str]) -> bool:
        freed = dependency.address in self._accepted and self._frees_early(dependency.address)
        return freed or dependency.address in done

    def _frees_early(self, address: str) -> bool:
        return issubclass(type_of(self.records[address]), FreesDependenciesEarly)

    # -- one resource ----------------------------------------------------------------------------------------------

    def _act(self, address: str) -> Wait | None:
        record = self.records[address]
        resource_type = type_of(record)

        def found() -> Sequence[str]:
            live = self._observed.get(address)
            return [live.id] if live and live.id else []

        with self.aws.acting(address):
            asking = self._asking(record, resource_type)
            return act_or_wait(
                self.aws, resource_type, lambda: self._remove(record, resource_type), blockers=asking, ids=found
            )

    def _remove(self, record: Record, resource_type: type[Resource]) -> Wait | None:
        if resource_type.retained or (record.type, record.id) in self._staying:
            self._drop(record, "retained", resource_type.retained_because or STAYS)
            return None
        # a read shows AWS at its beginning, and may take long
        age = self.store.age(record.address)
        # AWS may have created or deleted resources of this type since the read at the start
        live = self._find(record, resource_type, fresh=resource_type.created_by_aws)
        if live is None and not resource_type.created_by_aws:
            # the lists read at the start may be older than an earlier run's creations
            live = self._find(record, resource_type, fresh=True)
        if live is None and (hidden := self._hidden(record, age)):
            return hidden
        if live is None:
            self._drop(record, self._result_if_absent(record, resource_type))
            return None
        # a resource found by name or tag may be recorded under another address by now
        why = STAYS if (record.type, live.id) in self._staying else why_left(self.aws, resource_type, live)
        if why:
            self._drop(record, "retained", why)
            return None
        if resource_type.protected(live.attributes) and not self.unprotect:
            raise Protected([record.address])
        self._observed[record.address] = live
        if record.phase != "deleting":
            self.records[record.address] = self.store.put(replace(record, phase="deleting", id=live.id or record.id))
        if not live.deleting:
            self.progress.started(record.address, "delete")
            self._delete(resource_type, live)
        self._accepted.add(record.address)
        return Wait(
            _awaited(live), resource_type.delete_timeout, Until.READY, blockers=self._asking(record, resource_type)
        )

    def _find(self, record: Record, resource_type: type[Resource], *, fresh: bool = False) -> Observed | None:
        """Return the live resource.

        A resource with the address but not with the recorded id is a copy, such as a restored database: the user has to
        delete it, and it is named as left over.
        """
        try:
            live = find(self.aws, resource_type, record.address, record.arguments, record.id, fresh=fresh)
        except NotOwned:
            # the recorded resource is still there: it may just have lost its tags, or its parent
            replaced = resource_type.versioned and not resource_type.has_parent
            if record.phase != "deleting" or (self._shown(record, resource_type) and not replaced):
                raise
            self._foreign.add(record.address)
            return None
        if live is None or (record.id and live.id != record.id and not resource_type.versioned):
            return None
        # a resource whose id another record has is deleted with that record, despite its name and tags
        known = self._addresses_by_id.get((record.type, live.id), (record.address,))
        return live if record.address in known or (record.type, live.id) in self._staying else None

    def _shown(self, record: Record, resource_type: type[Resource]) -> Observed | None:
        """Return the live resource with the recorded id, even if another stack owns it."""
        return next((live for live in self.aws.live(resource_type) if live.id == record.id), None)

    def _result_if_absent(self, record: Record, resource_type: type[Resource]) -> Result:
        """Return the result of a record with nothing to delete: `deleted` only if this tool deleted it."""
        if record.phase == "deleting" and record.address not in self._foreign:
            return "deleted"  # an earlier run began it, and it is gone
        return "unchanged" if resource_type.created_by_aws else "not_found"

    def _delete(self, resource_type: type[Resource], live: Observed) -> None:
        try:
            resource_type.delete(self.aws, live)
        except Exception as error:
            if self.aws.errors.not_found(error, resource_type.service):
                return
            if self.aws.errors.match(error, resource_type.service, "in_use") and (
                text := self._obstacles(resource_type, live)
            ):
                raise Blocked(text) from error
            raise

    def _obstacles(self, resource_type: type[Resource], live: Observed) -> str:
        """Return the lasting obstacles to a deletion, in words; empty if there are none, or AWS was asked just now."""
        now, asked = self.aws.pace.now(), self._asked.get(live.id)
        if asked is not None and now < asked + ASK_AGAIN:
            return ""
        self._asked[live.id] = now
        return ask_or_empty(lambda: resource_type.obstacles(self.aws, live))

    def _hidden(self, record: Record, age: float) -> Wait | None:
        """Return the wait for a missing resource that may be new and not listed yet; None if it is gone.

        Args:
            age: the seconds since the record's last write when the read began that does not show the resource.
        """
        # a resource is listed by now if it stood for long enough before its removal began
        lasted = record.changed - record.created if record.created is not None else 0.0
        shown = record.phase == "deleting" and lasted > listed_within(type_of(record))
        seconds = listed_within(type_of(record), record)
        if shown or type_of(record).created_by_aws or not self.aws.pace.young(age, seconds):
            return None
        return Wait(RESULT_UNSEEN, seconds + 10, Until.ACCEPTED, retry=True)

    def _drop(self, record: Record, result: Result, why: str = "") -> None:
        self.store.drop(record.address)
        if record.id:
            self.aws.note_deleted(type_of(record), record.id)
        self.progress.done(record.address, result, record.id, why)

    def _asking(self, record: Record, resource_type: type[Resource]) -> Callable[[], str]:
        return lambda: self._blockers(record.address, resource_type)

    def _blockers(self, address: str, resource_type: type[Resource]) -> str:
        live = self._observed.get(address)
        return ask_or_empty(lambda: resource_type.blockers(self.aws, live)) if live else ""

    # -- all waiting resources of a type ---------------------------------------------------------------------------

    def _look(self, resource_type: type[Resource], addresses: Sequence[str]) -> Mapping[str, Outcome]:
        """Look at all waiting resources of a type by one read."""
        observed = [self._observed[address] for address in addresses]
        for live in observed:
            if live.id:
                self.aws.note_deleted(resource_type, live.id)
        ages = {address: self.store.age(address) for address in addresses}
        if (problem := refresh(self.aws, resource_type, observed)) is not None:
            return dict.fromkeys(addresses, problem)
        return {address: self._look_at(address, resource_type, age) for address, age in ages.items()}

    def _look_at(self, address: str, resource_type: type[Resource], age: float) -> Outcome:
        record = self.records[address]
        try:
            live = self._find(record, resource_type)
        except Exception as error:  # noqa: BLE001 (it fails this resource, not its fellows)
            return error
        if live is None and (hidden := self._hidden(record, age)):
            return hidden
        if live is None:
            self._drop(record, "deleted")
            return None
        self._observed[address] = live
        retry, asking = not live.deleting, self._asking(record, resource_type)
        return Wait(_awaited(live), resource_type.delete_timeout, Until.READY, retry=retry, blockers=asking)


def _awaited(live: Observed) -> str:
    """Return the reason to wait for a deletion: AWS's own status once AWS is deleting the resource."""
    return live.status if live.deleting and live.status else "waiting for AWS to delete it"
