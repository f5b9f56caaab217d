"""Does what is due at a moment of the clock: in ACM, in ECS and its groups, and for whoever watches outages."""

from __future__ import annotations

from ecs_emulator import ecs
from ecs_emulator.lock import LOCK
from ecs_emulator.outages.watch import WATCH
from ecs_emulator.services.acm import rules as acm


def tick() -> None:
    """Let all of it happen that is due."""
    with LOCK:
        acm.settle()
    ecs.tick()
    WATCH.update()
