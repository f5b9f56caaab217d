"""Count health checks: passed or failed in a row, they make a target healthy or unhealthy."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class CheckCounts:
    """The health of a target, and how many checks in a row it has passed or failed.

    Attributes:
        state: initial, healthy or unhealthy.
    """

    state: str = field(default="initial", kw_only=True)
    successes: int = field(default=0, kw_only=True)
    failures: int = field(default=0, kw_only=True)

    def count(self, healthy_after: float, unhealthy_after: float, *, failed: bool) -> None:
        """Count a check, and update the state.

        One passed check is enough for a new target (Application Load Balancer guide, "Health checks for your target
        groups").
        """
        self.failures = self.failures + 1 if failed else 0
        self.successes = 0 if failed else self.successes + 1
        if self.successes >= (1 if self.state == "initial" else healthy_after):
            self.state = "healthy"
        elif self.failures >= unhealthy_after:
            self.state = "unhealthy"
