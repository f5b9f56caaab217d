"""A runtime for tests: its threads take turns, and its clock jumps to the next moment when all of them wait."""

from __future__ import annotations

from ecs_emulator.turn_runtime import TurnRuntime
from provisioner.state.runtime import Host

EPOCH = 1_800_000_000.0


class Jumping(TurnRuntime, Host):
    """A runtime as the module describes. `jumps` counts the clock's jumps."""

    def __init__(self) -> None:
        self._now, self.jumps = 1000.0, 0
        super().__init__(self._jump)

    def now(self) -> float:
        return self._now

    def time(self) -> float:
        return EPOCH + self._now

    def close(self) -> None:
        pass

    def _jump(self) -> None:
        if not self.turns.taken and (soonest := self.turns.soonest()) is not None:
            self._now, self.jumps = max(self._now, soonest), self.jumps + 1
            self.turns.arrive(self._now)
