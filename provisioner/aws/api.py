"""One API of AWS and the facts about it that every caller shares; it is defined beside its resource types.

Not here: the list of all APIs. An `Api` registers itself when it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any, Literal, Protocol

from provisioner.engine.ports import Row
from provisioner.engine.resource_types import MODULES, all_types

Tags = dict[str, str]


class Clients(Protocol):
    """The part of `Aws` that reading and writing tags needs."""

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

    @property
    def inherited(self) -> dict[str, str]:
        """The tags that a resource hands on: an Auto Scaling group to its instances."""

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service."""

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
        """Yield the items under `key` of all pages of an operation."""

    def tags_of(self, arn: str, read: Callable[[], Mapping[str, str]]) -> Tags:
        """Return a resource's tags from one bulk read, or by `read` if the bulk read does not show the resource."""


@dataclass(frozen=True)
class TagCalls:
    """The calls of an API that read and write the tags of a resource, named by its id or by its output `arn`.

    New tags replace tags with the same keys, and keys without a tag are no error, so each can be repeated safely.
    """

    by: Literal["id", "arn"]
    read: Callable[[Clients, str], Tags]
    put: Callable[[Clients, str, Mapping[str, str]], object]
    drop: Callable[[Clients, str, Sequence[str]], object]


@dataclass(frozen=True)
class Limit:
    """One documented limit of calls, for an account in a Region.

    Attributes:
        draws: the calls that share a token bucket: `each` operation has its own bucket, the operations named here have
            one `together`, or `all` of the API's operations share one in addition to their own.
        burst: the tokens that a bucket can hold. A limit documented as N calls a second has a burst of N.
        rate: the tokens that a bucket gains a second.
        source: the AWS document.
        operations: operation names as AWS writes them: a name, its beginning and `*`, or `*` for every operation that
            no earlier row names.
        service: the name that signs the requests; the `Api` fills it in.
    """

    draws: Literal["each", "together", "all"]
    burst: float
    rate: float
    source: str
    operations: tuple[str, ...]
    service: str = ""

    def names(self, operation: str) -> bool:
        """Say whether the limit applies to an operation."""
        return any(
            operation.startswith(name[:-1]) if name.endswith("*") else operation == name for name in self.operations
        )


_APIS: dict[str, Api] = {}
_SIGNED: dict[str, Api] = {}


@dataclass(frozen=True, eq=False)
class Api:
    """One API. Making it registers it; a second one for the same service replaces the first.

    Attributes:
        service: the name of its boto3 client.
        name: its name in messages to people.
        signing_name: the name that signs its requests and stands in its actions and ARNs, if it differs from `service`.
        everywhere: whether one endpoint serves all Regions, so that clients of every Region reach the same resources.
        tags: the calls that read and write tags of single resources, if it has tags.
        transient: the meanings of its refusals: temporary ones, and ones for a missing resource. Within a category the
            first row that matches an error counts.
        rates: its documented limits of calls, if this tool can reach them.
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
        """Return the limits that apply to a call: each limit of all calls, and the first other limit that names it."""
        rows = [limit for limit in self.rates if limit.names(operation)]
        own = [limit for limit in rows if limit.draws != "all"]
        return (*(limit for limit in rows if limit.draws == "all"), *own[:1])


def apis() -> Mapping[str, Api]:
    """Return every API by the name of its boto3 client. Imports the modules of all resource types for that."""
    all_types()
    return _APIS


def keep_only(known: Mapping[str, Api]) -> None:
    """Forget every API that is not in `known`: the user's own steps that defined it are no longer imported."""
    _APIS.clear()
    _SIGNED.clear()
    _APIS.update(known)
    _SIGNED.update({api.signing_name: api for api in known.values()})


def api_of(service: str) -> Api | None:
    """Return the API of a boto3 client; None if no module defines it."""
    if service not in _APIS:
        _import_room(service)
    return _APIS.get(service) or apis().get(service)


def signed_by(name: str) -> Api | None:
    """Return the API whose requests are signed with a name; None if no module defines it."""
    if name not in _SIGNED:
        _import_room(name)
    if name not in _SIGNED:
        all_types()
    return _SIGNED.get(name)


def _import_room(name: str) -> None:
    """Import the modules that are likely to define an API, by their names: all types take longer than a short call."""
    room = name.replace("-", "_")
    for module in MODULES:
        if module.endswith((f".{room}", f".{room}.api")):
            import_module(module)


def name_of(signing_name: str) -> str:
    """Return the display name of the API whose requests are signed with a name; the name itself if it is unknown."""
    api = signed_by(signing_name)
    return api.name if api else signing_name


STS = Api("sts", "STS")
"""STS has no resource types, but every command starts with an STS call. It is defined here to avoid imports."""
