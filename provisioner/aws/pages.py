"""Lists in pages: with boto3's paginators, without one, and with a check against endless pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.engine.errors import ProvisionError

TOKENS = {
    "describe_instance_refreshes": "NextToken",
    "describe_capacity_providers": "nextToken",
    "list_hosted_zones_by_vpc": "NextToken",
}
"""Lists without a paginator in boto3, and the member that leads to the next page."""


class BadList(ProvisionError):
    """A list whose pages never end, which AWS's never do; reading it again would not help."""

    code = "connection"

    def __init__(self, service: str, operation: str) -> None:
        super().__init__(
            f"{service} {operation} returned the same page token twice, which AWS never does: check "
            "the endpoint, then run again"
        )


def items(client: Any, service: str, operation: str, key: str, arguments: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the items under `key` of all pages of an operation; `operation` is boto3's method name.

    Raises:
        BadList: a page token comes twice.
    """
    from botocore.exceptions import PaginationError

    if not client.can_paginate(operation):
        yield from _unpaged(client, service, operation, key, arguments)
        return
    try:
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page.get(key, ())
    except PaginationError as error:
        raise BadList(service, operation) from error


def _unpaged(client: Any, service: str, operation: str, key: str, arguments: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the items of a list that has no paginator in boto3."""
    member, seen = TOKENS.get(operation, ""), set[str]()
    while True:
        answer = getattr(client, operation)(**arguments)
        yield from answer.get(key, ())
        if not (token := answer.get(member)):
            return
        if token in seen:
            raise BadList(service, operation)
        seen.add(token)
        arguments = {**arguments, member: token}
