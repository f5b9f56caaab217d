"""Keep a numbered log of answered calls, and read service, Region, operation and access key off a request."""

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
_MODELS = {"elasticfilesystem": "efs"}
"""The models of APIs with routes whose names differ from the names that sign."""
_CODE = re.compile(r'<Code>([^<]+)</Code>|"__type":\s*"(?:[^"#]*#)?([^"]+)"')


@dataclass(frozen=True)
class Call:
    """An answered call: `write` tells whether the operation can change anything, `error` is AWS's code or empty.

    `at` is the time of the answer, in seconds since the epoch.
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
        """Append a call. The caller holds the cloud's lock, so the numbers follow the order of effects."""
        self._number += 1
        service, region = scope(environ)
        error = _error(headers, body) if status >= 400 else ""
        write, at = is_write(operation), time.time()
        self._calls.append(Call(self._number, service, region, operation, write, status, error, at))

    def since(self, number: int) -> list[dict[str, Any]]:
        """Return the calls numbered above `number`, oldest first; if it is negative, that many of the newest."""
        first = number if number >= 0 else self._number + number
        return [asdict(call) for call in list(self._calls) if call.number > first]


def is_write(operation: str) -> bool:
    """Return whether an operation can change anything."""
    return not operation.startswith(_READS)


def scope(environ: dict[str, Any]) -> tuple[str, str]:
    """Return the service's signing name and the Region of a signed request; empty if it is not signed."""
    if found := _signature(environ):
        return found[3], found[2]
    # S3's clients may sign URLs in the older form, which names no Region
    return ("s3", "") if "AWSAccessKeyId" in urllib.parse.parse_qs(environ.get("QUERY_STRING", "")) else ("", "")


def model(service: str, path: str) -> str:
    """Return the name of an API's botocore model, by its signing name; SES has two versions under one signing name."""
    return "sesv2" if service == "ses" and path.startswith("/v2/") else _MODELS.get(service, service)


def signer(environ: dict[str, Any]) -> str:
    """Return the access key id that signed a request, in its header or its query; empty if it is not signed."""
    query = urllib.parse.parse_qs(environ.get("QUERY_STRING", ""))
    found = _signature(environ)
    return found[1] if found else query.get("AWSAccessKeyId", [""])[0]


def is_presigned(environ: dict[str, Any]) -> bool:
    """Return whether a request is signed in its URL: anybody with that URL may send it (S3 guide, presigned URLs)."""
    given = urllib.parse.parse_qs(environ.get("QUERY_STRING", "")).keys()
    return {"X-Amz-Credential", "X-Amz-Signature"} <= given or {"AWSAccessKeyId", "Signature"} <= given


def _signature(environ: dict[str, Any]) -> re.Match[str] | None:
    query = urllib.parse.unquote(environ.get("QUERY_STRING", ""))
    return _SCOPE.search(environ.get("HTTP_AUTHORIZATION", "")) or _SCOPE.search(query)


def operation_of(environ: dict[str, Any], body: bytes) -> str:
    """Return the AWS operation of a request: from the target, the form or, for REST services, the route."""
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
