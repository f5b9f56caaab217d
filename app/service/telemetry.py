"""What a service tells of itself: a line of JSON for each event, the id of each request, and counts for Prometheus."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
HEADER = "X-Request-Id"
LEVELS = ("debug", "info", "warning", "error")
QUIET = ("health", "ready", "metrics")
"""Endpoints that are asked every few seconds: they are logged at the level `debug`."""
METHODS = ("GET", "HEAD", "POST")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON, with the request that it belongs to."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; what `extra={"fields": …}` holds becomes fields of its own."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := REQUEST_ID.get():
            line["request_id"] = request_id
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_as_json(service: str, level: str) -> None:
    """Send every log record to standard output, from where ECS takes it."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(service))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # each request is logged here already


def request_id(headers: Mapping[str, str]) -> str:
    """Return the caller's id for the request, or else the load balancer's, or else a new one."""
    given = headers.get(HEADER.lower(), "")
    if re.fullmatch(r"[A-Za-z0-9-]{8,64}", given):
        return given
    trace = re.search(r"Root=([A-Za-z0-9-]{8,64})(;|$)", headers.get("x-amzn-trace-id", ""))
    return trace[1] if trace else uuid.uuid4().hex


class Metrics:
    """Counts of requests by endpoint, written as Prometheus reads them. Used in the event loop only."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._seconds: dict[str, float] = {}

    def count(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Count a request that has ended."""
        self._requests[endpoint, method if method in METHODS else "other", status] += 1
        self._seconds[endpoint] = self._seconds.get(endpoint, 0.0) + seconds

    def text(self, **gauges: float) -> str:
        """Return all counts, and the gauges given, in Prometheus's text format, version 0.0.4."""
        lines = ["# TYPE http_requests_total counter"]
        lines += [
            f'http_requests_total{{endpoint="{endpoint}",method="{method}",status="{status}"}} {count}'
            for (endpoint, method, status), count in sorted(self._requests.items())
        ]
        lines.append("# TYPE http_request_duration_seconds summary")
        for endpoint, seconds in sorted(self._seconds.items()):
            count = sum(number for key, number in self._requests.items() if key[0] == endpoint)
            lines.append(f'http_request_duration_seconds_sum{{endpoint="{endpoint}"}} {seconds:.6f}')
            lines.append(f'http_request_duration_seconds_count{{endpoint="{endpoint}"}} {count}')
        for name, value in {"http_requests_in_flight": self.in_flight, **gauges}.items():
            lines += [f"# TYPE {name} gauge", f"{name} {value:g}"]
        return "\n".join(lines) + "\n"


class Telemetry:
    """Wraps an application: gives each request its id, and logs and counts it when it has ended."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._log = logging.getLogger(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request as ASGI asks for."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # It is not reset: what the server logs of an exception that got through belongs to this request too.
        REQUEST_ID.set(request_id(Headers(scope=scope)))
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = REQUEST_ID.get()
            await send(message)

        begin = time.perf_counter()
        self._metrics.in_flight += 1
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._metrics.in_flight -= 1
            self._ended(scope, status, time.perf_counter() - begin)

    def _ended(self, scope: Scope, status: int, seconds: float) -> None:
        endpoint = scope.get("endpoint")
        name = getattr(endpoint, "__name__", type(endpoint).__name__) if endpoint else "none"
        self._metrics.count(name, scope["method"], status, seconds)
        level = logging.DEBUG if name in QUIET and status < 400 else logging.INFO
        fields = {"method": scope["method"], "path": scope["path"], "status": status, "ms": round(seconds * 1000, 1)}
        self._log.log(level, "%s %s %s", scope["method"], scope["path"], status, extra={"fields": fields})
