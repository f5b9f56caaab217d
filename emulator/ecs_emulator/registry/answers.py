"""What the registry answers a request with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

from ecs_emulator.registry.storage import Repository

JSON = ("Content-Type", "application/json; charset=utf-8")
PIECE = 1 << 20
"""Bytes that are held in memory at once of a blob."""


@dataclass
class Response:
    """What is sent: a status line, headers, and either a text or a file."""

    status: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    content: bytes = b""
    file: BinaryIO | None = None
    size: int | None = None


def created(repository: Repository, part: str, digest: str) -> Response:
    """Answer that a blob or a manifest is in the repository now."""
    place = f"/v2/{repository.name}/{part}/{digest}"
    return Response("201 Created", [("Location", place), ("Docker-Content-Digest", digest)])
