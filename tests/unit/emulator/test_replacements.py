"""The number of failed tasks of a service that the embedded cloud stops at once."""

from __future__ import annotations

import pytest

from ecs_emulator.ecs.scheduler import _replaceable


@pytest.mark.parametrize(
    ("current", "failed", "desired", "room", "stopped"),
    [
        (2, 1, 2, 1, 1),  # its replacement is healthy
        (1, 1, 2, 1, 0),  # its replacement is still to start
        (0, 2, 3, 1, 0),  # fewer tasks than desired: nothing is stopped before its replacement
        (1, 1, 2, 0, 1),  # no room for a replacement: one by one
        (0, 3, 3, 0, 1),
    ],
)
def test_a_failed_task_waits_for_its_replacement(
    current: int, failed: int, desired: int, room: int, stopped: int
) -> None:
    assert _replaceable(current, failed, desired, room) == stopped
