"""Choose the durations of operations: the usual ones on AWS, or random ones from a seed."""

from __future__ import annotations

import random
import re
from collections import Counter

from ecs_emulator import durations
from ecs_emulator.durations import Duration

CHOICES = "typical, uneven, fast, slow, seed:NUMBER or times:NUMBER"
UNEVEN = (0.8, 1.25)
"""The least and the greatest factor for the steps of a task with `uneven`."""
_NAMES = {id(value): name for name, value in vars(durations).items() if isinstance(value, Duration)}


class OperationDurations:
    """A choice of durations, which returns the seconds of each operation.

    Args:
        choice: `typical` for the usual durations; `uneven` for the same, but no two tasks start equally fast, so that
            two rollouts do not end together by accident; `fast` and `slow` for the ends of the usual range; `seed:7`
            for a draw from that range; `times:3` for three times the usual ones, `times:0.1` for a tenth. A seed's
            n-th draw for an operation is always the same.

    Raises:
        ValueError: there is no such choice.
    """

    def __init__(self, choice: str = "typical") -> None:
        if not re.fullmatch(r"typical|uneven|fast|slow|seed:\d{1,18}|times:(?!0*(\.0*)?$)\d{1,4}(\.\d{1,3})?", choice):
            raise ValueError(f"--durations {choice}: choose {CHOICES}")
        self.choice = choice
        self._drawn: Counter[str] = Counter()

    def seconds(self, duration: Duration) -> float:
        """Return the duration of an operation this time."""
        fastest, slowest = duration.range
        match self.choice:
            case "typical":
                return duration.aws
            case "fast":
                return fastest
            case "slow":
                return slowest
        how, _, number = self.choice.partition(":")
        if how == "times":
            return duration.aws * float(number)
        name = _NAMES.get(id(duration), "")
        if how == "uneven":
            if not name.startswith("TASK_"):
                return duration.aws
            fastest, slowest = (duration.aws * part for part in UNEVEN)
        self._drawn[name] += 1
        draw = random.Random(f"{self.choice}/{name}/{self._drawn[name]}")  # noqa: S311 (no secret)
        return round(draw.triangular(fastest, slowest, duration.aws), 1)
