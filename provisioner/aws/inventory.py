"""Facts about the account within one run: resources by type, this run's own writes, and known tags."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Protocol

from provisioner.aws.errors import not_found
from provisioner.aws.pages import BadList
from provisioner.aws.shared_reads import SharedReads
from provisioner.aws.tagging import tag_map
from provisioner.engine.clock import LISTED_WITHIN, Pace
from provisioner.engine.resource import Observed, Resource
from provisioner.engine.resource_types import AWS_NAME

MAX_SINGLE_READS = 10
"""The most resources of a type that are each read singly for values that no list shows."""
RELIST_TIMEOUT = 120.0
"""Seconds for which a type is listed again when a read reports a listed resource as missing.

Lists still show deleted resources, and new ones are not known everywhere yet (terraform-provider-aws PR 31877 also
retries for 2 minutes).
"""
RELIST_PAUSE = 2.0
"""Seconds between two such lists."""
NAMESPACED = "."
"""The character in the names of users' own resource types, and in no other type name."""
_AGAIN_SINCE: ContextVar[int] = ContextVar("again_since", default=0)
"""The number of the oldest acceptable read, while a list is read whose parts must be equally new."""


def _of_type(resource_type: type[Resource], live: Observed) -> Observed:
    """Return a resource; mark it as not ours if its tag names another type, and one of both is a user's or AWS's type.

    The same topic can be listed by the tool's own topic type, by a user's type and by AWS's type.
    """
    said, name = (live.address or "").partition("/")[0], resource_type.type_name
    apart = any(AWS_NAME.fullmatch(one) or NAMESPACED in one for one in (said, name))
    if not said or said in (name, *resource_type.aliases) or not apart:
        return live
    return replace(live, address=None, owned=False)


class Reader(Protocol):
    """The part of `Aws` that the inventory needs."""

    @property
    def owner(self) -> dict[str, str]:
        """The owner tags, which all of the stack's resources carry."""

    @property
    def shared_reads(self) -> SharedReads | None:
        """The answers that parallel reads of several types share, if they do."""

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Say whether these are the owner tags of this stack."""

    def known(self, resource_type: type[Resource]) -> Sequence[Mapping[str, Any]]:
        """Return the fields of a type's resources that are declared or recorded."""

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
        """Yield the items under `key` of all pages of an operation, named as boto3 names it."""


@dataclass
class _Listing:
    """The known resources of one type by id, and this run's recent writes (id to resource and monotonic time).

    `read` is the number of the read, counted over all types. `doubtful` holds the ids to read again. `bad` is the error
    that makes the list unreadable in this run.
    """

    lock: AbstractContextManager[Any]
    resources: dict[str, Observed] | None = None
    read: int = 0
    doubtful: set[str] = field(default_factory=set)
    bad: BadList | None = None
    written: dict[str, tuple[Observed, float]] = field(default_factory=dict)


class Inventory:
    """The reads of one run, and its own changes, which AWS's lists show only later. Threads may share it.

    Each method that may have to read takes the reader as a parameter.

    Attributes:
        deleted: the names of resources that this run deleted and that AWS's lists still show.
        spot: whether an instance is Spot, by its id, as far as this run has read it.
        given_up: the operations, as boto3 names them, that the caller may not call and that others stand in for.
        changes: the ids of this run's changes that AWS is still spreading to its servers, by the id of the changed
            resource.
    """

    def __init__(self, pace: Pace) -> None:
        self.deleted: set[str] = set()
        self.spot: dict[str, bool] = {}
        self.given_up: set[str] = set()
        self.changes: dict[str, str] = {}
        self._pace = pace
        self._retagged: dict[tuple[str, str], Mapping[str, str]] = {}
        self._lock, self._tagging = pace.runtime.lock(), pace.runtime.lock()
        self._listings: dict[type[Resource], _Listing] = {}
        self._tagged: dict[str, dict[str, str]] | None = None
        self._reads = count(1)

    # -- resources by type -----------------------------------------------------------------------------------------

    def live(
        self, aws: Reader, resource_type: type[Resource], *, fresh: bool, deep: bool, only: Collection[str]
    ) -> list[Observed]:
        """Return all resources of a type: see `Aws.live`."""
        listing = self._listing(resource_type)
        since = next(self._reads) if deep else _AGAIN_SINCE.get()
        with listing.lock:
            if listing.bad:
                raise listing.bad
            resources, about = listing.resources, {*only, *listing.doubtful}
            try:
                if resources is None or listing.read < since or (fresh and not only):
                    resources = self._read_all(aws, resource_type, listing, since)
                elif about:
                    some = self._read_some(aws, resource_type, resources, listing, about)
                    resources = self._read_all(aws, resource_type, listing, since) if some is None else some
            except BadList as error:
                listing.bad = error
                raise
            listing.resources, listing.doubtful = resources, set()
            return list(resources.values())

    def _read_all(
        self, aws: Reader, resource_type: type[Resource], listing: _Listing, since: int
    ) -> dict[str, Observed]:
        listing.read, token = next(self._reads), _AGAIN_SINCE.set(since)
        try:
            read = self._settled_read(aws, resource_type, lambda: resource_type.list(aws, aws.known(resource_type)))
        finally:
            _AGAIN_SINCE.reset(token)
        resources = read or {}
        self._add_written(listing, resources, list(listing.written))
        return resources

    def _read_some(
        self,
        aws: Reader,
        resource_type: type[Resource],
        resources: Mapping[str, Observed],
        listing: _Listing,
        ids: Collection[str],
    ) -> dict[str, Observed] | None:
        """Return a type's known resources after reading these ids again; None if only the whole type can be read."""
        known = aws.known(resource_type)
        read = self._settled_read(aws, resource_type, lambda: resource_type.read_some(aws, known, ids))
        if read is None:
            return None
        self._add_written(listing, read, ids)
        return {old: live for old, live in resources.items() if old not in ids} | read

    def _add_written(self, listing: _Listing, resources: dict[str, Observed], ids: Iterable[str]) -> None:
        """Add the resources with these ids that this run wrote lately and a read does not show yet."""
        for made in [one for one in ids if one in listing.written]:
            live, at = listing.written[made]
            if made in resources or self._pace.now() > at + LISTED_WITHIN:
                del listing.written[made]
            else:
                resources[made] = live

    def _settled_read(
        self, aws: Reader, resource_type: type[Resource], read: Callable[[], Iterable[Observed] | None]
    ) -> dict[str, Observed] | None:
        """Return a read of a type by id; repeat it while it meets a resource that is just appearing or going away."""
        until = self._pace.now() + RELIST_TIMEOUT
        while True:
            try:
                observed = read()
                return None if observed is None else {live.id: _of_type(resource_type, live) for live in observed}
            except Exception as error:
                # a resource went away between the list that names it and the closer read, or is too new for the closer
                # read
                if not not_found(error, resource_type.service) or self._pace.stop.is_set() or self._pace.now() > until:
                    raise
                if aws.shared_reads:
                    aws.shared_reads.clear()
                self._pace.wait(RELIST_PAUSE)

    def note_written(self, resource_type: type[Resource], live: Observed) -> None:
        """Note a resource that this run created or changed, so that bulk reads show it at once."""
        listing = self._listing(resource_type)
        with listing.lock:
            listing.written[live.id] = (live, self._pace.now())
            if listing.resources is not None:
                listing.resources[live.id] = live

    def note_deleted(self, resource_type: type[Resource], id: str) -> None:
        """Note that this run deleted a resource."""
        listing = self._listing(resource_type)
        with listing.lock:
            listing.written.pop(id, None)
            if listing.resources is not None:
                listing.resources.pop(id, None)

    def mark_stale(self, resource_type: type[Resource], only: Collection[str] = ()) -> None:
        """Drop the reads of one type, or of these ids only, so that the next look reads them again."""
        listing = self._listing(resource_type)
        with listing.lock:
            if only:
                listing.doubtful.update(only)
            else:
                listing.resources = None

    def drop_reads(self) -> None:
        """Drop all bulk reads, so that the next ones ask AWS again. A long list of deleted names is kept."""
        with self._lock:
            self._listings.clear()
            self._tagged = None
            if len(self.deleted) <= MAX_SINGLE_READS:
                self.deleted.clear()

    def _listing(self, resource_type: type[Resource]) -> _Listing:
        with self._lock:
            return self._listings.setdefault(resource_type, _Listing(self._pace.runtime.lock()))

    def attributes(self, resource_type: type[Resource]) -> list[Mapping[str, Any]]:
        """Return the fields of a type's resources as this run has read them; none if it has not."""
        return [live.attributes for live in (self._listing(resource_type).resources or {}).values()]

    # -- tags ------------------------------------------------------------------------------------------------------

    def tags_of_all(
        self, aws: Reader, arns: Sequence[str], read: Callable[[Sequence[str]], Mapping[str, Mapping[str, str]]]
    ) -> dict[str, dict[str, str]]:
        """Return the tags of resources by ARN; `read` is called once for all ARNs still unknown."""
        known = self.tagged(aws)
        missing = [arn for arn in arns if arn not in known]
        found = {arn: dict(tags) for arn, tags in read(missing).items()} if missing else {}
        known.update({arn: tags for arn, tags in found.items() if aws.owns(tags)})
        return {arn: known[arn] if arn in known else found.get(arn, {}) for arn in arns}

    def note_retagged(self, resource_type: type[Resource], id: str, tags: Mapping[str, str]) -> None:
        """Note all tags of a resource after this run has changed them: reads may still show the former ones."""
        with self._tagging:
            self._retagged[resource_type.type_name, id] = dict(tags)

    def retagged(self, resource_type: type[Resource], id: str) -> Mapping[str, str] | None:
        """Return the tags of a resource after this run has changed them; None if it has not."""
        with self._tagging:
            return self._retagged.get((resource_type.type_name, id))

    def note_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Note tags that this run put on a resource, so that they need not be read."""
        with self._tagging:
            if self._tagged is not None:
                self._tagged[arn] = {**self._tagged.get(arn, {}), **tags}

    def tagged(self, aws: Reader) -> dict[str, dict[str, str]]:
        """Return the tags of this stack's resources by ARN, as far as the tagging API shows them."""
        with self._tagging:
            if self._tagged is None:
                filters = [{"Key": key, "Values": [value]} for key, value in aws.owner.items()]
                found = aws.pages(
                    "resourcegroupstaggingapi",
                    "get_resources",
                    "ResourceTagMappingList",
                    TagFilters=filters,
                    ResourcesPerPage=100,
                )
                self._tagged = {item["ResourceARN"]: tag_map(item["Tags"]) for item in found}
            return self._tagged
