"""Plan `up`: the same declarations and the same comparison, with reads only."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from provisioner.engine.declaration import Declared, filled, unknown
from provisioner.engine.errors import Interrupted, ProvisionError, ReplacementRequired
from provisioner.engine.parts import as_of, former, rest
from provisioner.engine.planning.actions import KNOWN_AFTER_UP, Planned, PlannedAction, parsed
from provisioner.engine.planning.refusals import refuse_create_only
from provisioner.engine.records.consistency import type_of
from provisioner.engine.records.lookup import addresses_by_id, find, find_declared
from provisioner.engine.records.protection import protected
from provisioner.engine.resource import Change, Observed, Resource, compare, output_of
from provisioner.engine.scheduling.progress import prefetch
from provisioner.engine.traits import why_left

if TYPE_CHECKING:
    from provisioner.engine.ports import Provider
    from provisioner.state.model import Record

T = TypeVar("T")

_PROTECTED = (
    "it is no longer declared, but protected from deletion. Add --unprotect to delete it anyway, or declare it again "
    "with protect = false and run `provision up`, then remove it from the configuration"
)


def plan(
    aws: Provider,
    records: Mapping[str, Record],
    declared: Mapping[str, Declared],
    orphaned: Collection[str],
    *,
    limited: bool = False,
    unprotect: bool = False,
) -> list[Planned]:
    """Compare all declared resources with AWS and the state, and return the plan of `up`, in declared order.

    Args:
        orphaned: the recorded resources that `up` would delete.
        limited: whether the run is limited to a step. It removes nothing, since it has not seen all users.
        unprotect: whether protected resources are deleted too.

    Raises:
        ApiError: a read was refused.
    """
    reading = aws.reading()
    prefetch(reading, (type(item.resource) for item in declared.values()))
    planner = _Planner(reading, records, declared, limited=limited)
    planned = [planner.look(item) for item in _unless_stopped(aws, declared.values())]
    going = [a for a in _unless_stopped(aws, orphaned) if planner.goes(records[a])]
    barred = [] if unprotect else protected(reading, [records[address] for address in going])
    refused = [Planned(a, "refused", records[a].step, why=_PROTECTED) for a in barred]
    return planned + refused + [planner.ends(records[a]) for a in going if a not in barred]


def _unless_stopped(aws: Provider, items: Iterable[T]) -> Iterator[T]:
    """Yield the items until the user ends the run: an item may need slow reads."""
    for item in items:
        aws.pace.check()
        yield item


def orphans(records: Mapping[str, Record], declared: Collection[str]) -> list[str]:
    """Return the addresses that are recorded but no longer declared."""
    return [address for address in records if address not in declared]


class _Planner:
    """Plans one resource after the other, and keeps AWS's answers for the references of later ones."""

    def __init__(
        self, aws: Provider, records: Mapping[str, Record], declared: Collection[str], *, limited: bool
    ) -> None:
        self._records, self._addresses_by_id = records, addresses_by_id(records, declared)
        self._limited = limited
        self.observed: dict[str, Observed] = {}
        self._aws = aws.observing(self.observed)
        self._desired: dict[str, Resource] = {}
        self._renewed: set[tuple[str, str]] = set()

    def look(self, item: Declared) -> Planned:
        desired, record = filled(item.resource, self._lookup), self._records.get(item.address)
        self._desired[item.address] = desired
        if desired.created_by_aws:
            self.observed[item.address] = Observed(desired.name, desired.fields())
            return Planned(item.address, "none", item.step)
        try:
            live = self._find(desired, record, reread=bool(record) or self._named_since(item))
            if live is None or live.deleting:
                return Planned(item.address, "create", item.step, _all_new(desired))
            changes = compare(desired, live)
            if not (changes and desired.versioned):
                self.observed[item.address] = live
            refuse_create_only(desired, _shown(desired, changes))
            if changes:
                self._renewed |= {(item.address, output) for output in desired.renewed}
        except ReplacementRequired as error:
            stuck = {name: one for name, one in _shown(desired, changes).items() if name in desired.create_only}
            return Planned(item.address, "refused", item.step, stuck, str(error), item.keys)
        except Interrupted:
            raise
        except ProvisionError as error:
            return Planned(item.address, "refused", item.step, why=str(error))
        except Exception as error:
            raise self._aws.errors.explained(error) from error
        return self._in_parts(item, desired, live, changes)

    def _in_parts(self, item: Declared, desired: Resource, live: Observed, changes: Mapping[str, Change]) -> Planned:
        """Return the plan of an existing resource: its change if there is one, split into first and later part."""
        record = self._records.get(item.address)
        wider = as_of("widened", desired, former(record, live), live)
        later = {name: change for name, change in rest(desired, wider, live).items() if name in changes}
        moved = {} if live.address in (None, item.address) else {"address": Change(live.address, item.address)}
        planned = Planned(item.address, "change", item.step, {**changes, **moved}, later=later)
        if self._limited:
            planned = replace(planned, changes=planned.first, later={})
        if planned.changes:
            shown, after = (_shown(desired, some) for some in (planned.changes, planned.later))
            return replace(planned, changes=shown, later=after)
        known = (record and record.phase != "creating") or desired.retained
        return Planned(item.address, "none" if known else "adopt", item.step)

    def goes(self, record: Record) -> bool:
        """Return whether `up` deletes an orphaned resource; otherwise it drops only the record.

        Raises:
            ApiError: a read was refused.
        """
        resource_type = type_of(record)
        try:
            live = find(self._aws, resource_type, record.address, record.arguments, record.id)
            stays = resource_type.retained or (live is not None and why_left(self._aws, resource_type, live) != "")
        except Interrupted:
            raise
        except ProvisionError:
            return True
        except Exception as error:
            raise self._aws.errors.explained(error) from error
        # a resource with this name and another id is not the recorded one (`Destroy`)
        other = live is not None and record.id and live.id != record.id and not resource_type.versioned
        same = {record.id, live.id if live and not other else None} - {None}
        on = any(type(self._desired[a]) is resource_type and one.id in same for a, one in self.observed.items())
        # a recreated resource may have its id again, or be another revision; any other recorded id is gone
        again = not record.id or "id" in resource_type.derived or resource_type.versioned
        named = again and any(same_name(desired, record) for desired in self._desired.values())
        return not (stays or on or named)

    def ends(self, record: Record) -> Planned:
        """Return the plan of an orphaned resource: action `none` if only AWS creates this type and none exists."""
        resource_type = type_of(record)
        none = resource_type.created_by_aws and record.phase != "deleting" and not self._aws.live(resource_type)
        action: PlannedAction = "none" if none else "delete"
        return Planned(record.address, action, record.step)

    def _find(self, desired: Resource, record: Record | None, *, reread: bool) -> Observed | None:
        live = find_declared(self._aws, desired, record, self._addresses_by_id)
        if live is None and reread:
            live = find_declared(self._aws, desired, record, self._addresses_by_id, fresh=True)
        return live

    def _named_since(self, item: Declared) -> bool:
        """Return whether an output in its name was found only after its type was listed (a zone, without state)."""
        found = (one.address for one in item.dependencies if one.output and one.address in self.observed)
        return any(address not in self._records for address in found)

    def _lookup(self, address: str, output: str) -> Any:
        if (address, output) in self._renewed:
            return None
        if address in self.observed:
            return output_of(self.observed[address], output)
        # a recreated resource has some of its outputs again
        record = self._records.get(address)
        return output_of(record, output) if record and output in type_of(record).derived else None


def same_name(desired: Resource, record: Record) -> bool:
    """Return whether a declared resource has the unique name of a recorded one."""
    fields = desired.fields()
    named = bool(desired.identity) and desired.type_name == record.type
    return named and all(
        name in record.arguments and record.arguments[name] == fields[name] for name in desired.identity
    )


def _all_new(desired: Resource) -> dict[str, Change]:
    return _shown(desired, {name: Change(None, value) for name, value in desired.fields().items() if value is not None})


def _shown(desired: Resource, changes: Mapping[str, Change]) -> dict[str, Change]:
    """Return changes for the user, without likely secrets and without values that are not known yet."""
    return {name: Change(masked(one.old), masked(one.new)) for name, one in desired.shown(changes).items()}


def masked(value: Any) -> Any:
    """Return a value for the user, with `KNOWN_AFTER_UP` for each text that is not known yet.

    In a JSON document, only the unknown members are replaced: the rest can be compared.
    """
    if not unknown(value):
        return value
    if isinstance(value, Mapping):
        return {masked(key): masked(item) for key, item in value.items()}
    if isinstance(value, str):
        inner = parsed(value)
        return KNOWN_AFTER_UP if inner is value else json.dumps(masked(inner))
    return [masked(item) for item in value]
