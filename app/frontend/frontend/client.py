"""Speaks to the backend, within limits of time, and gives its answers types."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from service.telemetry import HEADER, REQUEST_ID
from service.whereabouts import Whereabouts

TIMEOUT = httpx.Timeout(10, connect=2, pool=2)
"""Seconds. The backend answers that the database is waking after two."""
LOG = logging.getLogger(__name__)


class Unavailable(Exception):
    """The backend did not do what it was asked for: in words for the person who looks at the page.

    Attributes:
        answered: whether the backend itself said so.
    """

    def __init__(self, message: str, *, answered: bool = False, code: str = "no-answer") -> None:
        super().__init__(message)
        self.answered = answered
        self.code = code


class InvalidEntry(Exception):
    """The backend refuses an entry: by field, a sentence for the person who wrote it."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("The entry is not valid.")
        self.fields = dict(fields)


@dataclass(frozen=True)
class Entry:
    """An entry of the guest book; `written` is UTC in ISO 8601."""

    name: str
    text: str
    written: str


@dataclass(frozen=True)
class Inside:
    """What is in the database: its version, the tables by database, and the server's own databases."""

    version: str
    databases: Mapping[str, Sequence[str]]
    system_databases: Sequence[str]


@dataclass(frozen=True)
class Overview:
    """What the backend sees. Times are in milliseconds: of the round trip to it, and of its own to the database.

    `inside` is None unless the backend was told to show it.
    """

    backend: Whereabouts
    server: str
    inside: Inside | None
    entries: Sequence[Entry]
    round_trip: float
    database_trip: float


class Backend:
    """The backend's requests. Each may be sent twice without harm, and is, if its connection breaks."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def overview(self) -> Overview:
        """Ask for everything that the page shows.

        Raises:
            Unavailable: if the backend or its database does not answer.
        """
        begin = time.perf_counter()
        answer = await self._ask("GET", "/overview")
        round_trip = (time.perf_counter() - begin) * 1000
        if answer.status_code != 200:
            raise _refusal(answer)
        try:
            return _overview(answer.json(), round_trip)
        except (ValueError, TypeError, KeyError) as error:
            LOG.exception("The backend's answer is not what was expected")
            raise Unavailable("The backend's answer cannot be read.", answered=True, code="strange") from error

    async def add(self, token: str, name: str, text: str) -> None:
        """Store an entry in the guest book; the same token again stores nothing twice.

        Raises:
            InvalidEntry: if the backend finds something wrong with it.
            Unavailable: if it is not known to be stored.
        """
        answer = await self._ask("POST", "/entries", {"token": token, "name": name, "text": text})
        if answer.status_code == 422:
            raise InvalidEntry(_error(answer).get("fields") or {"text": "The entry was refused."})
        if answer.status_code not in {200, 201}:
            raise _refusal(answer)

    async def healthy(self) -> bool:
        """Tell whether the backend answers at all."""
        try:
            return (await self._ask("GET", "/health")).status_code == 200
        except Unavailable:
            return False

    async def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> httpx.Response:
        content = None if body is None else json.dumps(body)  # httpx's own JSON fails at half of a surrogate pair
        headers = {HEADER: REQUEST_ID.get(), "Content-Type": "application/json"}
        for last in (False, True):
            try:
                return await self._client.request(method, path, content=content, headers=headers)
            except httpx.TimeoutException as error:
                LOG.warning("The backend was too slow: %r", error)
                raise Unavailable("The backend did not answer in time.") from error
            except httpx.TransportError as error:
                LOG.warning("The backend could not be asked: %r", error)
                if last:
                    raise Unavailable("The backend cannot be reached.") from error
        raise AssertionError("the loop returns or raises")


def _error(answer: httpx.Response) -> dict[str, Any]:
    try:
        error = answer.json()["error"]
    except (ValueError, TypeError, KeyError):
        return {}
    return error if isinstance(error, dict) else {}


def _refusal(answer: httpx.Response) -> Unavailable:
    error = _error(answer)
    message = str(error.get("message", f"The backend answered with status {answer.status_code}."))
    return Unavailable(message, answered=True, code=str(error.get("code", "refused")))


def _inside(data: Any) -> Inside:
    return Inside(
        str(data["version"]),
        {str(item["name"]): [str(table) for table in item["tables"]] for item in data["databases"]},
        [str(name) for name in data["system_databases"]],
    )


def _overview(data: Any, round_trip: float) -> Overview:
    database, inside = data["database"], data["database"]["inside"]
    return Overview(
        backend=Whereabouts(**data["answered_by"]),
        server=str(database["server"]),
        inside=None if inside is None else _inside(inside),
        entries=[Entry(str(item["name"]), str(item["text"]), str(item["written"])) for item in data["entries"]],
        round_trip=round_trip,
        database_trip=float(database["milliseconds"]),
    )
