"""Reads the body of a request, but neither too much of it nor for too long."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

LIMIT = 16 * 1024
"""Bytes: several times the longest entry of the guest book in its longest spelling."""
SECONDS = 10


async def read_body(request: Request) -> bytes:
    """Return the body; a longer one is refused with 413, a slower one with 408."""
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LIMIT:
                    raise HTTPException(413, f"The request has more than {LIMIT} bytes.")
    except ClientDisconnect:
        raise HTTPException(400, "The request ended before its body did.") from None
    except TimeoutError:
        raise HTTPException(408, f"The request did not arrive within {SECONDS} seconds.") from None
    return bytes(body)
