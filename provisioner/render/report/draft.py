"""The facts known so far of a command that gets a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.engine.events import Emit, Event
    from provisioner.operations.commands.report import About, Caller
    from provisioner.operations.rehearsal.foresight import Foreseen
    from provisioner.operations.rehearsal.outcome import Rehearsal
    from provisioner.operations.runs.summary import Summary
    from provisioner.operations.runs.viewer import Ended
    from provisioner.render.progress import Progress


@dataclass
class Draft:
    """A draft of a report, filled while the command runs, so that a report is possible whenever it ends.

    Attributes:
        command: `plan`, `up`, `down`, `deploy` or `rehearse`.
        stack: its name; empty if the configuration does not name it.
        target_step: the step that it is limited to.
        about: the stack and the plan, once known.
        foreseen: the findings of a rehearsal of the plan; None: there was none.
        rehearsal: the result of `rehearse`.
        outcome, progress: the result of a run, and the state collected from its events.
        events: each with the seconds since the run began.
        error: the error that ended the command, in words; empty if there was none.
        code: the exit code.
        began, seconds: the begin in seconds since the epoch, and the command's seconds on this machine.
    """

    command: str
    stack: str = ""
    target_step: str | None = None
    about: About | None = None
    foreseen: Foreseen | None = None
    rehearsal: Rehearsal | None = None
    outcome: Summary | None = None
    progress: Progress | None = None
    events: list[tuple[float, Event]] = field(default_factory=list)
    error: str = ""
    code: int = 0
    caller: Caller | None = None
    began: float = field(default_factory=time.time)
    seconds: float = 0.0

    def ended(self, code: int) -> int:
        """Note the exit code, and return it."""
        self.code = code
        return code

    def note(self, ended: Ended) -> None:
        """Note the result of a run, and its plan if that is not known yet."""
        from provisioner.operations.commands.report import of_proposal

        self.outcome = ended.outcome
        if ended.proposal and self.about is None:
            self.about = of_proposal(ended.proposal)

    def noting(self, progress: Progress) -> Emit:
        """Return the receiver of a run's events: it notes them here and hands them on."""
        self.progress = progress
        emit: Callable[[Event], None] = progress.emit

        def note(event: Event) -> None:
            self.events.append((progress.elapsed, event))
            emit(event)

        return note

    @property
    def failed(self) -> Sequence[str]:
        """The addresses of the resources that have failed."""
        return [one.address for one in self.progress.failed] if self.progress else []
