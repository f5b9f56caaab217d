"""The terminal as the viewer of `up` and `down`: show the plan, ask, show the run and its end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from provisioner.cli.foreseeing import foresee
from provisioner.cli.next_steps import recommend
from provisioner.cli.questions import ask_about_down, ask_about_up
from provisioner.engine.errors import Interrupted
from provisioner.engine.events import Emit
from provisioner.operations.commands import report
from provisioner.operations.commands.request import UpOptions
from provisioner.operations.context.options import Options
from provisioner.operations.planning.proposal import Proposal, check_feasible
from provisioner.operations.rehearsal.foresight import Foreseen
from provisioner.operations.runs import teardown_scope
from provisioner.operations.runs.viewer import Ended, Teardown
from provisioner.render import cost, review, summary
from provisioner.render.progress import Progress
from provisioner.render.report.draft import Draft
from provisioner.render.show import shown
from provisioner.render.text import columns, tell


@dataclass
class Screen:
    """The view of one command in the terminal."""

    options: Options
    wanted: UpOptions = field(default_factory=UpOptions)
    rehearse: bool | None = None
    draft: Draft | None = None
    names: Sequence[str] = ()
    """The services and jobs that the command line names."""
    _progress: Progress | None = None
    _advised: Sequence[str] = ()

    def agree(self, proposal: Proposal) -> None:
        """Show the plan and its outages, and ask the user."""
        options, step = self.options, self.wanted.target_step
        around = review.Around.of(proposal, columns(sys.stderr))
        tell([*review.in_short(proposal.planned, around), *(f"note: {text}" for text in proposal.notes)], sys.stderr)
        if self.draft:
            self.draft.about = report.of_proposal(proposal)
        check_feasible(proposal)
        foreseen = foresee(options, proposal, self.wanted, rehearse=self.rehearse) or Foreseen()
        if self.draft:
            self.draft.foreseen = foreseen
        notes = [f"note: {text}" for text in foreseen.notes]
        tell([*review.consequences(proposal, foreseen), *notes], sys.stderr)
        ask_about_up(options, proposal, step)

    def agree_to_delete(self, teardown: Teardown) -> None:
        """Show the resources to delete, and ask the user."""
        if self.draft:
            self.draft.about = report.of_teardown(teardown, self.options.directory)
        notes = [f"note: {text}" for text in teardown.notes]
        if not teardown.going:
            tell(notes, sys.stderr)
            return
        deleted = teardown_scope.deletable(teardown.going)
        tell([*summary.removal(deleted, teardown.protected, teardown.lost), *notes], sys.stderr)
        ask_about_down(self.options, teardown, self.wanted.target_step)

    @contextmanager
    def watching(self, clock: Callable[[], float]) -> Iterator[Emit]:
        """Show the events while the context lasts."""
        with shown(self.options.json, clock) as self._progress:
            yield self.draft.noting(self._progress) if self.draft else self._progress.emit

    def ended(self, ended: Ended) -> None:
        """Keep the outcome and the next steps for the report at the end."""
        if self.draft:
            self.draft.note(ended)
        if self._progress is not None:
            self._progress.unfinished = summary.by_step(ended.outcome)
            self._progress.interrupted = isinstance(ended.outcome.error, Interrupted)
        self._advised = recommend(ended, self.options, self.wanted, self.names)

    def report(self, ended: Ended) -> int:
        """Print the end of the run, after all of it is recorded, and return the exit code."""
        if (progress := self._progress) is None:
            raise ValueError("the run was never watched")
        seconds = progress.real_seconds if ended.aws.endpoint else None
        spent = round(ended.spent.dollars, 4) if ended.spent else None
        progress.emit(summary.finished(ended.outcome, self._advised, seconds, cost.hour(ended.cost), spent))
        summary.report(ended.outcome, progress, self.options.json)
        return ended.outcome.exit_code
