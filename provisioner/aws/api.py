"""One API of AWS, and what is known of it, whoever calls it: it stands beside its resource types.

Not here: which APIs there are. Each is known once it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Literal, Protocol

from provisioner.engine.ports import Row
from provisioner.engine.resource_types import all_types

Tags = dict[str, str]


class Clients(Protocol):
    """What of the way to AWS is needed to read and put on tags."""

    @property
    def partition(self) -> str:
        """The Region's partition."""

    @property
    def region(self) -> str:
        """The Region of the stack."""

    @property
    def account(self) -> str:
        """The account's number."""

    @property
    def owner(self) -> dict[str, str]:
        """The owner tags, which all of the stack's resources carry."""

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service."""

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
        """Yield the items under `key` of all pages of an operation."""

    def tags_of(self, arn: str, read: Callable[[], Mapping[str, str]]) -> Tags:
        """Return a resource's tags from one bulk read, or by `read` if that does not know it."""


@dataclass(frozen=True)
class TagCalls:
    """How an API reads and puts on the tags of a resource, which it names by its id or by its output `arn`.

    Tags that are put on take the place of those of the same keys; it is safe to repeat.
    """

    by: Literal["id", "arn"]
    read: Callable[[Clients, str], Tags]
    put: Callable[[Clients, str, Mapping[str, str]], object]


@dataclass(frozen=True)
class Limit:
    """One documented limit, of an account in a Region.

    Attributes:
        draws: which calls draw on one bucket: `each` operation has its own, the operations that are named here have one
            `together`, or `all` of the API's have one, besides their own.
        burst: tokens that a bucket holds. A limit that is documented as so many calls a second has as many.
        rate: tokens that it gains a second.
        source: the document.
        operations: as AWS writes them: a name, its beginning and `*`, or `*` for all that no row before this one names.
        service: the name that signs the requests, which its `Api` adds.
    """

    draws: Literal["each", "together", "all"]
    burst: float
    rate: float
    source: str
    operations: tuple[str, ...]
    service: str = ""

    def names(self, operation: str) -> bool:
        """Say whether the limit is about an operation."""
        return any(fnmatchcase(operation, pattern) for pattern in self.operations)


_APIS: dict[str, Api] = {}
_SIGNED: dict[str, Api] = {}


@dataclass(frozen=True, eq=False)
class Api:
    """One API. To make it registers it; of two of one service the later one is believed.

    Attributes:
        service: the name of its boto3 client.
        name: what people call it.
        signing_name: the name that signs its requests, and that its actions and ARNs have, if that is not `service`.
        everywhere: whether it is one for all Regions, so that its resources are reached from each.
        tags: how tags of single resources are read and written, if it has tags.
        transient: what its refusals mean, those that pass and those that say that there is no such resource; an error
            is taken for the first row of a category that speaks of it.
        rates: how many calls it takes, as far as that is documented and within reach.
    """

    service: str
    name: str
    signing_name: str = ""
    everywhere: bool = False
    tags: TagCalls | None = None
    transient: tuple[Row, ...] = ()
    rates: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        signs = self.signing_name or self.service
        object.__setattr__(self, "signing_name", signs)
        object.__setattr__(self, "transient", tuple(replace(row, service=self.service) for row in self.transient))
        object.__setattr__(self, "rates", tuple(replace(limit, service=signs) for limit in self.rates))
        _APIS[self.service] = _SIGNED[signs] = self

    @cache  # noqa: B019 (an API lives as long as the process)
    def limits_of(self, operation: str) -> tuple[Limit, ...]:
        """Return the limits that a call is under: that of all calls, and the first other that names it."""
        rows = [limit for limit in self.rates if limit.names(operation)]
        own = [limit for limit in rows if limit.draws != "all"]
        return (*(limit for limit in rows if limit.draws == "all"), *own[:1])


def apis() -> Mapping[str, Api]:
    """Return every API by the name of its boto3 client; the modules of all resource types are imported for that."""
    all_types()
    return _APIS


def keep_only(known: Mapping[str, Api]) -> None:
    """Forget all APIs but these: own steps that made others are no longer imported."""
    _APIS.clear()
    _SIGNED.clear()
    _APIS.update(known)
    _SIGNED.update({api.signing_name: api for api in known.values()})


def api_of(service: str) -> Api | None:
    """Return the API of a boto3 client; None if there is nothing known of it."""
    return _APIS.get(service) or apis().get(service)


def signed_by(name: str) -> Api | None:
    """Return the API whose requests are signed with a name; None if there is nothing known of it."""
    if name not in _SIGNED:
        all_types()
    return _SIGNED.get(name)


def name_of(signing_name: str) -> str:
    """Return what people call the API whose requests are signed with a name: that name, if nothing is known of it."""
    api = signed_by(signing_name)
    return api.name if api else signing_name


STS = Api("sts", "STS")
"""It has no resource types, and every command begins with a call of it: nothing is imported to know that."""
