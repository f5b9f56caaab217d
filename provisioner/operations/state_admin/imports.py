"""Import one existing resource under a declared address, as if this stack had created it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.aws import tagging
from provisioner.aws.api import Tags
from provisioner.aws.errors import explained, not_found
from provisioner.engine.declaration import Declared, filled, unknown
from provisioner.engine.errors import ConfigurationError, NotOwned, ReplacementRequired
from provisioner.engine.records.lookup import others
from provisioner.engine.records.references import KnownResources
from provisioner.engine.resource import Change, Observed, Resource, compare, output_of
from provisioner.resources.aws_names import AWS_NAMES
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.store import Store


@dataclass(frozen=True)
class Candidate:
    """A resource that can be imported.

    Attributes:
        tags: the tags to put on it, each with its present value, if any.
        changes: the changes that the next `up` would make.
        record: the record to write.
    """

    resource: Resource
    live: Observed
    tags: Mapping[str, Change]
    changes: Mapping[str, Change]
    record: Record


def candidate(
    aws: Aws, records: Mapping[str, Record], declared: Mapping[str, Declared], address: str, id: str
) -> Candidate:
    """Check that a resource can be imported under an address. Only reads are made.

    Raises:
        ConfigurationError: the address is not declared, or recorded already; or there is no such resource.
        NotOwned: the resource belongs to another stack, or to another address of this stack, or is a part of a
            resource that is not this stack's.
        ReplacementRequired: it differs in a field that AWS cannot change.
        ApiError: a read was refused.
    """
    aws = aws.reading().knowing(KnownResources(records, declared))
    item = _declared(declared, address)
    _check_free(records, item, address, id)
    desired = filled(item.resource, lambda a, output: output_of(records.get(a), output))
    live, tags = _read(aws, type(desired), id)
    if desired.has_parent and not live.owned:
        raise NotOwned(f"{live.id} is a part of a resource that is not this stack's: import that first")
    _check_owner(aws, live, tags, address, {*records, *declared})
    changes = compare(desired, live)
    _check_create_only(desired, live, changes, [one for one in item.built_on if one not in records])
    wanted = aws.tags(address) if tagging.taggable(type(desired)) else {}
    new = {key: Change(tags.get(key), value) for key, value in wanted.items() if tags.get(key) != value}
    # the present values are recorded as the requested ones: a DNS record in a foreign zone is ours by its content
    arguments = {name: live.attributes.get(name, value) for name, value in desired.fields().items()}
    record = Record(
        address,
        desired.type_name,
        "created",
        "",
        live.id,
        dict(desired.held(arguments)),
        dict(live.outputs),
        item.built_on,
        item.step,
        aws.pace.time(),
    )
    return Candidate(desired, live, new, desired.shown(changes), record)


def take(aws: Aws, store: Store, it: Candidate) -> None:
    """Put this stack's tags on the resource, then record it. If killed in between, the next `up` finds it by its tags.

    Raises:
        ApiError: AWS refuses the tags.
    """
    try:
        if it.tags:
            with aws.fenced(store.check_lock).acting(it.resource.address):
                aws.tag(type(it.resource), it.live, it.resource.address)
    except Exception as error:
        raise explained(error) from error
    store.put(it.record)


def _declared(declared: Mapping[str, Declared], address: str) -> Declared:
    if address not in declared:
        near = difflib.get_close_matches(address, declared, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`provision plan` shows what is declared"
        raise ConfigurationError(f"{address} is not declared: {hint}")
    item = declared[address]
    if item.resource.created_by_aws or item.resource.retained:
        raise ConfigurationError(f"{address} is shared by the account and cannot be imported: `up` finds it by itself")
    return item


def _check_free(records: Mapping[str, Record], item: Declared, address: str, id: str) -> None:
    if address in records:
        raise ConfigurationError(
            f"{address} is already in the state as {records[address].id or 'being created'}. If that is wrong, run "
            f"`provision state rm {address}` first"
        )
    for other in records.values():
        if (other.type, other.id) == (item.resource.type_name, id):
            raise ConfigurationError(
                f"{id} is already in the state as {other.address}: to rename it, run "
                f"`provision state mv {other.address} {address}`"
            )


def _read(aws: Aws, resource_type: type[Resource], id: str) -> tuple[Observed, Tags]:
    try:
        live = resource_type.read_one(aws, id)
        tags = tagging.read(aws, resource_type, live) if live and tagging.taggable(resource_type) else {}
    except Exception as error:
        if not not_found(error, resource_type.service):
            raise explained(error) from error
        live = None
    if live is None or live.deleting:
        gone = "it is being deleted" if live else f"there is none in account {aws.account}, Region {aws.region}"
        form = AWS_NAMES[resource_type.type_name].id if resource_type.type_name in AWS_NAMES else ""
        looks = f", which looks like {form}" if form else ""
        raise ConfigurationError(f"cannot import {resource_type.type_name} {id}: {gone}. Check the ID{looks}")
    return live, tags


def _check_owner(aws: Aws, live: Observed, tags: Mapping[str, str], address: str, ours: set[str]) -> None:
    if live.owner:
        raise NotOwned(f"{live.id} {others(live)}: rename one of them")
    if aws.owns(tags):
        other = aws.address_in(tags)
        if other != address and other in ours:
            raise NotOwned(
                f"{live.id} is this stack's {other}, and cannot be {address} as well: choose another resource"
            )
    elif whose := aws.other_owner(tags):
        raise NotOwned(
            f"{live.id} belongs to another stack ({whose}), so it is not changed. To move it, "
            f"run `provision state rm` in that stack, remove its tags, and import it again"
        )


def _check_create_only(desired: Resource, live: Observed, changes: Mapping[str, Change], missing: list[str]) -> None:
    stuck = {name: change for name, change in changes.items() if name in desired.create_only}
    if any(unknown(change.new) for change in changes.values()):
        raise ConfigurationError(
            f"{live.id} cannot be compared with {desired.address} yet, which depends on {', '.join(missing)}: create "
            f"or import that first"
        )
    if stuck:
        differences = "; ".join(f"{name} is {c.old!r}, but declared as {c.new!r}" for name, c in stuck.items())
        raise ReplacementRequired(
            f"{live.id} cannot become {desired.address}, because AWS cannot change this in place: {differences}. "
            f"Change the declaration to match it, or import another resource"
        )
