"""Read the answers of image registries piece by piece."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.docker.manifests import LARGEST_MANIFEST, BadImage
from provisioner.docker.reference import Reference
from provisioner.docker.transport import Cut, Transport, Unreachable, drain, reason_of

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

PIECE = 64 << 10
"""Bytes of a blob that are held in memory at once."""


def pieces(transport: Transport, answer: BaseHTTPResponse, start: int) -> Iterator[bytes]:
    """Yield the content from a position on, also if the registry ignored the range and sent all of it."""
    from urllib3.exceptions import HTTPError

    skip = start if answer.status == 200 else 0
    while True:
        transport.check()
        try:
            piece = answer.read(PIECE)
        except (HTTPError, OSError) as error:
            raise Cut(reason_of(error)) from None
        if not piece:
            return
        if rest := piece[skip:]:
            yield rest
        skip = max(0, skip - len(piece))


def whole(transport: Transport, answer: BaseHTTPResponse, reference: Reference) -> bytes:
    """Return a small answer whole."""
    content = b""
    with contextlib.suppress(Cut):
        for piece in pieces(transport, answer, 0):
            content += piece
            if len(content) > LARGEST_MANIFEST:
                break
        else:
            answer.release_conn()
            return content
    drain(answer)
    if len(content) > LARGEST_MANIFEST:
        raise BadImage(f"{reference} has a manifest of more than {LARGEST_MANIFEST} bytes")
    raise Unreachable(f"{reference.registry} did not send the whole manifest of {reference}")
