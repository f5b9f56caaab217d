"""The capacity's kinds, from the launch template to the capacity provider's cluster."""

from __future__ import annotations

from tests.cloud.capacity_rig import declared, profile
from tests.cloud.rig import Rig


def test_made_once_and_then_left_alone(rig: Rig) -> None:
    profile(rig.cloud)
    made = rig.up(declared).ok()
    assert made.summary.counts == {"made": 10, "unchanged": 3}
    assert rig.up(declared).ok().writes == []
    assert rig.plan(declared) == []


def test_removed_without_a_trace(rig: Rig) -> None:
    profile(rig.cloud)
    rig.up(declared).ok()
    assert rig.down().ok().summary.leftovers == []
