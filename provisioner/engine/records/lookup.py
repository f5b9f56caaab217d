"""Find AWS's resource for a wanted or recorded one: by id, by the address in its tags, by its unique name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from provisioner.engine.clock import LISTED_WITHIN
from provisioner.engine.declaration import unknown
from provisioner.engine.errors import NotOwned, ProvisionError
from provisioner.engine.resource import Observed, Resource, canonical
from provisioner.engine.traits import KnownByContent, ListedLate

if TYPE_CHECKING:
    from provisioner.engine.ports import Provider
    from provisioner.state.model import Record


AddressesById = Mapping[tuple[str, str], Collection[str]]
"""For each recorded resource type and id, the addresses under which it is recorded, as far as they are declared."""


def addresses_by_id(records: Mapping[str, Record], declared: Collection[str]) -> AddressesById:
    """Return the declared addresses of each recorded resource."""
    found: dict[tuple[str, str], list[str]] = {}
    for address in declared:
        if (record := records.get(address)) and record.id:
            found.setdefault((record.type, record.id), []).append(address)
    return found


def find(
    aws: Provider,
    resource_type: type[Resource],
    address: str,
    fields: Mapping[str, Any],
    id: str | None,
    *,
    fresh: bool = False,
    addresses_by_id: AddressesById = MappingProxyType({}),
) -> Observed | None:
    """Return the live resource, or None if the lists do not show it.

    Args:
        fields: the declared or recorded settings, of which `identity` of the resource type names the unique ones.
        id: the recorded id, if there is one.
        fresh: read the resource type anew, and the types that its list looks at.
        addresses_by_id: the addresses of recorded resources: one resource never has two.

    Raises:
        NotOwned: the resource of this name does not carry this stack's tags, or is recorded under another address.
        ProvisionError: several resources carry the address.
    """
    observed = aws.live(resource_type, fresh=fresh, deep=fresh)
    ours = [live for live in observed if not _recorded_elsewhere(live, resource_type, address, addresses_by_id)]
    if id and not resource_type.versioned:
        for live in ours:
            if live.id == id:
                return _recorded(resource_type, live, address)
    tagged = [live for live in ours if live.owned and live.address == address]
    if len(tagged) > 1 and id:
        # a versioned type has several: take the recorded one
        tagged = [live for live in tagged if live.id == id] or tagged
    if len(tagged) > 1:
        both = ", ".join(live.id for live in tagged)
        raise ProvisionError(
            f"{both} have the same address tag {address}. Remove the ownership tags from the resources that are not "
            f"in use"
        )
    if tagged:
        return tagged[0]
    named = _named(observed, resource_type, fields)
    if named is None:
        return None
    if not named.owned and not fresh:
        # the content of a DNS record shows its owner, and a second read may know more of the wanted content
        return find(aws, resource_type, address, fields, id, fresh=True, addresses_by_id=addresses_by_id)
    if named not in ours:
        whose = " and ".join(addresses_by_id[resource_type.type_name, named.id])
        raise NotOwned(
            f"{named.id} has the name of {address}, but is recorded as {whose}, which is declared too: give one of "
            f"them another name"
        )
    return _ours(resource_type, named, address)


def find_declared(
    aws: Provider, desired: Resource, record: Record | None, addresses_by_id: AddressesById, *, fresh: bool = False
) -> Observed | None:
    """Return the live resource of a declared one, as `find` does.

    A recorded intent may have another name than the declared resource: its creation must not be lost.
    """
    resource_type, address, fields = type(desired), desired.address, desired.fields()
    arguments = record.arguments if record and record.phase == "creating" else fields
    other = any(canonical(arguments.get(name)) != canonical(fields[name]) for name in resource_type.identity)
    if other and (
        live := find(aws, resource_type, address, arguments, None, fresh=fresh, addresses_by_id=addresses_by_id)
    ):
        return live
    return find(
        aws, resource_type, address, fields, record.id if record else None, fresh=fresh, addresses_by_id=addresses_by_id
    )


def listed_within(resource_type: type[Resource], record: Record | None = None) -> float:
    """Return the seconds for which AWS's lists may not show a resource with this record, or any of the type."""
    if issubclass(resource_type, ListedLate) and not (record and record.id):
        return resource_type.listed_within
    return LISTED_WITHIN


def _recorded_elsewhere(
    live: Observed, resource_type: type[Resource], address: str, addresses_by_id: AddressesById
) -> bool:
    """Return whether a resource belongs to another address; if several are recorded, its tag decides."""
    known = addresses_by_id.get((resource_type.type_name, live.id), ())
    return bool(known) and address != (live.address if live.address in known else next(iter(known)))


def _named(observed: Sequence[Observed], resource_type: type[Resource], fields: Mapping[str, Any]) -> Observed | None:
    """Return the resource with the unique name in the fields."""
    named = {name: canonical(fields[name]) for name in resource_type.identity if name in fields}
    if not named or any(unknown(value) for value in named.values()):
        return None
    for live in observed:
        if all(canonical(live.attributes.get(name)) == value for name, value in named.items()):
            return live
    return None


def _recorded(resource_type: type[Resource], live: Observed, address: str) -> Observed:
    """Return the resource with the recorded id, if its tags are this stack's: a state alone proves nothing."""
    if live.owned or live.owner:
        return _ours(resource_type, live, address)
    if issubclass(resource_type, KnownByContent):
        raise NotOwned(
            f"{live.id} is recorded as {address}, but {resource_type.foreign}, so it is not changed. If it is not "
            f"this stack's, run `provision state rm {address}`; if nobody needs it, delete it by hand before"
            f"{_way_in(resource_type, live)}"
        )
    raise NotOwned(
        f"{live.id} is recorded as {address}, but does not have the tags of this stack, so it is not changed. "
        f"Restore the tags Project, Environment, ManagedBy and provisioner:address, or, if it is not this stack's, "
        f"run `provision state rm {address}`"
    )


def _ours(resource_type: type[Resource], live: Observed, address: str) -> Observed:
    way_in = _way_in(resource_type, live)
    if live.owner:
        raise NotOwned(f"{live.id} has the name of {address}, and {others(live)}: rename one of them{way_in}")
    if not live.owned:
        raise NotOwned(
            f"{live.id} has the name of {address}, but not the tags of this stack, so it is not changed. "
            f"Rename one of them, delete it if it is not needed, or import it: "
            f"`provision import {address} '{live.id}'`{way_in}"
        )
    return live


def _way_in(resource_type: type[Resource], live: Observed) -> str:
    said = resource_type.way_in(live) if issubclass(resource_type, KnownByContent) else ""
    return f". {said}" if said else ""


def others(live: Observed) -> str:
    """Return the message that a resource belongs to another stack and is not changed."""
    return f"belongs to another stack ({live.owner}), so it is not changed"
