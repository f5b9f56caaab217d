"""What the resource types are handed: how one run reaches AWS. It is immutable; methods return changed copies."""

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
"""Reads of one sort that go out at once."""


@dataclass(frozen=True)
class Aws(Ownership):
    """The way to AWS for one run: its connection, what it knows of the account, and how it looks.

    Attributes:
        connection: session and service clients.
        inventory: what this run has read and written.
        account: the account's number.
        resolver: address and port of the DNS server that knows the world's delegations, or None for the world's own.
        domains: those that the configuration's certificate is for.
        reads_only: whether every operation that is not a read is refused.
        include_unrecorded: whether the lists look also for what is neither declared nor recorded, and for what an
            interrupted teardown left half deleted.
        redeploy: whether services go back to the declared task definitions where somebody else deployed newer ones.
        retry_failed: whether services get revisions again that ECS rolled back.
        new_ami: whether instances are replaced that were not launched from what is declared.
        take_over: the names of records that are to be taken over from whoever has them.
        give_back: the names of records that are to lead again where they did before they were taken over.
        stand_ins: whether images are stood in for, and not built or copied.
        knowledge: what is declared and recorded.
        observed: what this run has found so far, by address.
        report_progress: tells the user how far the work on an address is.
        queued: tells the user that a call for an address waits for its turn at the rate of an API: the name that
            signs the call, and what people call the API.
        fence: is called before each attempt of a call that writes for an address; what it raises prevents it.
        shared_reads: while several types are read side by side, what they have been answered.
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
    new_ami: bool = False
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
        """The names of what this run deleted and lists go on to show."""
        return self.inventory.deleted

    @property
    def errors(self) -> Errors:
        """What AWS's errors mean."""
        return errors

    # -- the same, but ---------------------------------------------------------------------------------------------

    def in_account(self, account: str) -> Self:
        """Return the same, which knows its account."""
        return replace(self, account=account)

    def reading(self) -> Self:
        """Return the same, which refuses every operation that is not a read."""
        return replace(self, reads_only=True)

    def exhaustive(self) -> Self:
        """Return the same, whose lists look also for what is neither declared nor recorded."""
        return replace(self, include_unrecorded=True)

    def knowing(self, knowledge: KnownResources) -> Self:
        """Return the same, which looks up what is declared and recorded by its names and ids."""
        return replace(self, knowledge=knowledge)

    def observing(self, observed: Mapping[str, Observed]) -> Self:
        """Return the same for a run that notes here what it finds, by address."""
        return replace(self, observed=observed)

    def reporting(
        self,
        queued: Callable[[str, str, str], None],
        report_progress: Callable[[str, str], None] = lambda address, text: None,
    ) -> Self:
        """Return the same for a run that tells its user what waits for its turn, and how far it is."""
        return replace(self, queued=queued, report_progress=report_progress)

    def fenced(self, check: Callable[[], None]) -> Self:
        """Return the same, which calls `check` before each attempt of a write; what it raises prevents it.

        A command that has lost the state lock while it slept, or had no network, must not go on with what it
        was about to do: another one has done more since.
        """
        return replace(self, fence=check)

    def sharing_reads(self) -> Self:
        """Return the same, which makes the same read once, whoever asks: types look at each other's lists."""
        return replace(self, shared_reads=SharedReads(self.pace.runtime))

    # -- calls -----------------------------------------------------------------------------------------------------

    def client(self, service: str, region: str | None = None) -> Any:
        """Return the boto3 client of a service; threads may share it."""
        client = self.connection.client(service, region)
        return ReadsOnly(client) if self.reads_only else client

    def acting(self, address: str) -> AbstractContextManager[None]:
        """While the context lasts, this thread's calls are for that address: `queued` and `fence` learn of them."""
        return acting(CallHooks(lambda service: self.queued(address, service, name_of(service)), self.fence))

    def each(self, read: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Return what a read says of each item, asked for all of them at once."""
        return each(self.pace, read, items, PARALLEL_READS)

    def read(self, service: str, operation: str, **arguments: Any) -> Any:
        """Return the answer to a read without pages, named as boto3 names it."""

        def ask() -> Any:
            return getattr(self.client(service), operation)(**arguments)

        return self.shared_reads.once((service, operation, arguments), ask) if self.shared_reads else ask()

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
        """Yield the items under `key` of all pages of an operation, named as boto3 names it."""
        found = items(self.client(service), service, operation, key, arguments)
        if not self.shared_reads:
            return found
        return iter(self.shared_reads.once((service, operation, arguments), lambda: [*found]))

    # -- tags ------------------------------------------------------------------------------------------------------

    def tag(self, resource_type: type[Resource], live: Observed, address: str) -> None:
        """Make the tags of a resource say that it is this stack's, under this address."""
        if self.taggable(resource_type):
            tagging.put(self, resource_type, live, self.tags(address))

    def taggable(self, resource_type: type[Resource]) -> bool:
        """Say whether resources of this type carry their owner in tags of their own."""
        return tagging.taggable(resource_type)

    def read_tags(self, resource_type: type[Resource], live: Observed) -> dict[str, str]:
        """Return the tags of one resource, read now."""
        return tagging.read(self, resource_type, live)

    def tags_of(self, arn: str, read: Callable[[], Mapping[str, str]]) -> dict[str, str]:
        """Return a resource's tags from one bulk read of the tagging API, or by `read` if that does not know it.

        The tagging API lags, so its silence proves nothing; what it says of our own tags is taken.
        """
        return self.tags_of_all([arn], lambda _: {arn: read()})[arn]

    def tags_of_all(
        self, arns: Sequence[str], read: Callable[[Sequence[str]], Mapping[str, Mapping[str, str]]]
    ) -> dict[str, dict[str, str]]:
        """Return the tags of resources by ARN, as `tags_of` does; `read` is asked once for all that are not known."""
        return self.inventory.tags_of_all(self, arns, read)

    def tagged(self, service: str) -> list[str]:
        """Return the ARNs of this stack's resources of a service, as far as the tagging API shows them."""
        return [arn for arn in list(self.inventory.tagged(self)) if arn.split(":")[2] == service]

    def know_tagged_types(self) -> None:
        """Have all types known that are named only in the address of a tag, and not by a step or a record."""
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
        """Return the recorded outputs of those of a type that are not recorded as ready, by id."""
        return self.knowledge.unready(resource_type)

    def live(
        self, resource_type: type[Resource], *, fresh: bool = False, deep: bool = False, only: Collection[str] = ()
    ) -> list[Observed]:
        """Return all resources of a type, read in bulk once a run, or again when `fresh`.

        What this run wrote lately is kept even if AWS does not list it yet.

        Args:
            deep: read also those resource types again that this one's list looks at: a part is found by what it is a
                part of.
            only: the ids that a fresh read is about; of others it need not tell anything new. All if there are none.
        """
        return self.inventory.live(self, resource_type, fresh=fresh, deep=deep, only=only)

    def read_each(
        self, resource_type: type[Resource], field: str, names: Sequence[str], read: Callable[[str], Any]
    ) -> dict[str, Any]:
        """Return by name a field that AWS tells of one resource a call: read of all of them at once.

        Of more than `MAX_SINGLE_READS` resources it is taken from the state where that has seen it in place, and read
        once a run elsewhere: what somebody else changed since is then not seen.
        """
        trusted: dict[str, Any] = {}
        if len(names) > MAX_SINGLE_READS:
            before = (*self.knowledge.settled(resource_type), *self.inventory.attributes(resource_type))
            trusted = {fields[resource_type.identity[0]]: fields.get(field) for fields in before}
        unread = [name for name in names if name not in trusted]
        return trusted | dict(zip(unread, self.each(read, unread), strict=True))

    def note_written(self, resource_type: type[Resource], live: Observed) -> None:
        """Note a resource that this run created or changed, so that the bulk reads show it at once."""
        if not live.id:
            return
        if live.address and (arn := live.id if live.id.startswith("arn:") else live.outputs.get("arn")):
            self.note_tags(arn, self.tags(live.address))
        self.inventory.note_written(resource_type, live)

    def note_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Note tags that this run put on a resource, so that it is not asked for them."""
        self.inventory.note_tags(arn, tags)

    def note_deleted(self, resource_type: type[Resource], id: str) -> None:
        """Note that this run deleted a resource."""
        self.inventory.note_deleted(resource_type, id)

    def mark_stale(self, resource_type: type[Resource], only: Collection[str] = ()) -> None:
        """Drop what is known of one type, or only of what has these ids, so that the next look reads it again."""
        self.inventory.mark_stale(resource_type, only)

    def drop_reads(self) -> None:
        """Drop all bulk reads, so that the next ones ask AWS again, but for what this run deleted if that is much."""
        self.inventory.drop_reads()


def batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Yield the items in groups of at most `size`, the most that a describe call takes."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
