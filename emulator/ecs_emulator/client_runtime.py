"""The runtime of a rehearsal: it uses the embedded cloud's clock, and its threads take turns.

Time stands still while a thread has the turn. When all threads wait, the runtime tells the cloud for which moment, and
the cloud's clock jumps there. During real work (`working`), such as the build of an image, the clock keeps a real
clock's pace.
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
    """A runtime with the cloud's clock, whose threads take turns. Its creator has the first; it has to `close` it.

    Args:
        link: the connection to the clock.
    """

    def __init__(self, link: Link) -> None:
        self._link, self._epoch = link, float(link.hello["epoch"])
        self.round_trip = float(link.hello["round_trip"])
        self._mark = (float(link.hello["now"]), time.monotonic(), 0.0)
        """The cloud's time in its last message, when that came, and how many seconds pass in a real second since."""
        self._number, self._sent = 0, dict[str, Any]()
        """The number of the last message, and the state in it; empty once the cloud has answered it."""
        self._alone = False
        super().__init__(self._nudge)
        self._thread = threading.Thread(target=self._watch, name="clock", daemon=True)
        self._thread.start()

    def now(self) -> float:
        """Return the time of the cloud's clock in seconds."""
        now, at, pace = self._mark
        return now + (time.monotonic() - at) * pace if pace else now

    def time(self) -> float:
        """Return the date and time of the cloud's calendar, in seconds since the epoch."""
        return self._epoch + self.now()

    def close(self) -> None:
        """Leave the clock to others. From now on, waiting takes no time."""
        self._link.hang_up()
        self._thread.join()

    def _nudge(self) -> None:
        """Tell the cloud if the threads' wait has changed: whether all wait, and until when. The mutex is held."""
        if self._alone:
            self._jump()
            return
        state = self._state()
        if state != self._sent:
            self._number, self._sent = self._number + 1, state
            with suppress(OSError):  # the cloud has ended; `_watch` notices that too
                self._link.send({"n": self._number} | state)

    def _state(self) -> dict[str, Any]:
        """Return the state for the cloud: empty while a thread has the turn, else until when all threads wait."""
        if self.turns.taken:
            return {}
        works = self.turns.working > 0
        if works:
            self._mark = (self.now(), time.monotonic(), 1.0)
        return {"until": self.turns.soonest(), "works": works}

    def _jump(self) -> None:
        """Jump at once to the moment that all threads wait for. The mutex is held."""
        if not self.turns.taken and (soonest := self.turns.soonest()) is not None:
            self._mark = (max(soonest, self.now()), time.monotonic(), 0.0)
            self.turns.arrive(self.now())

    # -- in a thread of its own ------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Wake the threads whose moment has come, as the cloud's messages say.

        When the cloud has ended, waiting takes no time any more, so that the threads soon notice.
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
                return  # it answers an outdated message
            self._sent = {}
            self._mark = (answer["now"], time.monotonic(), answer["pace"])
            self.turns.arrive(answer["now"])
            self._nudge()
