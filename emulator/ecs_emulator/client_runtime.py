"""The runtime of a rehearsal: its clock is the embedded cloud's, and its threads take turns.

Time stands still while a thread has the turn. When all wait, the cloud is told until when, and lets its clock jump
there. What is really done meanwhile (`working`), such as the build of an image, holds it to a real clock's pace.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ecs_emulator.turn_runtime import TurnRuntime
from ecs_emulator.turns import INTERRUPTIBLE

if TYPE_CHECKING:
    from ecs_emulator.control import Link

__all__ = ["INTERRUPTIBLE", "CloudRuntime"]


class CloudRuntime(TurnRuntime):
    """The cloud's clock, and threads that take turns. Whoever creates it has the first turn, and is to `close` it.

    Args:
        link: the way to the clock.
    """

    def __init__(self, link: Link) -> None:
        self._link, self._epoch = link, float(link.hello["epoch"])
        self.round_trip = float(link.hello["round_trip"])
        self._mark = (float(link.hello["now"]), time.monotonic(), 0.0)
        """The time when it was last told, when that was, and how many seconds pass in a real one since."""
        self._number, self._sent = 0, dict[str, Any]()
        """Of the last message, and what it said that still holds."""
        self._alone = False
        super().__init__(self._nudge)
        self._thread = threading.Thread(target=self._watch, name="clock", daemon=True)
        self._thread.start()

    def now(self) -> float:
        """Return the cloud's seconds."""
        now, at, pace = self._mark
        return now + (time.monotonic() - at) * pace if pace else now

    def time(self) -> float:
        """Return what the cloud's calendar shows, in seconds since the epoch."""
        return self._epoch + self.now()

    def close(self) -> None:
        """Leave the clock to others. What waits from now on waits for no time."""
        self._link.hang_up()
        self._thread.join()

    def _nudge(self) -> None:
        """Tell the cloud whether all wait, and until when, if that has changed. The mutex is held."""
        if self._alone:
            self._jump()
            return
        state = self._state()
        if state != self._sent:
            self._number, self._sent = self._number + 1, state
            with suppress(OSError):  # it has ended, which `_watch` is told as well
                self._link.send({"n": self._number} | state)

    def _state(self) -> dict[str, Any]:
        """Return what the cloud is to know: nothing while a thread has the turn, else until when all wait."""
        if self.turns.taken:
            return {}
        works = self.turns.working > 0
        if works:
            self._mark = (self.now(), time.monotonic(), 1.0)
        return {"until": self.turns.soonest(), "works": works}

    def _jump(self) -> None:
        """Let pass at once what all wait for. The mutex is held."""
        if not self.turns.taken and (soonest := self.turns.soonest()) is not None:
            self._mark = (max(soonest, self.now()), time.monotonic(), 0.0)
            self.turns.arrive(self.now())

    # -- in a thread of its own ------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Wake those whose moment has come, as the cloud says.

        When the cloud has ended, nothing takes time any more, so that its end is soon noticed.
        """
        with suppress(OSError, ValueError):
            while True:
                for answer in self._link.receive():
                    self._arrive(answer)
        with self.turns.mutex:
            self._alone = True
            self._jump()
        self._link.close()

    def _arrive(self, answer: dict[str, Any]) -> None:
        with self.turns.mutex:
            if answer["n"] != self._number:
                return  # to what no longer holds
            self._sent = {}
            self._mark = (answer["now"], time.monotonic(), answer["pace"])
            self.turns.arrive(answer["now"])
            self._nudge()
