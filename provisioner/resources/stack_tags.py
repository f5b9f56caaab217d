"""The user's tags of `[tags]` on all resources of a stack, as one resource: one line in a plan, one record.

New resources get them in their create calls. This type puts changed tags on the resources that stand, and removes
tags that are no longer wanted. Tags with which it has nothing to do are never touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from provisioner.aws.client import Aws
from provisioner.aws.errors import not_found
from provisioner.aws.tagging import API as TAGGING
from provisioner.aws.tagging import TagsItself
from provisioner.engine.resource import Changes, Observed, Resource

Former = Mapping[str, Sequence[str]]
"""Tags that the stack had before: by key, its values."""


@dataclass(frozen=True)
class _Member:
    """A declared resource with tags, as AWS shows it: `own` are the keys that it declares itself."""

    kind: type[Resource]
    live: Observed
    tags: Mapping[str, str]
    own: Collection[str]

    def missing(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """Return the wanted tags that it lacks, or has with another value."""
        return {key: one for key, one in wanted.items() if key not in self.own and self.tags.get(key) != one}

    def stale(self, former: Former, wanted: Collection[str]) -> list[str]:
        """Return the keys of former tags that it still has; with another value a tag is somebody else's."""
        gone = (key for key in former if key not in wanted and key not in self.own)
        return [key for key in gone if self.tags.get(key) in former[key]]


@dataclass(frozen=True)
class StackTags(Resource):
    """The tags of `[tags]` on all resources of the stack.

    Attributes:
        tags: the wanted tags.
        former: the tags of earlier runs that may still be there. Only the state has them.
    """

    tags: Mapping[str, str]
    former: Former = field(default_factory=dict)

    type_name = "stack_tags"
    api = TAGGING
    has_tags = False
    ignore_changes = frozenset({"former"})
    create_timeout = 900

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        if not known or aws.inventory.retagged(cls, aws.name) is not None:
            return
        wanted, *recorded = known
        former = _former(recorded or known)
        members = _members(aws, wanted["tags"] if not recorded else None)
        if not members and not aws.recorded(cls):
            return
        shown = _shown(members, wanted["tags"], former) if members else dict(wanted["tags"])
        stale = {key for member in members for key in member.stale(former, wanted["tags"])}
        declared = (one.address for one in aws.knowledge.declarations.values() if type(one.resource) is cls)
        address = next(declared, None) or next((one.address for one in aws.knowledge.of(cls)), None)
        yield Observed(aws.name, {"tags": shown}, address=address, details={"stale": stale})

    def widened(self, before: Mapping[str, Any], live: Observed) -> Self:
        """Return it with the former tags: the record keeps them until no resource has them any more."""
        stale = live.details.get("stale", ())
        gone = {key: values for key, values in _former([before]).items() if key in stale and key not in self.tags}
        return replace(self, former=gone)

    def create(self, aws: Aws, token: str) -> Observed:
        # each resource gets them in its own create call
        return Observed(aws.name, {"tags": dict(self.tags)}, address=self.address)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        former = _former(aws.known(type(self)))
        aws.each(lambda member: _retag(aws, member, self.tags, former), _members(aws))

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        # on `down` nothing is declared, and the tags go with the resources
        former = _former(aws.known(cls))
        aws.each(lambda member: _retag(aws, member, {}, former), _members(aws))
        # for the rest of the run: nothing in AWS tells that it is gone
        aws.inventory.note_retagged(cls, live.id, {})


def _former(known: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return all tags in these settings, present and former, by key."""
    found: dict[str, list[str]] = {}
    for fields in known:
        for key, values in fields.get("former", {}).items():
            found.setdefault(key, []).extend(values)
        for key, value in fields["tags"].items():
            found.setdefault(key, []).append(value)
    return {key: [*dict.fromkeys(values)] for key, values in found.items()}


def _members(aws: Aws, settled: Mapping[str, str] | None = None) -> list[_Member]:
    """Return the declared resources with tags that stand.

    Args:
        settled: the wanted tags, if they are those of the last run: a resource without them is read once more, since
            reads of all tags lag behind (Resource Groups Tagging API, GetResources).
    """
    kinds = dict.fromkeys(type(item.resource) for item in aws.knowledge.declarations.values())
    found = [member for kind in kinds if kind is not StackTags and aws.taggable(kind) for member in _of(aws, kind)]
    known, unread = list[_Member](), list[_Member]()
    for one in found:
        unsure = one.live.tags is None or (settled is not None and one.missing(settled))
        (unread if unsure and not _changed(aws, one) else known).append(one)
    return [*known, *filter(None, aws.each(lambda one: _read(aws, one), unread))]


def _of(aws: Aws, kind: type[Resource]) -> Iterator[_Member]:
    """Yield the declared resources of a type that stand; those without an address in their tags by their records."""
    declared, recorded = aws.knowledge.declarations, {one.id: one.address for one in aws.knowledge.of(kind)}
    for live in aws.live(kind):
        address = live.address or recorded.get(live.id, "")
        if live.owned and not live.deleting and address in declared:
            resource = declared[address].resource
            own = resource.own_tags() if isinstance(resource, TagsItself) else ()
            present = aws.inventory.retagged(kind, live.id)
            tags = (live.tags or {}) if present is None else present
            yield _Member(kind, replace(live, address=address), tags, own)


def _changed(aws: Aws, member: _Member) -> bool:
    """Return whether this run has changed the tags of a resource, and so knows them."""
    return aws.inventory.retagged(member.kind, member.live.id) is not None


def _read(aws: Aws, member: _Member) -> _Member | None:
    """Return a resource with its tags, read now; None if it has gone meanwhile."""
    try:
        return replace(member, tags=aws.read_tags(member.kind, member.live))
    except Exception as error:
        if not not_found(error, member.kind.service):
            raise
        return None


def _shown(members: Sequence[_Member], wanted: Mapping[str, str], former: Former) -> dict[str, str]:
    """Return the tags as AWS has them: a value that all resources have, or how many have which."""
    shown = {}
    for key, value in wanted.items():
        asked = [member for member in members if key not in member.own]
        there = Counter(member.tags[key] for member in asked if key in member.tags)
        if there.total() == len(asked) and len(there) <= 1:
            shown[key] = next(iter(there), value)
        elif there:
            other = "" if value in there else "another value"
            shown[key] = f"{other or value} on {there[value] or there.total()} of {len(asked)} resources"
    for key, values in former.items():
        holders = sum(key in member.stale(former, wanted) for member in members)
        if holders:
            shown[key] = values[-1]
    return shown


def _retag(aws: Aws, member: _Member, wanted: Mapping[str, str], former: Former) -> None:
    """Bring the tags of one resource to the wanted ones; a resource that has gone meanwhile has none."""
    missing, stale = member.missing(wanted), member.stale(former, wanted)
    if not missing and not stale:
        return
    try:
        aws.retag(member.kind, replace(member.live, tags=member.tags), missing, stale)
    except Exception as error:
        if not not_found(error, member.kind.service):
            raise
