"""Simulate changes in parts: the engine's simulation, with gates, pools, signs and workers in each life."""

from __future__ import annotations

from collections import Counter

from tests.simulation.engine import live
from tests.simulation.engine_life import drawn_with_traffic as drawn

__all__ = ("drawn", "live", "run")


def run(seed: int) -> Counter[str]:
    """Live the life of a seed; return the counts of events. Raises `Violation`."""
    return live(drawn(seed))
