"""The way to AWS: one session, clients made when needed, a call log, a read-only guard, owner tags, bulk reads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from provisioner.aws import errors, rate_limits, tagging
from provisioner.aws.durations import TOOK
from provisioner.aws.errors import not_found, throttled
from provisioner.aws.pages import BadList, items
from provisioner.aws.redaction import check, without_secrets
from provisioner.engine.clock import SETTLE, Pace
from provisioner.engine.errors import OutcomeUnknown, ReadOnly
from provisioner.engine.resource import Observed, Resource

if TYPE_CHECKING:
    import boto3

    from provisioner.aws.call_log import CallLog
    from provisioner.engine.ports import Errors

T = TypeVar("T")
R = TypeVar("R")

ADDRESS_TAG = "provisioner:address"
MAX_SINGLE_READS = 10
"""Up to so many resources of a type each is asked for what no list tells of it."""
PARALLEL_READS = 10
"""Reads of one sort that go out at once."""
UNSETTLED = 120.0
"""Seconds for which a resource type is listed anew when a read says that there is none of what a list shows: lists go
on to show what is gone, and what is new is not known everywhere (terraform-provider-aws PR 31877 goes on for 2 minutes
too)."""
AGAIN = 2.0
"""Seconds between these."""
READS = re.compile(r"(Describe|List|Get|Filter|Search|Lookup|BatchGet|BatchCheck|Head|Test|Simulate)")
"""How the names of those operations begin that change nothing."""
_AGAIN_SINCE: ContextVar[int] = ContextVar("again_since", default=0)
"""While a list is read whose parts have to be as new: the number of the oldest read that is new enough."""
_PARAMETERS = "provisioner-parameters"
"""Under which a call's parameters stand in botocore's context of the call."""


@dataclass(frozen=True)
class Call:
    """One call that was made: `service` as boto3 names it, `operation` as AWS does, and how it ended."""

    service: str
    operation: str
    read: bool
    code: str | None
    at: float


@dataclass
class _Listing:
    """What is known of one type: its resources by id, and what this run made or removed since (id to monotonic time).

    `read` numbers the reads of all resource types; `doubtful` are the ids of what is to be read anew; `bad` is why its
    list cannot be read in this run.
    """

    lock: AbstractContextManager[Any]
    resources: dict[str, Observed] | None = None
    read: int = 0
    doubtful: set[str] = field(default_factory=set)
    bad: BadList | None = None
    written: dict[str, tuple[Observed, float]] = field(default_factory=dict)


@dataclass
class Answer:
    """What a read was answered with, for all who make the same one."""

    lock: AbstractContextManager[Any]
    known: bool = False
    value: Any = None

    def of(self, ask: Callable[[], Any]) -> Any:
        """Return it, asked for by whoever comes first; what that raises is not kept."""
        with self.lock:
            if not self.known:
                self.value = ask()
                self.known = True
            return self.value


class Aws:
    """What the resource types are handed.

    Args:
        session: a boto3 session with its region and credentials.
        project, env: the values of the owner tags; together, `<project>-<env>`, the stack's name.
        pace: the clock of the run.
        endpoint: an endpoint for all services, or None for AWS's own.
        resolver: address and port of the DNS server that knows the world's delegations, or None for the world's own.
        known: for a resource type, the fields of its resources that are declared or recorded.
        log: where the calls are written down for the user, if that was asked for.
        rates: whether AWS's documented rates are in force at the endpoint, so that calls wait for their turn.

    `domains` are those that the configuration's certificate is for; `include_unrecorded` makes the lists look also for
    what is neither declared nor recorded, and for what an interrupted teardown left half removed; `redeploy` puts
    services back to the task definitions that are declared where somebody else deployed newer ones; `new_ami` has
    instances replaced that were not launched from what is declared; `stand_ins` has images stood in for, and not built
    or copied; `settled` gives the recorded fields of a type's resources that are ready;
    `recorded` the ids under which a type's resources are recorded; `observed` holds what this run has found so far, by
    address; `deleted` the names of what it deleted and lists go on to show. `report_progress` tells the user how far
    the work on an address is, `queued` that a call for it waits for its turn at the rate of a service.
    """

    def __init__(
        self,
        session: boto3.Session,
        project: str,
        env: str,
        pace: Pace,
        *,
        endpoint: str | None = None,
        resolver: tuple[str, int] | None = None,
        known: Callable[[type[Resource]], Sequence[Mapping[str, Any]]] = lambda resource_type: (),
        log: CallLog | None = None,
        rates: bool = True,
    ) -> None:
        self.session, self.endpoint, self.pace, self.known = session, endpoint, pace, known
        self.resolver, self.log = resolver, log
        self.errors: Errors = errors
        self.name = f"{project}-{env}"
        self.region: str = session.region_name
        self.account = ""
        self.partition: str = session.get_partition_for_region(self.region)
        self.owner = {"Project": project, "Environment": env, "ManagedBy": "provisioner"}
        self.calls: list[Call] = []
        self.domains: Collection[str] = ()
        self.read_only = False
        self.include_unrecorded = False
        self.redeploy = False
        self.new_ami = False
        self.stand_ins = False
        self.settled: Callable[[type[Resource]], Sequence[Mapping[str, Any]]] = lambda resource_type: ()
        self.recorded: Callable[[type[Resource]], Sequence[str]] = lambda resource_type: ()
        self.observed: Mapping[str, Observed] = {}
        self.deleted: set[str] = set()
        self.report_progress: Callable[[str, str], None] = lambda address, text: None
        self.queued: Callable[[str, str], None] = lambda address, service: None
        self._acting: ContextVar[str] = ContextVar("acting", default="")
        self._rates = rate_limits.Buckets(pace.now, rate_limits.bucket_below, pace.runtime.lock)
        self._limited = rates
        self._clients: dict[tuple[str, str], Any] = {}
        self._making = pace.runtime.lock()
        self._listings: dict[type[Resource], _Listing] = {}
        self._tagging = pace.runtime.lock()
        self._tagged: dict[str, dict[str, str]] | None = None
        self._shared: dict[str, Answer] | None = None
        self._reads = count(1)

    # -- clients ---------------------------------------------------------------------------------------------------

    def client(self, service: str, region: str | None = None) -> Any:
        """Return the boto3 client of a service, made at most once; threads may share it."""
        key = (service, region or self.region)
        with self._making:
            if key not in self._clients:
                self._clients[key] = self._make(*key)
            return self._clients[key]

    def _make(self, service: str, region: str) -> Any:
        from botocore.config import Config

        config = Config(
            retries={"mode": "standard", "max_attempts": 10},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=50,
            user_agent_extra="provisioner",
            parameter_validation=False,  # `check` does it, and shows no secret
        )
        client = self.session.client(service, region_name=region, endpoint_url=self.endpoint, config=config)
        client.meta.events.register("before-parameter-build", self._guard)
        client.meta.events.register_last("before-parameter-build", _keep)
        client.meta.events.register_last("before-parameter-build", check)
        client.meta.events.register("after-call", self._note)
        # under botocore's own event names, or its handlers come first: one takes what is left for retries away, the
        # other signs, which is to be done after any wait
        model = client.meta.service_model
        own = model.service_id.hyphenize()
        client.meta.events.register_first(f"needs-retry.{own}", no_blind_retry)
        keep_time(client, self.pace)
        if self._limited:
            client.meta.events.register_first(f"request-created.{own}", partial(self._wait, model.signing_name, region))
        if self.log:
            self.log.watch(client)
        return client

    @staticmethod
    def reads(operation: str) -> bool:
        """Say whether an operation, named as AWS does, changes nothing."""
        return READS.match(operation) is not None

    @contextmanager
    def only_reads(self) -> Iterator[None]:
        """While the context lasts, the clients refuse every operation that is not a read."""
        before, self.read_only = self.read_only, True
        try:
            yield
        finally:
            self.read_only = before

    def _guard(self, model: Any, **_: Any) -> None:
        if self.read_only and not self.reads(model.name):
            raise ReadOnly(
                f"{model.service_model.service_name}:{model.name} is not a read call, and only those are allowed"
            )

    def _wait(self, service: str, region: str, operation_name: str, **_: Any) -> None:
        """Wait until the next attempt of a call may be sent; it is not if the user interrupts the run meanwhile."""

        def waits() -> None:
            if address := self._acting.get():
                self.queued(address, service)

        self._rates.wait(service, region, operation_name, self.pace.sleep, waits)

    @contextmanager
    def acting(self, address: str) -> Iterator[None]:
        """While the context lasts, this thread's calls are for that address, of which `queued` is told if they wait."""
        before = self._acting.set(address)
        try:
            yield
        finally:
            self._acting.reset(before)

    def _note(self, model: Any, parsed: dict[str, Any], context: dict[str, Any], http_response: Any, **_: Any) -> None:
        if self.endpoint:
            self.pace.lapse(float(http_response.headers.get(TOOK, 0)))
        error = parsed.get("Error", {})
        if message := error.get("Message"):
            error["Message"] = without_secrets(message, context[_PARAMETERS], model.input_shape)
        code = error.get("Code")
        read = self.reads(model.name)
        self.calls.append(Call(model.service_model.service_name, model.name, read, code, self.pace.time()))

    # -- reads -----------------------------------------------------------------------------------------------------

    def each(self, read: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Return what a read says of each item, asked for all of them at once."""
        return self.pace.runtime.each(read, items, PARALLEL_READS)

    @contextmanager
    def share_reads(self) -> Iterator[None]:
        """While the context lasts, the same read is made once, whoever asks: types look at each other's lists."""
        self._shared = {}
        try:
            yield
        finally:
            self._shared = None

    def read(self, service: str, operation: str, **arguments: Any) -> Any:
        """Return the answer to a read without pages, named as boto3 names it."""
        return self._once(
            (service, operation, arguments), lambda: getattr(self.client(service), operation)(**arguments)
        )

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
        """Yield the items under `key` of all pages of an operation, named as boto3 names it."""
        if self._shared is None:
            return items(self.client(service), service, operation, key, arguments)
        answer = self._once(
            (service, operation, arguments), lambda: [*items(self.client(service), service, operation, key, arguments)]
        )
        return iter(answer)

    def _once(self, what: Any, ask: Callable[[], Any]) -> Any:
        with self._making:
            if self._shared is None:
                answer = Answer(self.pace.runtime.lock())
            else:
                key = json.dumps(what, sort_keys=True)
                answer = self._shared.setdefault(key, Answer(self.pace.runtime.lock()))
        return answer.of(ask)

    # -- ownership -------------------------------------------------------------------------------------------------

    def tags(self, address: str) -> dict[str, str]:
        """Return the tags of a resource of this stack."""
        return self.owner | {ADDRESS_TAG: address}

    def tag_list(self, address: str, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
        """Return the tags of a resource as a list of pairs, under the names that the service uses."""
        return [{key: k, value: v} for k, v in self.tags(address).items()]

    def tag_specification(self, resource_type: str, address: str) -> list[dict[str, Any]]:
        """Return the tags in the form that EC2's create calls take."""
        return [{"ResourceType": resource_type, "Tags": self.tag_list(address)}]

    def owner_filters(self) -> list[dict[str, Any]]:
        """Return EC2-style filters for this stack's resources."""
        return [{"Name": f"tag:{key}", "Values": [value]} for key, value in self.owner.items()]

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Say whether these are the owner tags of this stack."""
        return all(tags.get(key) == value for key, value in self.owner.items())

    def other_owner(self, tags: Mapping[str, str]) -> str:
        """Return in words which other stack the tags are of; empty if they are of none."""
        theirs = tags.get("ManagedBy") == self.owner["ManagedBy"] or ADDRESS_TAG in tags
        if not theirs or self.owns(tags):
            return ""
        return f"project {tags.get('Project', '?')}, environment {tags.get('Environment', '?')}"

    def address_in(self, tags: Mapping[str, str]) -> str | None:
        """Return the address in the tags, if they are this stack's."""
        return tags.get(ADDRESS_TAG) if self.owns(tags) else None

    def tag(self, resource_type: type[Resource], live: Observed, address: str) -> None:
        """Make the tags of a resource say that it is this stack's, under this address."""
        if tagging.taggable(resource_type):
            tagging.put(self, resource_type, live, self.tags(address))

    def tags_of(self, arn: str, read: Callable[[], Mapping[str, str]]) -> dict[str, str]:
        """Return a resource's tags from one bulk read of the tagging API, or by `read` if that does not know it.

        The tagging API lags, so its silence proves nothing; what it says of our own tags is taken.
        """
        return self.tags_of_all([arn], lambda _: {arn: read()})[arn]

    def tags_of_all(
        self, arns: Sequence[str], read: Callable[[Sequence[str]], Mapping[str, Mapping[str, str]]]
    ) -> dict[str, dict[str, str]]:
        """Return the tags of resources by ARN, as `tags_of` does; `read` is asked once for all that are not known."""
        known = self._read_tagged()
        missing = [arn for arn in arns if arn not in known]
        found = {arn: dict(tags) for arn, tags in read(missing).items()} if missing else {}
        known.update({arn: tags for arn, tags in found.items() if self.owns(tags)})
        return {arn: known[arn] if arn in known else found.get(arn, {}) for arn in arns}

    def note_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Note tags that this run put on a resource, so that it is not asked for them."""
        with self._tagging:
            if self._tagged is not None:
                self._tagged[arn] = {**self._tagged.get(arn, {}), **tags}

    def tagged(self, service: str) -> list[str]:
        """Return the ARNs of this stack's resources of a service, as far as the tagging API shows them."""
        return [arn for arn in list(self._read_tagged()) if arn.split(":")[2] == service]

    def _read_tagged(self) -> dict[str, dict[str, str]]:
        with self._tagging:
            if self._tagged is None:
                filters = [{"Key": key, "Values": [value]} for key, value in self.owner.items()]
                found = self.pages(
                    "resourcegroupstaggingapi",
                    "get_resources",
                    "ResourceTagMappingList",
                    TagFilters=filters,
                    ResourcesPerPage=100,
                )
                self._tagged = {item["ResourceARN"]: tag_map(item["Tags"]) for item in found}
            return self._tagged

    # -- bulk reads ------------------------------------------------------------------------------------------------

    def read_each(
        self, resource_type: type[Resource], field: str, names: Sequence[str], read: Callable[[str], Any]
    ) -> dict[str, Any]:
        """Return by name a field that AWS tells of one resource a call: read of all of them at once.

        Of more than `MAX_SINGLE_READS` resources it is taken from the state where that has seen it in place, and read
        once a run elsewhere: what somebody else changed since is then not seen.
        """
        trusted: dict[str, Any] = {}
        if len(names) > MAX_SINGLE_READS:
            before = [live.attributes for live in (self._listing(resource_type).resources or {}).values()]
            trusted = {
                fields[resource_type.identity[0]]: fields.get(field)
                for fields in (*self.settled(resource_type), *before)
            }
        unread = [name for name in names if name not in trusted]
        return trusted | dict(zip(unread, self.each(read, unread), strict=True))

    def live(
        self, resource_type: type[Resource], *, fresh: bool = False, deep: bool = False, only: Collection[str] = ()
    ) -> list[Observed]:
        """Return all resources of a type, read in bulk once a run, or again when `fresh`.

        What this run made within the settling time is kept even if AWS does not list it yet.

        Args:
            deep: read also those resource types again that this one's list looks at: a part is found by what it is a
                part of.
            only: the ids that a fresh read is about; of others it need not tell anything new. All if there are none.
        """
        listing = self._listing(resource_type)
        since = next(self._reads) if deep else _AGAIN_SINCE.get()
        with listing.lock:
            if listing.bad:
                raise listing.bad
            resources, about = listing.resources, {*only, *listing.doubtful}
            try:
                if resources is None or listing.read < since or (fresh and not only):
                    resources = self._read_all(resource_type, listing, since)
                elif about:
                    some = self._read_some(resource_type, resources, listing, about)
                    resources = self._read_all(resource_type, listing, since) if some is None else some
            except BadList as error:
                listing.bad = error
                raise
            listing.resources, listing.doubtful = resources, set()
            return list(resources.values())

    def _read_all(self, resource_type: type[Resource], listing: _Listing, since: int) -> dict[str, Observed]:
        listing.read, asked = next(self._reads), _AGAIN_SINCE.set(since)
        try:
            resources = (
                self._settled_read(resource_type, lambda: resource_type.list(self, self.known(resource_type))) or {}
            )
        finally:
            _AGAIN_SINCE.reset(asked)
        self._add_written(listing, resources, list(listing.written))
        return resources

    def _read_some(
        self, resource_type: type[Resource], resources: Mapping[str, Observed], listing: _Listing, ids: Collection[str]
    ) -> dict[str, Observed] | None:
        """Return what is known of a type once these resources of it are read anew; None if it reads all or none."""
        read = self._settled_read(resource_type, lambda: resource_type.read_some(self, self.known(resource_type), ids))
        if read is None:
            return None
        self._add_written(listing, read, ids)
        return {old: live for old, live in resources.items() if old not in ids} | read

    def _add_written(self, listing: _Listing, resources: dict[str, Observed], ids: Iterable[str]) -> None:
        """Add to what a read of these ids shows what this run made lately and it does not show yet."""
        for made in [one for one in ids if one in listing.written]:
            live, at = listing.written[made]
            if made in resources or self.pace.now() > at + SETTLE:
                del listing.written[made]
            else:
                resources[made] = live

    def _settled_read(
        self, resource_type: type[Resource], read: Callable[[], Iterable[Observed] | None]
    ) -> dict[str, Observed] | None:
        """Return by id what a read of a type shows, made anew as long as it comes upon what is just going or coming."""
        until = self.pace.now() + UNSETTLED
        while True:
            try:
                lives = read()
                return None if lives is None else {live.id: live for live in lives}
            except Exception as error:
                # something went away between the list that names it and the read that looks closer, or is too new
                if not not_found(error, resource_type.service) or self.pace.stop.is_set() or self.pace.now() > until:
                    raise
                with self._making:
                    self._shared = None if self._shared is None else {}
                self.pace.wait(AGAIN)

    def note_written(self, resource_type: type[Resource], live: Observed) -> None:
        """Note a resource that this run made or changed, so that the bulk reads show it at once."""
        if not live.id:
            return
        if live.address and (arn := live.id if live.id.startswith("arn:") else live.outputs.get("arn")):
            self.note_tags(arn, self.tags(live.address))
        listing = self._listing(resource_type)
        with listing.lock:
            listing.written[live.id] = (live, self.pace.now())
            if listing.resources is not None:
                listing.resources[live.id] = live

    def note_deleted(self, resource_type: type[Resource], id: str) -> None:
        """Note that this run removed a resource."""
        listing = self._listing(resource_type)
        with listing.lock:
            listing.written.pop(id, None)
            if listing.resources is not None:
                listing.resources.pop(id, None)

    def mark_stale(self, resource_type: type[Resource], only: Collection[str] = ()) -> None:
        """Drop what is known of one type, or only of what has these ids, so that the next look reads it again."""
        listing = self._listing(resource_type)
        with listing.lock:
            if only:
                listing.doubtful.update(only)
            else:
                listing.resources = None

    def drop_reads(self) -> None:
        """Drop all bulk reads, so that the next ones ask AWS again, but for what this run deleted if that is much."""
        with self._making:
            self._listings.clear()
            self._tagged = None
            if len(self.deleted) <= MAX_SINGLE_READS:
                self.deleted.clear()

    def _listing(self, resource_type: type[Resource]) -> _Listing:
        with self._making:
            return self._listings.setdefault(resource_type, _Listing(self.pace.runtime.lock()))


def _keep(params: Any, context: dict[str, Any], **_: Any) -> None:
    context[_PARAMETERS] = params


def no_blind_retry(
    operation: Any, response: tuple[Any, Mapping[str, Any]] | None, caught_exception: Exception | None, **_: Any
) -> None:
    """Keep botocore from repeating a write that may have had its effect: most creates would make a second resource.

    Raises:
        OutcomeUnknown: the reply to a write was lost, or is an error of the server's that is not throttling.
    """
    from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

    if READS.match(operation.name) or isinstance(caught_exception, (ConnectTimeoutError, EndpointConnectionError)):
        return
    if caught_exception is not None:
        raise OutcomeUnknown(f"the response to {operation.name} was lost ({caught_exception})") from caught_exception
    if response is not None and response[0].status_code >= 500:
        code = response[1].get("Error", {}).get("Code", "")
        if not throttled(code):
            raise OutcomeUnknown(f"{operation.name} returned HTTP {response[0].status_code} {code}")


def tag_map(tags: Iterable[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Return a list of tag pairs as a mapping."""
    return {tag[key]: tag[value] for tag in tags or ()}


def batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Yield the items in groups of at most `size`, the most that a describe call takes."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def keep_time(client: Any, pace: Pace) -> None:
    """Let a client's calls take the time of a run's clock: their way there and back, and the pauses between retries.

    botocore would wait for the latter by the machine's clock.
    """
    from botocore.retries.standard import register_retry_handler

    service = client.meta.service_model.service_id.hyphenize()
    event, own = f"needs-retry.{service}", f"retry-config-{service}"
    client.meta.events.unregister(event, unique_id=own)
    handler = register_retry_handler(client, client.meta.config.retries["total_max_attempts"])
    client.meta.events.unregister(event, unique_id=own)

    def again(**attempt: Any) -> float | None:
        seconds: float | None = handler.needs_retry(**attempt)
        if seconds is None:
            return None
        pace.lapse(seconds)
        return 0

    client.meta.events.register(event, again)
    if way := pace.runtime.round_trip:
        # before it is signed, and after any other wait
        client.meta.events.register_first(f"request-created.{service}", lambda **_: pace.lapse(way))
