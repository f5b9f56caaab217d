"""Run `provision up`: create the stack, or change it to the declaration.

The command line and programs call the same function. It shows the plan and the events to a `Viewer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from provisioner.engine.events import Emit, RunCost
from provisioner.operations.commands.give_back import give_back
from provisioner.operations.commands.request import Request, UpOptions, declare_for_up, load_request
from provisioner.operations.context import connection, signals, stores
from provisioner.operations.doctor import before_up
from provisioner.operations.impact import costs
from provisioner.operations.overrides import sleep_schedule, stack_protection
from provisioner.operations.planning import dry_run
from provisioner.operations.planning.proposal import Proposal, describe_plan, propose
from provisioner.operations.runs import apply
from provisioner.operations.runs.viewer import Ended, Viewer, watched

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.planning.actions import Planned
    from provisioner.operations.commands.plan_file import ReviewedPlan
    from provisioner.operations.context.options import Options
    from provisioner.state.store import Store
    from provisioner.steps.stack import Stack


def up(options: Options, wanted: UpOptions, viewer: Viewer, reviewed: ReviewedPlan | None = None) -> Ended:
    """Create or change the stack.

    Args:
        reviewed: a plan from a file: the run makes exactly these changes, and asks no question.

    Raises:
        ProvisionError: nothing was begun. A later error is in the outcome.
    """
    request = load_request(options, wanted)
    skipped = before_up.skipped(wanted.skip_checks)
    aws = wanted.apply_to(connection.connect(options, request.config))
    if reviewed:
        reviewed.check_place(request.config, aws)
    if wanted.give_back:
        return give_back(request, aws, viewer)
    with stores.open_store(options, request.config, aws, "up", restoring=True) as store:
        sleep_schedule.check_awake(request.config, aws, store.records)
        run = _Up(request, aws, store, viewer)
        stack = declare_for_up(request, aws, store.records)
        run.check_prerequisites(stack, skipped)
        confirmed = run.check_reviewed(stack, reviewed) if reviewed else run.ask_to_agree(stack)
        return run.apply(stack, confirmed)


@dataclass
class _Up:
    """One `up` whose state is open.

    Attributes:
        proposal: the plan that the run carries out, once it is known.
    """

    request: Request
    aws: Aws
    store: Store
    viewer: Viewer
    proposal: Proposal | None = None

    def check_prerequisites(self, stack: Stack, skipped: frozenset[str]) -> None:
        """Refuse a run on AWS that is bound to fail."""
        if self.request.config.target == "aws":
            with signals.at_once():
                before_up.check(
                    self.aws,
                    stack,
                    self.request.options.file,
                    self.store.records,
                    self.request.wanted.target_step,
                    skipped,
                )

    def check_reviewed(self, stack: Stack, reviewed: ReviewedPlan) -> Sequence[Planned]:
        """Return the plan, if it still is the reviewed one; raise PlanChanged otherwise."""
        with signals.at_once():
            planned = dry_run.show_plan(self.aws, self.store.records, stack, self.request.wanted.target_step)
        reviewed.check_same(self.request.config, self.aws, stack, self.store.records, planned)
        self.aws.drop_reads()
        return planned

    def ask_to_agree(self, stack: Stack) -> Sequence[Planned] | None:
        """Return the plan that the viewer has agreed to; None if no question is asked."""
        options, config, step = self.request.options, self.request.config, self.request.wanted.target_step
        if config.target != "aws" or options.yes:
            return None
        with signals.at_once():
            planned = dry_run.show_plan(self.aws, self.store.records, stack, step)
            proposal = propose(options, config, self.aws, stack, self.store.state, planned, step)
        self.viewer.agree(proposal)
        self.aws.drop_reads()  # the user may have taken long to agree
        return planned

    def apply(self, stack: Stack, confirmed: Sequence[Planned] | None) -> Ended:
        """Make the changes while the viewer watches, and return how the run ended."""
        config, aws, store = self.request.config, self.aws, self.store
        with watched(aws, self.viewer) as emit:
            check = partial(self._check_budget, stack, emit)
            step, until = self.request.wanted.target_step, stack.facts.expires
            first = partial(stack_protection.record_first, store, config, until)
            outcome = apply.up(aws, store, stack, emit, step, confirmed, first, check)
            cost = costs.of_records(store.records, aws.region, self.request.options.directory) if outcome.ok else None
            known = dict(store.records)
            ended = Ended(config, aws, outcome, self.request.removal, cost, proposal=self.proposal, records=known)
            self.viewer.ended(ended)
        return ended

    def _check_budget(self, stack: Stack, emit: Emit, planned: Sequence[Planned]) -> None:
        """Keep the plan for the report, refuse it if it exceeds the budget, and show the future costs."""
        options, config, step = self.request.options, self.request.config, self.request.wanted.target_step
        self.proposal = describe_plan(options, config, self.aws, stack, self.store.state, planned, step)
        cost = self.proposal.cost
        costs.check_budget(config, cost)
        if cost and cost.after.known:
            emit(RunCost(cost.after.sums.usual, not cost.after.missing))
