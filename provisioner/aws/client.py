"""The object that gives resource types access to AWS in one run. It is immutable; methods return changed copies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

from provisioner.aws import errors, tagging
from provisioner.aws.api import name_of
from provisioner.aws.connection import CallHooks, Connection, ReadsOnly, acting
from provisioner.aws.inventory import MAX_SINGLE_READS, Inventory
from provisioner.aws.ownership import Ownership
from provisioner.aws.pages import items
from provisioner.aws.shared_reads import SharedReads
from provisioner.engine.clock import Pace
from provisioner.engine.records.references import NOTHING, KnownResources
from provisioner.engine.resource import Observed, Resource
from provisioner.engine.resource_types import type_named
from provisioner.engine.scheduling.pools import each

if TYPE_CHECKING:
    from provisioner.engine.ports import Errors

T = TypeVar("T")
R = TypeVar("R")

PARALLEL_READS = 10
"""The most reads of one kind that are sent at once."""


@dataclass(frozen=True)
class Aws(Ownership):
    """Access to AWS for one run: the connection, the known facts of the account, and the options of the run.

    Attributes:
        connection: session and service clients.
        inventory: the resources that this run has read and written.
        account: the account's number.
        resolver: address and port of the DNS server to ask about delegations; None to ask the public DNS.
        domains: the domain names of the configuration's certificate.
        reads_only: whether to refuse every operation that is not a read.
        include_unrecorded: whether lists also look for resources that are neither declared nor recorded, and for
            resources that an interrupted teardown left half deleted.
        redeploy: whether services return to the declared task definitions where somebody else deployed newer ones.
        retry_failed: whether to deploy again the service revisions that ECS rolled back.
        at_once: whether services get a revision without steps, bake time, pauses and alarms, as a rollback does.
        new_ami: whether to replace instances that were not launched from the declared launch template.
        bulk_roles: whether the caller may read all roles of the account by one call, as `[account] bulk_roles` says.
        take_over: the names of DNS records to take over from their present owners.
        give_back: the names of DNS records to point back at their former targets.
        stand_ins: whether to use stand-ins for images instead of building or copying them.
        knowledge: the declared and recorded resources.
        observed: the resources that this run has found so far, by address.
        report_progress: tells the user how far the work on an address is.
        queued: tells the user that a call for an address waits for a rate limit: the name that signs the call, and the
            API's display name.
        fence: called before each attempt of a write for an address; its error stops the attempt.
        shared_reads: the answers that parallel reads of several types share, if they do.
    """

    connection: Connection
    inventory: Inventory
    account: str = ""
    resolver: tuple[str, int] | None = None
    domains: Collection[str] = ()
    reads_only: bool = False
    include_unrecorded: bool = False
    redeploy: bool = False
    retry_failed: bool = False
    at_once: bool = False
    new_ami: bool = False
    bulk_roles: bool = False
    take_over: Collection[str] = ()
    give_back: Collection[str] = ()
    stand_ins: bool = False
    knowledge: KnownResources = NOTHING
    observed: Mapping[str, Observed] = field(default_factory=dict)
    report_progress: Callable[[str, str], None] = lambda address, text: None
    queued: Callable[[str, str, str], None] = lambda address, service, name: None
    fence: Callable[[], None] = lambda: None
    shared_reads: SharedReads | None = None

    @property
    def pace(self) -> Pace:
        """The clock of the run."""
        return self.connection.pace

    @property
    def region(self) -> str:
        """The Region of the stack."""
        return self.connection.region

    @property
    def partition(self) -> str:
        """The Region's partition: `aws`, `aws-cn`, `aws-us-gov`."""
        return self.connection.partition

    @property
    def endpoint(self) -> str | None:
        """An endpoint for all services, or None for AWS's own."""
        return self.connection.endpoint

    @property
    def deleted(self) -> set[str]:
        """The names of resources that this run deleted and that AWS's lists still show."""
        return self.inventory.deleted

    @property
    def errors(self) -> Errors:
        """The functions that interpret AWS's errors."""
        return errors

    # -- the same, but ---------------------------------------------------------------------------------------------

    def in_account(self, account: str) -> Self:
        """Return a copy that knows its account."""
        return replace(self, account=account)

    def reading(self) -> Self:
        """Return a copy that refuses every operation that is not a read."""
        return replace(self, reads_only=True)

    def exhaustive(self) -> Self:
        """Return a copy whose lists also look for resources that are neither declared nor recorded."""
        return replace(self, include_unrecorded=True)

    def knowing(self, knowledge: KnownResources) -> Self:
        """Return a copy that looks up the declared and recorded resources by their names and ids."""
        return replace(self, knowledge=knowledge)

    def observing(self, observed: Mapping[str, Observed]) -> Self:
        """Return a copy for a run that collects the resources that it finds in `observed`, by address."""
        return replace(self, observed=observed)

    def reporting(
        self,
        queued: Callable[[str, str, str], None],
        report_progress: Callable[[str, str], None] = lambda address, text: None,
    ) -> Self:
        """Return a copy for a run that tells its user about calls waiting for a rate limit, and about progress."""
        return replace(self, queued=queued, report_progress=report_progress)

    def fenced(self, check: Callable[[], None]) -> Self:
        """Return a copy that calls `check` before each attempt of a write; an error of `check` stops the attempt.

        A command may lose the state lock while its machine sleeps or has no network. It must not go on writing then,
        because another command may have changed the stack since.
        """
        return replace(self, fence=check)

    def sharing_reads(self) -> Self:
        """Return a copy that makes each read only once for all callers: resource types use each other's lists."""
        return replace(self, shared_reads=SharedReads(self.pace.runtime))

    # -- calls -----------------------------------------------------------------------------------------------------

    def client(self, service: str, region: str | None = None) -> Any:
        """Return the boto3 client of a service; threads may share it."""
        client = self.connection.client(service, region)
        return ReadsOnly(client) if self.reads_only else client

    def acting(self, address: str) -> AbstractContextManager[None]:
        """Bind this thread's calls to an address while the context lasts: `queued` and `fence` are called for them."""
        return acting(CallHooks(lambda service: self.queued(address, service, name_of(service)), self.fence))

    def each(self, read: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Return the results of a read for each item; the reads run in parallel."""
        return each(self.pace, read, items, PARALLEL_READS)

    def read(self, service: str, operation: str, **arguments: Any) -> Any:
        """Return the answer to a read without pages; `operation` is boto3's method name."""

        def ask() -> Any:
            return getattr(self.client(service), operation)(**arguments)

        return self.shared_reads.once((service, operation, arguments), ask) if self.shared_reads else ask()

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
        """Yield the items under `key` of all pages of an operation; `operation` is boto3's method name."""
        found = items(self.client(service), service, operation, key, arguments)
        if not self.shared_reads:
            return found
        return iter(self.shared_reads.once((service, operation, arguments), lambda: [*found]))

    # -- tags ------------------------------------------------------------------------------------------------------

    def tag(self, resource_type: type[Resource], live: Observed, address: str) -> None:
        """Tag a resource as this stack's, with this address."""
        if self.taggable(resource_type):
            tagging.put(self, resource_type, live, self.tags(address))

    def retag(
        self, resource_type: type[Resource], live: Observed, tags: Mapping[str, str], removed: Collection[str]
    ) -> None:
        """Put tags on a resource of this stack beside its present ones, and remove tags by their keys."""
        if tags:
            tagging.put(self, resource_type, live, {**tags, **self.owner_tags(str(live.address))})
        if removed:
            tagging.drop(self, resource_type, live, removed)
        now = {**(live.tags or {}), **tags}
        self.inventory.note_retagged(
            resource_type, live.id, {key: value for key, value in now.items() if key not in removed}
        )

    def taggable(self, resource_type: type[Resource]) -> bool:
        """Say whether resources of this type carry owner tags of their own."""
        return tagging.taggable(resource_type)

    def read_tags(self, resource_type: type[Resource], live: Observed) -> dict[str, str]:
        """Return the tags of one resource, read now."""
        return tagging.read(self, resource_type, live)

    def tags_of(self, arn: str, read: Callable[[], Mapping[str, str]]) -> dict[str, str]:
        """Return a resource's tags from one bulk read of the tagging API, or by `read` if it lacks the resource.

        The tagging API lags: a missing resource proves nothing, but owner tags that it shows are trusted.
        """
        return self.tags_of_all([arn], lambda _: {arn: read()})[arn]

    def tags_of_all(
        self, arns: Sequence[str], read: Callable[[Sequence[str]], Mapping[str, Mapping[str, str]]]
    ) -> dict[str, dict[str, str]]:
        """Return the tags of resources by ARN, as `tags_of` does; `read` is called once for all ARNs still unknown."""
        return self.inventory.tags_of_all(self, arns, read)

    def tagged(self, service: str, resource_type: type[Resource]) -> list[str]:
        """Return the ARNs of this stack's resources of a service, as far as the tagging API shows them.

        Resources whose address has another type are left out, such as a bucket that an own step makes through the
        Cloud Control API: the permissions of this type do not reach them.
        """
        return [
            arn
            for arn, tags in list(self.inventory.tagged(self).items())
            if arn.split(":")[2] == service
            and (self.address_in(tags) or resource_type.type_name).partition("/")[0] == resource_type.type_name
        ]

    def know_tagged_types(self) -> None:
        """Load the resource types that appear only in address tags, and in no step or record."""
        for tags in self.inventory.tagged(self).values():
            type_named((self.address_in(tags) or "").partition("/")[0])

    # -- resources by type -----------------------------------------------------------------------------------------

    def known(self, resource_type: type[Resource]) -> Sequence[Mapping[str, Any]]:
        """Return the fields of a type's resources that are declared or recorded."""
        return self.knowledge.known(resource_type, self.observed)

    def recorded(self, resource_type: type[Resource]) -> Sequence[str]:
        """Return the ids under which a type's resources are recorded."""
        return self.knowledge.recorded(resource_type)

    def unready(self, resource_type: type[Resource]) -> Mapping[str, Mapping[str, Any]]:
        """Return the recorded outputs of a type's resources that are not recorded as ready, by id."""
        return self.knowledge.unready(resource_type)

    def live(
        self, resource_type: type[Resource], *, fresh: bool = False, deep: bool = False, only: Collection[str] = ()
    ) -> list[Observed]:
        """Return all resources of a type, read in bulk once a run, or again when `fresh`.

        A resource that this run wrote lately is kept even if AWS does not list it yet.

        Args:
            deep: read again also the other types that this type's list uses, because its resources are found through
                their parents.
            only: the ids that a fresh read must show anew; other resources may stay as they were. Empty: all ids.
        """
        return self.inventory.live(self, resource_type, fresh=fresh, deep=deep, only=only)

    def read_each(
        self, resource_type: type[Resource], field: str, names: Sequence[str], read: Callable[[str], Any]
    ) -> dict[str, Any]:
        """Return a field by resource name that AWS shows only in one call per resource; the calls run in parallel.

        With more than `MAX_SINGLE_READS` resources, values come from the state where it has settled ones, and from this
        run's earlier reads; only the rest is read. Changes that somebody else made since are not seen then.
        """
        trusted: dict[str, Any] = {}
        if len(names) > MAX_SINGLE_READS:
            before = (*self.knowledge.settled(resource_type), *self.inventory.attributes(resource_type))
            trusted = {fields[resource_type.identity[0]]: fields.get(field) for fields in before}
        unread = [name for name in names if name not in trusted]
        return trusted | dict(zip(unread, self.each(read, unread), strict=True))

    def note_written(self, resource_type: type[Resource], live: Observed) -> None:
        """Note a resource that this run created or changed, so that bulk reads show it at once."""
        if not live.id:
            return
        if live.address and (arn := live.id if live.id.startswith("arn:") else live.outputs.get("arn")):
            self.note_tags(arn, self.owner_tags(live.address))
        self.inventory.note_written(resource_type, live)

    def note_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Note tags that this run put on a resource, so that they need not be read."""
        self.inventory.note_tags(arn, tags)

    def note_deleted(self, resource_type: type[Resource], id: str) -> None:
        """Note that this run deleted a resource."""
        self.inventory.note_deleted(resource_type, id)

    def mark_stale(self, resource_type: type[Resource], only: Collection[str] = ()) -> None:
        """Drop the reads of one type, or of these ids only, so that the next look reads them again."""
        self.inventory.mark_stale(resource_type, only)

    def drop_reads(self) -> None:
        """Drop all bulk reads, so that the next ones ask AWS again. A long list of deleted names is kept."""
        self.inventory.drop_reads()


def batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Yield the items in groups of at most `size`, the limit of a describe call."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
