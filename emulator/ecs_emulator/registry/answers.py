"""Answers of the registry to requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

from ecs_emulator.registry.storage import Repository

JSON = ("Content-Type", "application/json; charset=utf-8")
PIECE = 1 << 20
"""The bytes of a blob that are held in memory at once."""


@dataclass
class Response:
    """An answer: a status line, headers, and either a text or a file."""

    status: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    content: bytes = b""
    file: BinaryIO | None = None
    size: int | None = None


def created(repository: Repository, part: str, digest: str) -> Response:
    """Return the answer that a blob or a manifest is in the repository now."""
    place = f"/v2/{repository.name}/{part}/{digest}"
    return Response("201 Created", [("Location", place), ("Docker-Content-Digest", digest)])
