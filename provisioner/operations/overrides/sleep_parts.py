"""The parts of a stack that `provision sleep` deletes on request: their resources, and the references to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.config.records import ASLEEP, BALANCER, ENDPOINTS, NAT, PART
from provisioner.engine.declaration import REFERENCE, filled
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning.target import as_recorded
from provisioner.engine.records.consistency import type_of
from provisioner.engine.records.substitution import with_references
from provisioner.resources.ec2.endpoints import VpcEndpoint
from provisioner.resources.ec2.nat import ElasticIp, NatGateway
from provisioner.resources.ec2.network import RouteTable
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.elbv2.listener_certificates import ListenerCertificate
from provisioner.resources.elbv2.listeners import Listener, ListenerRule
from provisioner.resources.route53.handover import former_of
from provisioner.resources.route53.records import RecordSet
from provisioner.resources.wafv2 import WebAclAssociation
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.engine.declaration import Declared
    from provisioner.engine.resource import Resource

MEMBERS: Mapping[str, tuple[type[Resource], ...]] = {
    ENDPOINTS: (VpcEndpoint,),
    NAT: (NatGateway, ElasticIp),
    BALANCER: (LoadBalancer, Listener, ListenerCertificate, ListenerRule, WebAclAssociation, RecordSet),
}
"""The resource types of each part, and the types that cannot exist without them."""
SAME = frozenset({"canonical_hosted_zone_id"})
"""Outputs that all load balancers of a Region share: a field with this value does not refer to this load balancer."""


def going(records: Mapping[str, Record], part: str) -> list[str]:
    """Return the addresses of the existing resources of a part.

    Resources that an interrupted run did not delete belong to it too: an Elastic IP whose NAT gateway is deleted can be
    recognized only by the part's record.
    """
    former = records.get(f"{PART}/{part}")
    known = [address for address in former.arguments["records"] if address in records] if former else []
    return list(dict.fromkeys((*_found(records, part), *known)))


def _found(records: Mapping[str, Record], part: str) -> list[str]:
    if part == ENDPOINTS:
        found = [one for one in records.values() if one.type == VpcEndpoint.type_name]
        return [one.address for one in found if one.arguments.get("vpc_endpoint_type") == "Interface"]
    if part == NAT:
        gateways = [one for one in records.values() if one.type == NatGateway.type_name]
        used = {one.arguments.get("allocation_id") for one in gateways}
        addresses = [one for one in records.values() if one.type == ElasticIp.type_name and one.id in used]
        return [one.address for one in (*gateways, *addresses)]
    members = {one.type_name for one in MEMBERS[part]}
    found = [one for one in records.values() if one.type == LoadBalancer.type_name]
    while more := [
        one for one in records.values() if one.type in members and one not in found and _mentions(found, one.arguments)
    ]:
        found += more
    return [one.address for one in found]


def _mentions(found: Collection[Record], value: Any) -> bool:
    return bool(with_references(value, _names(found)) != value)


def _names(found: Iterable[Record]) -> dict[str, str]:
    """Return the IDs and outputs by which other resources know these, each with its address and output name."""
    known: dict[str, str] = {}
    for record in found:
        outputs = {"id": record.id, **record.outputs}
        for name in ("id", *type_of(record).outputs):
            if isinstance(one := outputs.get(name), str) and one and name not in SAME:
                known.setdefault(one, f"{record.address}:{name}")
    return known


def remembered(records: Mapping[str, Record], parts: Collection[str]) -> dict[str, Record]:
    """Return the records from which deleted parts can be made again, by address.

    Existing values in these records stay: an earlier run may have deleted some resources already.

    Raises:
        ConfigurationError: another resource could not be restored when the parts are created again.
    """
    found = {}
    for part in parts:
        there = {address: records[address] for address in going(records, part)}
        former = records.get(f"{PART}/{part}")
        names = _names(there.values())
        arguments: dict[str, dict[str, Any]] = {
            "records": {address: one.row() for address, one in there.items()},
            "meaning": _meaning(records, names),
            "names": names,
        }
        if former:
            arguments = {name: value | former.arguments[name] for name, value in arguments.items()}
        _check(part, records, there, arguments["meaning"])
        found[f"{PART}/{part}"] = Record(f"{PART}/{part}", PART, "ready", "", arguments=arguments, step="services")
    return found


def redeclared(
    declared: Mapping[str, Declared], missing: Collection[str], lookup: Callable[[str, str], Any]
) -> dict[str, Record]:
    """Return the records of the parts that a sleeping stack lacks, as declared, by address: only a lost state had them.

    None are returned if the stack is awake, or if parts are declared, as recorded ones are. A resource that refers to
    something else that is missing is left out: only `up` can make it.

    Args:
        missing: the addresses of the declared resources that do not exist.
        lookup: returns an output of an existing resource by its address and the output's name; None if unknown.
    """
    kinds = {address.partition("/")[0] for address in declared}
    if ASLEEP not in kinds or PART in kinds:
        return {}
    fields = {address: filled(item.resource, lookup).fields() for address, item in declared.items()}
    gone = {address: part for address in missing if (part := _part_of(declared[address], fields[address]))}
    while broken := [address for address in gone if _referred(fields[address]) & {*missing} - gone.keys()]:
        gone = {address: part for address, part in gone.items() if address not in broken}
    found = {}
    for part in dict.fromkeys(gone.values()):
        own = {address for address, one in gone.items() if one == part}
        meaning = {a: {n: v for n, v in f.items() if _referred(v) & own} for a, f in fields.items() if a not in missing}
        arguments: dict[str, dict[str, Any]] = {
            "records": {address: _as_deleted(declared[address], fields[address]).row() for address in sorted(own)},
            "meaning": {address: named for address, named in meaning.items() if named},
            "names": {},
        }
        found[f"{PART}/{part}"] = Record(f"{PART}/{part}", PART, "ready", "", arguments=arguments, step="services")
    return found


def _part_of(item: Declared, fields: Mapping[str, Any]) -> str:
    """Return the part that a declared resource belongs to; empty if `sleep` never deletes it."""
    found = next((part for part, types in MEMBERS.items() if isinstance(item.resource, types)), "")
    return "" if found == ENDPOINTS and fields["vpc_endpoint_type"] != "Interface" else found


def _referred(value: Any) -> set[str]:
    return {match[1] for match in REFERENCE.finditer(repr(value))}


def _as_deleted(item: Declared, fields: Mapping[str, Any]) -> Record:
    kind = type(item.resource)
    return Record(
        item.address,
        kind.type_name,
        "ready",
        "",
        arguments=dict(kind.held(fields)),
        dependencies=[*item.recorded_dependencies],
        step=item.step,
    )


def _meaning(records: Mapping[str, Record], names: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the recorded fields that contain one of these names, by address."""
    found = {}
    for address, record in records.items():
        fields = {name: value for name, value in record.arguments.items() if with_references(value, names) != value}
        if fields and record.type != PART:
            found[address] = fields
    return found


def _check(
    part: str,
    records: Mapping[str, Record],
    there: Mapping[str, Record],
    meaning: Mapping[str, Mapping[str, Any]],
) -> None:
    """Refuse to delete a part that could not be made again as it was.

    Raises:
        ConfigurationError: a remaining resource cannot be changed to the new ids, or the part has a name taken over.
    """
    for address, fields in meaning.items():
        if address in there or address not in records:
            continue
        resource_type = type_of(records[address])
        if resource_type.versioned or fields.keys() & resource_type.create_only:
            raise ConfigurationError(
                f"--{part}: {address} is made with {', '.join(sorted(fields))} of a resource that would be deleted, "
                f"and AWS does not change that: nothing was changed. Sleep without --{part}"
            )
    for address, record in there.items():
        if former_of(str(record.arguments.get("record_name")), record.outputs):
            raise ConfigurationError(
                f"--{part}: {address} was taken over, and would lead again where it did before: nothing was changed. "
                f"Sleep without --{part}"
            )


def asleep(records: Mapping[str, Record]) -> dict[str, Declared]:
    """Return the declarations of route tables without the routes to deleted resources."""
    found = {}
    for address, fields in references(records).items():
        record = records.get(address)
        if record and record.type == RouteTable.type_name and "routes" in fields:
            routes = {to: by for to, by in record.arguments["routes"].items() if fields["routes"].get(to, by) == by}
            found[address] = as_recorded(record, routes=routes)
    return found


def recorded(records: Mapping[str, Record]) -> Iterator[tuple[str, Record]]:
    """Yield each recorded deleted part, with its record."""
    for record in records.values():
        if record.type == PART and (part := record.address.partition("/")[2]) in MEMBERS:
            yield part, record


def references(records: Mapping[str, Record]) -> dict[str, dict[str, Any]]:
    """Return the fields that name deleted resources, with references in place of the names, by address."""
    found: dict[str, dict[str, Any]] = {}
    for _, record in recorded(records):
        told = record.arguments
        for address, fields in told["meaning"].items():
            referring = {name: with_references(value, told["names"]) for name, value in fields.items()}
            found.setdefault(address, {}).update(referring)
    return found
