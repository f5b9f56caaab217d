"""Alarms in pieces that one call takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from provisioner.aws.client import batches

T = TypeVar("T")
AT_ONCE = 100
"""The most names that one call takes (API reference, AlarmNames of DescribeAlarms, Disable- and EnableAlarmActions)."""


def in_pieces(alarms: Sequence[T]) -> list[Sequence[T]]:
    """Return alarms in pieces for one call each, in their order."""
    return [*batches(alarms, AT_ONCE)]


def calls_of_piece(when: str, number: int) -> str:
    """Return the name of the schedule that calls for one piece: `sleep.alarms`, `sleep.alarms.2`.

    Args:
        when: `sleep` or `wake`.
        number: the number of the piece, from 1.
    """
    return f"{when}.alarms" if number == 1 else f"{when}.alarms.{number}"
