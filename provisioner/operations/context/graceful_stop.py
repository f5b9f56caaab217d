"""Let the user stop a run with Ctrl-C so that the calls in progress finish and are recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from provisioner.engine.clock import Pace
from provisioner.engine.events import Emit, Notice
from provisioner.operations.context import signals

STOPPING = (
    "stopping: waiting for the calls in progress. Press Ctrl-C again to exit at once; "
    "either way the next run resumes from the recorded state"
)


@contextmanager
def interruptible(pace: Pace, emit: Emit) -> Iterator[None]:
    """Stop the run after its calls in progress at a first Ctrl-C (SIGTERM, closed terminal) inside the context."""

    def stop() -> None:
        pace.stop.set()
        emit(Notice(STOPPING))

    with signals.calling(stop):
        yield
