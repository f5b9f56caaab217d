"""The terminal as the viewer of `up` and `down`: shows the plan, asks, shows the run, and says how it ended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from provisioner.cli.prompts import confirm
from provisioner.engine.errors import Interrupted
from provisioner.engine.events import Emit
from provisioner.engine.words import count
from provisioner.operations.commands import report
from provisioner.operations.commands.request import Wanted
from provisioner.operations.context import connection, embedded_cloud
from provisioner.operations.context.options import Options
from provisioner.operations.impact import costs
from provisioner.operations.planning import dry_run
from provisioner.operations.planning.proposal import Proposal
from provisioner.operations.rehearsal import foresight
from provisioner.operations.runs import teardown_scope
from provisioner.operations.runs.viewer import Ended, Teardown
from provisioner.render import advice, cost, rehearsal, review, summary
from provisioner.render.progress import Progress
from provisioner.render.report.draft import Draft
from provisioner.render.show import shown
from provisioner.render.text import columns, limited, tell


@dataclass
class Screen:
    """Where one command is shown."""

    options: Options
    wanted: Wanted = field(default_factory=Wanted)
    rehearse: bool | None = None
    draft: Draft | None = None
    _progress: Progress | None = None
    _advised: Sequence[str] = ()

    def agree(self, proposal: Proposal) -> None:
        """Show the plan and what will be down, and ask."""
        config, options, step = proposal.config, self.options, self.wanted.target_step
        around = review.Around.of(proposal, columns(sys.stderr))
        tell([*review.in_short(proposal.planned, around), *(f"note: {text}" for text in proposal.notes)], sys.stderr)
        if self.draft:
            self.draft.about = report.of_proposal(proposal)
        dry_run.refuse(proposal.planned, proposal.records)
        costs.check_budget(config, proposal.cost)
        foreseen = foresight.Foreseen()
        if foresight.wanted(self.rehearse, config.target) and not self.wanted.give_back:
            words = [*rehearsal.words(step, new_ami=self.wanted.new_ami), *proposal.removal.words]
            foreseen = foresight.foresee(options, proposal.planned, proposal.records, words)
        if self.draft:
            self.draft.foreseen = foreseen
        notes = [f"note: {text}" for text in foreseen.notes]
        tell([*review.consequences(proposal, foreseen), *notes], sys.stderr)
        what = f"`up` of {limited(config.name, step)} on {connection.describe_account(config, proposal.aws)}"
        confirm(f"{what}{cost.asked(proposal.cost)}", options.yes)

    def agree_to_delete(self, teardown: Teardown) -> None:
        """Show what goes, and ask."""
        going, aws, config = teardown.going, teardown.aws, teardown.config
        if self.draft:
            self.draft.about = report.of_teardown(teardown, self.options.directory)
        notes = [f"note: {text}" for text in teardown.notes]
        if not going:
            tell(notes, sys.stderr)
            return
        deleted = teardown_scope.deletable(going)
        number = count(len(deleted), "resource") if deleted else "only the records of retained resources"
        more = ", and what AWS created for them," if teardown_scope.created_by_aws(going) else ""
        what = f"`down` deletes {number}{more} of {limited(config.name, self.wanted.target_step)}"
        tell([*summary.removal(deleted, teardown.protected, teardown.lost), *notes], sys.stderr)
        with aws.pace.runtime.watching():
            confirm(f"{what} on {connection.describe_account(config, aws)}", self.options.yes)

    @contextmanager
    def watching(self, clock: Callable[[], float]) -> Iterator[Emit]:
        """Show the events while the context lasts."""
        with shown(self.options.json, clock) as self._progress:
            yield self.draft.noting(self._progress) if self.draft else self._progress.emit

    def ended(self, ended: Ended) -> None:
        """Keep what is said at the end."""
        outcome, config, command = ended.outcome, ended.config, self.options.command_line
        if self.draft:
            self.draft.note(ended)
        if self.wanted.give_back:
            advised = advice.after_give_back(outcome, command, self.wanted.name_words)
        elif outcome.command == "up":
            advised = advice.after_up(
                outcome,
                command,
                config,
                embedded_cloud.entry(self.options, config),
                new_ami=self.wanted.new_ami,
                again=[*ended.removal.words, *self.wanted.name_words],
            )
            advised += cost.from_now_on(ended.cost)
        elif outcome.command in ("deploy", "rollback"):
            advised = advice.after_deploy(outcome, command)
        elif outcome.command in ("scale", "pause", "resume", "sleep", "wake"):
            advised = advice.after_sizing(outcome, command)
        else:
            advised = advice.after_down(outcome, command, config, unprotect=self.wanted.unprotect)
            advised += cost.so_far(ended.spent, config.target)
        if self._progress is not None:
            self._progress.unfinished = summary.by_step(outcome)
            self._progress.interrupted = isinstance(outcome.error, Interrupted)
        self._advised = [*advised, *advice.after_long(outcome, command)]

    def report(self, ended: Ended) -> int:
        """Say how the run ended, once all of it is recorded, and return the exit code."""
        if (progress := self._progress) is None:
            raise ValueError("the run was never watched")
        seconds = progress.real_seconds if ended.aws.endpoint else None
        spent = round(ended.spent.dollars, 4) if ended.spent else None
        progress.emit(summary.finished(ended.outcome, self._advised, seconds, cost.hour(ended.cost), spent))
        summary.report(ended.outcome, progress, self.options.json)
        return ended.outcome.exit_code
