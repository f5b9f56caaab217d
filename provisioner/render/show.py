"""Choose the view of a run: the only place that decides it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from provisioner.render import lines, live, plain
from provisioner.render.progress import Progress
from provisioner.render.text import on_terminal


@contextmanager
def shown(json: bool, clock: Callable[[], float]) -> Iterator[Progress]:
    """Yield the run's progress, and show its events meanwhile.

    Args:
        clock: the run's clock.

    They go to standard output as JSON lines, or else to standard error: live on a terminal, as plain lines elsewhere.
    """
    progress = Progress(clock=clock)
    if json:
        progress.view = lines.view(sys.stdout)
        yield progress
    elif on_terminal(sys.stderr):
        with live.shown(progress, sys.stderr):
            yield progress
    else:
        with plain.shown(progress, sys.stderr):
            yield progress
