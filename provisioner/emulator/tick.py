"""What happens by itself at one moment of the clock: in ECS and its groups, in ACM, and in the eyes of who watches."""

from __future__ import annotations

from provisioner.emulator import ecs
from provisioner.emulator.lock import LOCK
from provisioner.emulator.outages import WATCH
from provisioner.emulator.rules import acm


def tick() -> None:
    """Let all of it happen that is due."""
    with LOCK:
        acm.settle()
    ecs.tick()
    WATCH.update()
