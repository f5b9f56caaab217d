"""How long a plan takes when every call is on its way for some milliseconds, as from an office to a region of AWS."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.commands import row
from benchmarks.project import Project, project

ROUND_TRIP = 0.03
"""Seconds that a call and its answer are on their way."""


def main() -> None:
    """Measure a plan without differences, once near the cloud and once far from it."""
    print(f"{'what':24}{'runs':>6}{'seconds':>10}{'reads':>8}{'writes':>8}{'MiB':>8}")
    with project() as sample:
        sample.start_cloud()
        sample.run("up", "--yes")
        row(sample, "plan, near", 5, "plan")
        with away(sample, ROUND_TRIP):
            row(sample, f"plan, {ROUND_TRIP * 1000:.0f} ms away", 5, "plan")


@contextmanager
def away(sample: Project, seconds: float) -> Iterator[None]:
    """While the context lasts, the project's commands reach its cloud by a way that takes so many seconds and back."""
    record = sample.folder / ".provision" / "cloud.json"
    text = record.read_text()
    known = json.loads(text)
    with _relay(known["endpoint"], seconds / 2) as endpoint:
        record.write_text(json.dumps({**known, "endpoint": endpoint}))
        yield
    record.write_text(text)


@contextmanager
def _relay(endpoint: str, delay: float) -> Iterator[str]:
    """Yield an endpoint behind which everything is handed on to another one, and back, so many seconds later."""
    loop = asyncio.new_event_loop()
    port = urllib.parse.urlsplit(endpoint).port

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            loop.call_later(delay, writer.write, data)
        loop.call_later(delay, writer.close)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(hand_on(reader, back), hand_on(there, writer), return_exceptions=True)

    server = loop.run_until_complete(asyncio.start_server(connect, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


if __name__ == "__main__":
    main()
