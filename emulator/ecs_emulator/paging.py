"""Divide lists into pages as AWS does: with each service's page sizes, and opaque tokens.

The sizes come from the API references (the member that limits a page: `MaxResults`, `MaxRecords`, `PageSize` …). The
members for the list, the limit and the token come from boto3's paginators. A token stands for the rest of the list as
it was at the request of its first page, so that nothing shifts between two pages.

Not changed: lists whose next page begins at a name that the caller gives (ListResourceRecordSets,
ListHostedZonesByName), and S3's.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from botocore import xform_name
from moto.core.responses import ActionResult
from moto.core.utils import get_pagination_model, get_service_model

from ecs_emulator import faults
from ecs_emulator.patch import on_reset, refuse, wrap
from ecs_emulator.services.apis import APIS
from ecs_emulator.services.model import Pages

SMALL = 2
"""The entries of a page in the scenario `small-pages`."""
_IDS = re.compile(r"(ids|names|arns|versions)$", re.IGNORECASE)
"""The ends of the names of request members that name the resources to list."""
_KEPT = 5000
"""The most tokens that are remembered: the newest."""
_ALL = 1_000_000
"""The page size in requests to moto, so that only this module makes pages."""


# "We return only 1,000 items" for more.
_CLIPPED = ("DescribeVpcEndpoints", "DescribeVpcEndpointServices")
_BY_NAME = ("ListResourceRecordSets",)


@dataclass(frozen=True)
class Listing:
    """A list: its service and operation, and the members of its request and answer that make pages."""

    service: str
    operation: str
    token: str
    next_token: str
    limit: str
    keys: tuple[str, ...]
    more: str = ""

    @property
    def name(self) -> str:
        """The operation as faults name it: `signing name:Operation`."""
        return f"{get_service_model(self.service).signing_name}:{self.operation}"

    @property
    def may_hold_less(self) -> bool:
        """Return whether a page may be smaller than its size although more entries follow."""
        return _pages(self.service).empty or self.operation in APIS[self.service].empty

    def size(self, requested: Any) -> int:
        """Return the size of the next page for a requested size, or for none."""
        rules = _pages(self.service)
        bounds = APIS[self.service].lists.get(self.operation, rules.bounds)
        size = bounds.usual if requested in (None, "") else int(requested)
        if rules.size and self.operation not in _CLIPPED and not bounds.least <= size <= bounds.most:
            refuse(rules.size, f"{self.limit} must be between {bounds.least} and {bounds.most}, and is {size}")
        return min(size, bounds.most)


@dataclass(frozen=True)
class _Rest:
    """The rest of a list, for which a token stands: its whole answer, and the number of entries given already."""

    listing: Listing
    answer: Mapping[str, Any]
    start: int


_rests: dict[str, _Rest] = {}


@on_reset
def _forget() -> None:
    _rests.clear()


def listings(service: str) -> dict[str, Listing]:
    """Return every list of a service that comes in pages, by its operation's name."""
    found = {}
    for operation, model in get_pagination_model(service).items():
        if operation not in _BY_NAME and "limit_key" in model:
            keys = model["result_key"] if isinstance(model["result_key"], list) else [model["result_key"]]
            members = (model["input_token"], model["output_token"], model["limit_key"], tuple(keys))
            found[operation] = Listing(service, operation, *members, model.get("more_results", ""))
    for operation, (token, limit, key) in APIS[service].more_lists.items():
        found[operation] = Listing(service, operation, token, token, limit, (key,))
    return found


def page(listing: Listing, request: Mapping[str, Any], ask: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """Return the page that the request asks for; `ask` returns the whole list, for its first page."""
    size = listing.size(request.get(listing.limit))
    start, token = 0, request.get(listing.token)
    if token:
        rest = _rests.get(token)
        if rest is None or rest.listing != listing:
            refuse(_pages(listing.service).token, f"The {listing.token} of the request is not valid.")
        answer, start = rest.answer, rest.start
    else:
        answer = ask()
    # resources that are named in the request come in one page
    if not any(map(_IDS.search, request)) and faults.current.strike("small-pages", listing.name):
        size = 0 if not token and listing.may_hold_less else min(size, SMALL)
    end = start + size
    shown = {**answer, **{key: answer[key][start:end] for key in listing.keys if answer.get(key)}}
    left = any(len(answer.get(key) or ()) > end for key in listing.keys)
    shown[listing.next_token] = _remember(_Rest(listing, answer, end)) if left else answer.get(listing.next_token)
    if listing.more:
        shown[listing.more] = left
    return {name: value for name, value in shown.items() if value is not None}


def _remember(rest: _Rest) -> str:
    token = secrets.token_urlsafe(48)
    _rests[token] = rest
    if len(_rests) > _KEPT:
        del _rests[next(iter(_rests))]
    return token


def _pages(service: str) -> Pages:
    """Return the paging rules of a service that has lists in pages."""
    if (pages := APIS[service].pages) is None:
        raise LookupError(f"no list of {service} comes in pages")
    return pages


def responses() -> dict[str, str]:
    """Return moto's response class of each service with lists in pages, below `moto`; ECS has ours (`ecs.dispatch`)."""
    return {api.name: api.responses for api in APIS.values() if api.responses}


def install() -> None:
    """Add pages to every list of moto's services; only once in a process, after all rules."""
    for service, place in responses().items():
        module, _, name = place.partition(":")
        response = getattr(import_module(f"moto.{module}"), name)
        for operation, listing in listings(service).items():
            if hasattr(response, xform_name(operation)):
                _lay(response, listing)


def _lay(response: type, listing: Listing) -> None:
    plain = False

    @wrap(response, xform_name(listing.operation))
    def in_pages(original: Any, self: Any) -> Any:
        request = self.params if self.automated_parameter_parsing else json.loads(self.body or "{}")

        def ask() -> dict[str, Any]:
            nonlocal plain
            whole, plain = _whole(listing, original, self, request)
            return whole

        shown = page(listing, request, ask)
        return json.dumps(shown) if plain else ActionResult(shown)


def _whole(listing: Listing, original: Any, self: Any, request: Any) -> tuple[dict[str, Any], bool]:
    """Return the whole list, from all of moto's pages, and whether moto writes it as JSON itself."""
    whole: dict[str, Any] = {}
    request.pop(listing.token, None)
    request[listing.limit] = APIS[listing.service].most.get(listing.operation, _ALL)
    while True:
        if not self.automated_parameter_parsing:
            self.body = json.dumps(request)
        answer = original(self)
        plain = isinstance(answer, str)
        result: Any = json.loads(answer) if plain else answer.result
        for key in listing.keys:
            result[key] = [*whole.get(key, ()), *(result.get(key) or ())]
        whole = dict(result)
        if not result.get(listing.next_token):
            return whole, plain
        request[listing.token] = result[listing.next_token]
