"""A request to the registry, and its answer."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from provisioner.emulator.registry.storage import Repository

JSON = ("Content-Type", "application/json; charset=utf-8")
PIECE = 1 << 20
"""Bytes that are held in memory at once of a blob."""


@dataclass(frozen=True)
class Request:
    """A request about a repository.

    Attributes:
        reference: what of the repository it is about: an upload's id, a digest or a tag; empty for none.
        body: what is sent, to be read in pieces.
    """

    repository: Repository
    reference: str
    environ: dict[str, Any]

    @property
    def query(self) -> dict[str, str]:
        """The parameters in the address."""
        return dict(urllib.parse.parse_qsl(self.environ["QUERY_STRING"]))

    @property
    def body(self) -> Any:
        """What is sent, as a stream."""
        return self.environ["wsgi.input"]


@dataclass
class Answer:
    """What is sent: a status line, headers, and either a text or a file."""

    status: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    content: bytes = b""
    file: BinaryIO | None = None
    size: int | None = None


def created(repository: Repository, part: str, digest: str) -> Answer:
    """Answer that a blob or a manifest is in the repository now."""
    place = f"/v2/{repository.name}/{part}/{digest}"
    return Answer("201 Created", [("Location", place), ("Docker-Content-Digest", digest)])
