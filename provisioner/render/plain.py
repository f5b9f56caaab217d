"""Plain lines for logs and pipes: one an event, and a heartbeat while there are none."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from provisioner.engine.events import (
    Event,
    Notice,
    ResourceDone,
    ResourceFailed,
    ResourceProgress,
    ResourceSkipped,
    ResourceWaiting,
    RunStarted,
)
from provisioner.engine.words import count, names
from provisioner.render.progress import Active, Progress
from provisioner.render.text import SYMBOLS, duration, say, visible, word

QUIET = 10.0
"""Seconds of silence after which a heartbeat is due."""
OFTEN = 60.0
"""Seconds after which a heartbeat is due even without silence."""
EVERY = 5.0
"""Seconds between two lines about the work on one resource."""
SHOWN = 3
"""The most resources that a heartbeat names."""


def line(event: Event) -> str | None:
    """Return the event as a line, or None if it needs none."""
    match event:
        case RunStarted():
            resources = count(event.total, "resource")
            return f"{event.command} {event.stack}: account {event.account}, {event.region}, {resources}"
        case ResourceWaiting():
            return f"{SYMBOLS['waiting']} {event.address}: {visible(event.why)}"
        case ResourceProgress():
            return f"{SYMBOLS['waiting']} {event.address}: {visible(event.text)}"
        case ResourceDone() if event.result != "unchanged":
            named = f" ({visible(event.id)})" if event.id else ""
            why = f": {visible(event.why)}" if event.why else ""
            return f"{SYMBOLS[event.result]} {event.address} {word(event.result)}{named} {duration(event.seconds)}{why}"
        case ResourceFailed():
            return f"{SYMBOLS['failed']} {event.address} failed{reason(event.error)}"
        case ResourceSkipped():
            why = f"because its dependency {event.because} was not completed"
            return f"{SYMBOLS['skipped']} {event.address} not started, {why}"
        case Notice():
            return f"note: {below(event.text)}"
    return None


def reason(text: str) -> str:
    """Return the reason behind a colon; nothing if there is none."""
    return f": {below(text)}" if text.strip() else ": no reason was given"


def below(text: str) -> str:
    """Return a text whose further lines are indented, so that they do not look like lines of the run."""
    return text.replace("\n", "\n    ")


def heartbeat(progress: Progress, told: dict[str, str] | None = None) -> str | None:
    """Return the resources in progress and the progress of the run, or None if it has not begun.

    Args:
        told: by address, the work or wait that was written last. It is not repeated, and what is new is noted here.
    """
    known = {} if told is None else told
    if progress.run is None:
        return None
    now = progress.clock()
    oldest = sorted(progress.active.values(), key=lambda resource: resource.since)
    active = names([_active(t, now, known) for t in oldest], SHOWN)
    known |= {t.address: t.what for t in oldest[:SHOWN]}
    left = ", ".join(filter(None, progress.left))
    return (
        f"{SYMBOLS['waiting']} {progress.done} of {progress.run.total} done after {duration(progress.elapsed)}"
        f"{', ' + left if left else ''}"
        f"{': ' + active if active else ''}"
    )


def _active(resource: Active, now: float, told: Mapping[str, str]) -> str:
    what = "" if told.get(resource.address) == resource.what else f"{visible(resource.what)}, "
    return f"{resource.address} ({what}{duration(now - resource.since)})"


def _just_printed(address: str, printed: dict[str, float]) -> bool:
    """Return whether a line about the work on a resource was printed a moment ago; note the time if not."""
    now = time.monotonic()
    if now < printed.get(address, -EVERY) + EVERY:
        return True
    printed[address] = now
    return False


@contextmanager
def shown(progress: Progress, stream: TextIO, quiet: float = QUIET, often: float = OFTEN) -> Iterator[None]:
    """Write the run's events to the stream while the context lasts, and a heartbeat now and then.

    Args:
        quiet: the seconds of silence after which a heartbeat is due.
        often: the seconds after which it is due in any case, since it shows how much is left.
    """
    spoke, ended = threading.Event(), threading.Event()
    printed: dict[str, float] = {}
    told: dict[str, str] = {}

    def view(event: Event) -> None:
        if isinstance(event, ResourceProgress) and _just_printed(event.address, printed):
            return
        if (text := line(event)) is not None:
            say([text], stream)
            spoke.set()
        if isinstance(event, ResourceWaiting):
            told[event.address] = event.why

    def beat() -> None:
        last = time.monotonic()
        while not ended.is_set():
            if spoke.wait(quiet):
                spoke.clear()
                ended.wait(0.2)
                if time.monotonic() < last + often:
                    continue
            last = time.monotonic()
            with progress.lock:
                if not ended.is_set() and (text := heartbeat(progress, told)) is not None:
                    say([text], stream)

    progress.view = view
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        spoke.set()
        thread.join()
