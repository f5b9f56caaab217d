"""Rebuild a state from the cloud alone: find the declared resources, and the stack's other resources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from provisioner.aws.errors import explained
from provisioner.engine.declaration import Declared, filled, unknown
from provisioner.engine.errors import ProvisionError
from provisioner.engine.parts import former
from provisioner.engine.records.consistency import type_of
from provisioner.engine.records.lookup import find, listed_within
from provisioner.engine.records.references import KnownResources
from provisioner.engine.resource import Observed, Resource, compare, output_of
from provisioner.engine.resource_types import all_types, type_named
from provisioner.engine.scheduling.progress import prefetch
from provisioner.engine.traits import KnownByContent
from provisioner.engine.words import count
from provisioner.operations.overrides import sleep_parts, stack_protection
from provisioner.operations.planning import dns_takeover
from provisioner.operations.state_admin.orphans import Orphans, names_of, words_in
from provisioner.resources.route53.records import RecordSet
from provisioner.state.model import Phase, Record

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.operations.context.options import Report


@dataclass(frozen=True)
class RecoveredResource:
    """A resource found in AWS.

    Attributes:
        record: the record to write.
        found_by: the way in which it was found: `tag`, `name`, `id`, `content` or `part`.
        declared: whether it is declared.
    """

    record: Record
    found_by: str
    declared: bool


@dataclass(frozen=True)
class Recovery:
    """The result of a search through the whole account.

    Attributes:
        found: the resources to record, in their order.
        missing: the addresses of declared resources that do not exist.
        dropped: the addresses of recorded resources that no longer exist.
        refused: by address, the reason why the resource there cannot be recorded.
        added_by_others: parts that others added to this stack's resources.
        forgotten: public names that may have been taken over: the record of it is lost.
    """

    found: Sequence[RecoveredResource]
    missing: Sequence[str]
    dropped: Sequence[str]
    refused: Mapping[str, str]
    added_by_others: Sequence[str]
    forgotten: Sequence[str] = ()

    @property
    def by_address(self) -> dict[str, RecoveredResource]:
        """The resources to record, by address."""
        return {one.record.address: one for one in self.found}


def search(aws: Aws, records: Mapping[str, Record], declared: Mapping[str, Declared], report: Report) -> Recovery:
    """Search for all declared and recorded resources, and for other resources of this stack. Only reads are made.

    Resources that are missing in the first reading are searched once more when AWS's lists have settled. So are
    resources that an earlier run was deleting and that AWS still shows.

    Args:
        records: the present records, if the state can be read.
        report: takes a line on the wait for the second reading.

    Raises:
        ApiError: a read was refused.
        Interrupted: the user asked to stop.
    """
    looking = _Search(aws.reading().exhaustive().knowing(KnownResources(records, declared)), records, declared)
    looking.read()
    absent, deleted = looking.absent(), looking.deleted_before()
    if unclear := [*absent, *deleted]:
        seconds = max(listed_within(_type(a), records.get(a)) for a in unclear)
        lacking = f"{len(absent)} of {len(declared)} not found"
        found = lacking if absent else f"{count(len(deleted), 'resource')} found that an earlier run was deleting"
        report(f"{found}: checking again in {seconds:.0f} s, because lists may lag")
        aws.pace.wait(seconds)
        aws.pace.check()
        looking.forget(deleted)
        looking.read()
    return looking.result()


class _Search:
    """Readings of the whole account. A later reading only adds resources, since an empty answer proves nothing."""

    def __init__(self, aws: Aws, records: Mapping[str, Record], declared: Mapping[str, Declared]) -> None:
        self._records, self._declared = records, declared
        self._observed: dict[str, Observed] = {}
        self._aws = aws.observing(self._observed)
        self._refused: dict[str, str] = {}
        self._renamed: dict[str, str] = {}
        """By recorded address, the declared address of the same resource."""
        self._listed: dict[type[Resource], Sequence[Mapping[str, Any]]] = {}
        self._protected = any(item.resource.protected(item.resource.fields()) for item in declared.values())
        """True if the declaration protects the stack from deletion."""
        self._by_id = {(record.type, record.id): record for record in records.values() if record.id}
        self._former = {a: r for a, r in records.items() if a not in declared and not type_of(r).created_by_aws}

    def read(self) -> None:
        """Read every resource type, and find the declared and the recorded resources."""
        self._aws.drop_reads()
        self._refused.clear()
        resource_types = list(all_types().values())
        self._listed = {resource_type: self._aws.known(resource_type) for resource_type in resource_types}
        prefetch(self._aws, resource_types)
        for address, item in self._declared.items():
            desired = filled(item.resource, self._output)
            if desired.created_by_aws:
                # its cause may be gone while AWS still has the resource that it created for it
                if not unknown(desired.fields()) or any(self._all(type(desired))):
                    self._observed[address] = Observed(desired.name, desired.fields())
            else:
                self._look(address, type(desired), desired.fields())
        declared = {(a.partition("/")[0], live.id): a for a, live in self._observed.items() if a in self._declared}
        for address, record in self._former.items():
            self._look(address, type_of(record), record.arguments)
            if address in self._observed and (now := declared.get((record.type, self._observed[address].id))):
                self._renamed[address] = now
                del self._observed[address]

    def absent(self) -> list[str]:
        """Return the addresses of declared or recorded resources that were not found so far."""
        settled = {*self._observed, *self._refused, *self._renamed}
        expected = [a for a, item in self._declared.items() if not item.resource.created_by_aws]
        return [a for a in (*expected, *self._former) if a not in settled]

    def deleted_before(self) -> list[str]:
        """Return the addresses whose deletion an earlier run began and that AWS still lists: the list may lag."""
        return [
            address
            for address, live in self._observed.items()
            if (record := self._records.get(address)) and record.phase == "deleting" and not live.deleting
        ]

    def forget(self, addresses: Sequence[str]) -> None:
        """Forget found resources, so that only the next reading counts for them."""
        for address in addresses:
            del self._observed[address]

    def result(self) -> Recovery:
        """Return the result of all reads."""
        strays, by_others = self._strays()
        former = {a: (type_of(r), self._observed[a]) for a, r in self._former.items() if a in self._observed}
        orphans = Orphans(self._declared, self._observed, {**former, **strays})
        unlike = {a: record for a in self._declared if a in self._observed and (record := self._unlike(a))}
        found = [
            self._declared_as_found(a, dependencies, as_declared=a not in unlike)
            for a, dependencies in self._dependencies(unlike).items()
        ]
        found += [self._orphan_as_found(orphans, address) for address in orphans.resources]
        if (kept := self._records.get(stack_protection.ADDRESS)) and kept.address not in self._declared:
            # only an `up` lifts the protection
            found.append(RecoveredResource(kept, "part", False))
        if all(type_of(item.record).created_by_aws or type_of(item.record).retained for item in found):
            # resources that AWS creates and keeps by itself are no evidence of a stack
            found = []
        absent = self.absent()
        missing = [a for a in absent if a in self._declared]
        parts = sleep_parts.redeclared(self._declared, missing, self._output) if found else {}
        found += [RecoveredResource(part, "part", True) for part in parts.values()]
        recorded = {item.record.address for item in found}
        return Recovery(
            found,
            [a for a in missing if not any(a in part.arguments["records"] for part in parts.values())],
            [a for a in self._records if a not in recorded and a not in self._refused],
            self._refused,
            by_others,
            dns_takeover.forgotten(self._aws, self._records, {item.record.address: item.record for item in found}),
        )

    # -- finding ---------------------------------------------------------------------------------------------------

    def _look(self, address: str, resource_type: type[Resource], fields: Mapping[str, Any]) -> None:
        # each search may make a slow call
        self._aws.pace.check()
        record = self._records.get(address)
        recorded = record.id if record else None
        try:
            live = find(self._aws, resource_type, address, fields, recorded)
            if live is None and (names := self._aws.known(resource_type)) != self._listed[resource_type]:
                # it may have a name that became known only now
                self._listed[resource_type] = names
                live = find(self._aws, resource_type, address, fields, recorded, fresh=True)
        except ProvisionError as error:
            self._refused[address] = str(error)
        except Exception as error:
            raise explained(error) from error
        else:
            if live is not None:
                self._observed[address] = live

    def _strays(self) -> tuple[dict[str, tuple[type[Resource], Observed]], list[str]]:
        """Return this stack's undeclared and unrecorded resources, by address; and parts that others added."""
        taken = {(address.partition("/")[0], live.id) for address, live in self._observed.items()}
        strays: dict[str, tuple[type[Resource], Observed]] = {}
        loose: list[tuple[type[Resource], Observed]] = []
        for resource_type in all_types().values():
            if resource_type.retained or resource_type.created_by_aws:
                continue
            for live in self._all(resource_type):
                if not live.owned or (resource_type.type_name, live.id) in taken:
                    continue
                address = live.address or self._tagged(live)
                if address is None:
                    loose.append((resource_type, live))
                elif address in self._observed or address in strays:
                    self._refused[f"{address} ({live.id})"] = (
                        "another resource has the same address tag: remove the ownership tags from the one not in use"
                    )
                elif address not in self._refused:
                    strays[address] = (resource_type, live)
        return strays, self._tie(loose, strays)

    def _tie(
        self, loose: list[tuple[type[Resource], Observed]], strays: dict[str, tuple[type[Resource], Observed]]
    ) -> list[str]:
        """Add parts without tags that name an undeclared resource of the stack; return the others."""
        while loose:
            untied = []
            for part in loose:
                if address := self._tied(*part, strays):
                    strays[address] = part
                else:
                    untied.append(part)
            if len(untied) == len(loose):
                break
            loose = untied
        return [f"{resource_type.type_name} {live.id}" for resource_type, live in loose]

    def _tagged(self, live: Observed) -> str | None:
        """Return the address in a part's tags if the bulk read has them; the part's own type does not read tags."""
        return self._aws.address_in(self._aws.tags_of(live.id, dict)) if live.id.startswith("arn:") else None

    def _all(self, resource_type: type[Resource]) -> Iterator[Observed]:
        self._aws.pace.check()
        try:
            found = self._aws.live(resource_type)
            if issubclass(resource_type, KnownByContent):
                found += resource_type.list_unlisted(self._aws)
            yield from {live.id: live for live in found}.values()
        except Exception as error:
            raise explained(error) from error

    def _tied(
        self, resource_type: type[Resource], live: Observed, strays: Mapping[str, tuple[type[Resource], Observed]]
    ) -> str:
        """Return an address for a part without one, named after its whole, if it is tied to the stack; empty if not."""
        words = set(words_in(live.attributes))
        whole = next((a for a, (_, other) in strays.items() if words.intersection(names_of(other))), None)
        if whole:
            return _free(f"{resource_type.type_name}/{whole.partition('/')[2]}", strays)
        # others can add parts to some resources; these parts are not the stack's although the resource is
        return (
            ""
            if resource_type.has_parent
            else _free(f"{resource_type.type_name}/{live.attributes.get('record_name', live.id)}", strays)
        )

    # -- records ---------------------------------------------------------------------------------------------------

    def _dependencies(self, unlike: Mapping[str, Record]) -> Mapping[str, list[str]]:
        """Return the dependencies of each existing declared resource.

        These are the declared dependencies. If the resource differs from its declaration they are the recorded ones,
        since AWS may have refused the change. If both together form a cycle, use the declared ones, or `down` could not
        start.

        Args:
            unlike: the records of the resources that differ from their declaration.
        """
        there = [address for address in self._declared if address in self._observed]
        declared = {a: self._declared[a].recorded_dependencies for a in there}
        former = {address: self._recorded_dependencies(record) for address, record in unlike.items()}
        try:
            TopologicalSorter(both := declared | former).prepare()
        except CycleError:
            return declared
        return both

    def _recorded_dependencies(self, record: Record) -> list[str]:
        """Return the recorded dependencies of a resource, by their present addresses."""
        return list(dict.fromkeys(self._renamed.get(one, one) for one in record.dependencies))

    def _unlike(self, address: str) -> Record | None:
        """Return the record of an existing declared resource, under any address, if it differs from the declaration."""
        live = self._observed[address]
        record = self._by_id.get((address.partition("/")[0], live.id))
        return record if record and compare(filled(self._declared[address].resource, self._output), live) else None

    def _declared_as_found(self, address: str, dependencies: list[str], *, as_declared: bool) -> RecoveredResource:
        item, live = self._declared[address], self._observed[address]
        # its undeclared parts may be in use: they are recorded, so that `up` does not remove them too early
        record = self._by_id.get((address.partition("/")[0], live.id))
        desired = filled(item.resource, self._output).widened(former(record, live), live)
        arguments = {name: live.attributes.get(name, v) if unknown(v) else v for name, v in desired.fields().items()}
        if not as_declared:
            # the fields that cannot be changed keep the values of its creation
            arguments |= {name: live.attributes.get(name, arguments[name]) for name in desired.create_only}
        phase: Phase = "ready" if desired.created_by_aws else phase_of(desired, live)
        return RecoveredResource(
            self._record(address, live, phase, arguments, dependencies, item.step), self._found_by(address, live), True
        )

    def _orphan_as_found(self, orphans: Orphans, address: str) -> RecoveredResource:
        resource_type, live = orphans.resources[address]
        before = self._records.get(address)
        known = {f for f in resource_type.__dataclass_fields__ if f != "name"}
        arguments = {name: value for name, value in live.attributes.items() if name in known}
        if before and before.id == live.id:
            # values that AWS does not show, such as a protection that only the record has
            arguments = {name: value for name, value in before.arguments.items() if name in known} | arguments
        elif resource_type.protection in known - arguments.keys():
            arguments |= {resource_type.protection: self._protected}
        dependencies = self._recorded_dependencies(before) if before else [*orphans.dependencies[address]]
        step = before.step if before else orphans.step(resource_type)
        phase: Phase = "deleting" if _going(live) else "ready"
        return RecoveredResource(
            self._record(address, live, phase, arguments, dependencies, step), self._found_by(address, live), False
        )

    def _record(
        self, address: str, live: Observed, phase: Phase, arguments: dict[str, Any], dependencies: list[str], step: str
    ) -> Record:
        before = self._records.get(address)
        same = before is not None and before.id == live.id
        created = before.created if before and same else None
        resource_type, outputs = address.partition("/")[0], dict(live.outputs)
        return Record(
            address,
            resource_type,
            phase,
            "",
            live.id or None,
            dict(_type(address).held(arguments)),
            outputs,
            dependencies,
            step,
            created or self._aws.pace.time(),
        )

    def _found_by(self, address: str, live: Observed) -> str:
        resource_type = _type(address)
        if resource_type.created_by_aws:
            return "part"
        if live.address == address:
            return "tag"
        if issubclass(resource_type, RecordSet):
            return "content"
        return "name" if resource_type.identity else "id"

    def _output(self, address: str, output: str) -> Any:
        return output_of(self._observed.get(address), output)


def _type(address: str) -> type[Resource]:
    return type_named(address.partition("/")[0]) or Resource


def phase_of(desired: Resource, live: Observed) -> Phase:
    """Return the phase of a resource, as `up` would record it."""
    if _going(live):
        return "deleting"
    try:
        waiting = desired.pending(live)
    except ProvisionError:
        return "created"
    return "created" if waiting or compare(desired, live) else "ready"


def _going(live: Observed) -> bool:
    # ECS shows a half-deleted resource as INACTIVE
    return live.deleting or live.status == "INACTIVE"


def _free(address: str, taken: Mapping[str, Any]) -> str:
    """Return the address with the characters that references allow, and with a number appended if it is taken."""
    type_name, _, name = address.partition("/")
    plain = f"{type_name}/" + re.sub(r"[^\w.*-]", "-", name)
    numbered = (f"{plain}-{number}" for number in range(2, len(taken) + 3))
    return plain if plain not in taken else next(a for a in numbered if a not in taken)
