"""The numbered log of answered calls, and what is read off a request: service, Region, operation, access key."""

from __future__ import annotations

import functools
import re
import time
import urllib.parse
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

_KEPT = 20_000
_READS = ("Describe", "List", "Get", "BatchGet", "Search", "Lookup", "Head", "Test", "Discover", "Simulate", "Filter")
_SCOPE = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/aws4_request")
_CODE = re.compile(r'<Code>([^<]+)</Code>|"__type":\s*"(?:[^"#]*#)?([^"]+)"')


@dataclass(frozen=True)
class Call:
    """One answered call: `write` is whether the operation could change anything, `error` AWS's code or empty.

    `at` is when it was answered, in seconds since the epoch.
    """

    number: int
    service: str
    region: str
    operation: str
    write: bool
    status: int
    error: str
    at: float


class AnsweredCalls:
    """The newest calls, numbered from 1 without gaps."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=_KEPT)
        self._number = 0

    def note(self, environ: dict[str, Any], operation: str, status: int, headers: Any, body: bytes) -> None:
        """Append one call. Callers hold the cloud's lock, so that the numbers follow the order of effects."""
        self._number += 1
        service, region = scope(environ)
        error = _error(headers, body) if status >= 400 else ""
        write, at = is_write(operation), time.time()
        self._calls.append(Call(self._number, service, region, operation, write, status, error, at))

    def since(self, number: int) -> list[dict[str, Any]]:
        """The calls numbered above `number`, oldest first; of a negative one, so many of the newest."""
        first = number if number >= 0 else self._number + number
        return [asdict(call) for call in list(self._calls) if call.number > first]


def is_write(operation: str) -> bool:
    """Whether an operation could change anything."""
    return not operation.startswith(_READS)


def scope(environ: dict[str, Any]) -> tuple[str, str]:
    """The service's signing name and the region of a signed request; empty when it is not signed."""
    if found := _signature(environ):
        return found[3], found[2]
    # addresses that S3's clients sign may be of the older form, which names no Region
    return ("s3", "") if "AWSAccessKeyId" in urllib.parse.parse_qs(environ.get("QUERY_STRING", "")) else ("", "")


def model(service: str, path: str) -> str:
    """The name of botocore's model of an API, by the name that signs its requests: SES has two versions of one."""
    return "sesv2" if service == "ses" and path.startswith("/v2/") else service


def signer(environ: dict[str, Any]) -> str:
    """The access key id that a request is signed with, in its header or its query; empty when it is not signed."""
    query = urllib.parse.parse_qs(environ.get("QUERY_STRING", ""))
    found = _signature(environ)
    return found[1] if found else query.get("AWSAccessKeyId", [""])[0]


def is_presigned(environ: dict[str, Any]) -> bool:
    """Whether a request is signed in its address, which whoever was given it may open (S3 guide, presigned URLs)."""
    given = urllib.parse.parse_qs(environ.get("QUERY_STRING", "")).keys()
    return {"X-Amz-Credential", "X-Amz-Signature"} <= given or {"AWSAccessKeyId", "Signature"} <= given


def _signature(environ: dict[str, Any]) -> re.Match[str] | None:
    query = urllib.parse.unquote(environ.get("QUERY_STRING", ""))
    return _SCOPE.search(environ.get("HTTP_AUTHORIZATION", "")) or _SCOPE.search(query)


def operation_of(environ: dict[str, Any], body: bytes) -> str:
    """The AWS operation that a request asks for: from the target, the form or, for REST services, the route."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    path = str(environ["PATH_INFO"])
    if "/operation/" in path:
        return path.rpartition("/")[2]
    if environ["CONTENT_TYPE"].startswith("application/x-www-form-urlencoded"):
        form = urllib.parse.parse_qs(body.decode("utf-8", "replace"))
        if "Action" in form:
            return form["Action"][0]
    return _routed(environ)


def _routed(environ: dict[str, Any]) -> str:
    from botocore.exceptions import UnknownServiceError
    from moto.core.request import Request
    from werkzeug.exceptions import NotFound

    try:
        operation, _ = _router(model(scope(environ)[0], environ["PATH_INFO"])).match(Request({**environ}))
    except (NotFound, NotImplementedError, UnknownServiceError):
        return f"{environ['REQUEST_METHOD'].title()} {environ['PATH_INFO']}"
    return str(operation.name)


@functools.cache
def _router(service: str) -> Any:
    from moto.core.routing import get_service_router

    return get_service_router(service)


def _error(headers: Any, body: bytes) -> str:
    for name, value in headers:
        if name.lower() == "x-amzn-errortype":
            return str(value).rpartition("#")[2]
    found = _CODE.search(body.decode("utf-8", "replace"))
    return (found[1] or found[2]) if found else "Unknown"
