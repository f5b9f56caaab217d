"""What `up`, `plan` and `down` do, from the configuration to the end: the command line and programs call the same.

What is to be shown and agreed to goes to a `Viewer`. The command line's writes to the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from provisioner.config.builds import check_contexts
from provisioner.engine.events import RunCost
from provisioner.engine.planning.removal import Removal
from provisioner.operations.commands import give_back as giving_back
from provisioner.operations.commands.request import Reviewed, Wanted, _declared
from provisioner.operations.context import configuration, connection, signals, stacks, stores
from provisioner.operations.doctor import before_up
from provisioner.operations.impact import costs, data_loss
from provisioner.operations.overrides import expiration, sizes, sleep_schedule
from provisioner.operations.planning import dry_run
from provisioner.operations.planning.proposal import Proposal, begun, proposed
from provisioner.operations.runs import apply
from provisioner.operations.runs.viewer import Ended, Viewer, watched

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.planning.actions import Planned
    from provisioner.operations.context.options import Options
    from provisioner.state.model import State
    from provisioner.steps.stack import Stack


def up(options: Options, wanted: Wanted, viewer: Viewer, reviewed: Reviewed | None = None) -> Ended:
    """Create or change the stack.

    Args:
        reviewed: the plan that is to be done and nothing else; nobody is asked again.

    Raises:
        ProvisionError: nothing was begun; what goes wrong later is in the outcome.
    """
    config = configuration.load(options, declares=True)
    removal = wanted.checked(config)
    check_contexts(config, options.file)
    skip = before_up.skipped(wanted.skip_checks)
    aws = wanted.on(connection.connect(options, config))
    if reviewed:
        reviewed.check_place(config, aws)
    if wanted.give_back:
        return _give_back(options, config, aws, viewer)
    with stores.open_store(options, config, aws, "up") as store:
        sizes.check_awake(store.records, sleep_schedule.asleep_until(config, aws, store.records))
        stack = _declared(options, config, aws, store.records, wanted, removal)
        stack.notices[:0] = stacks.beside(options, config, store.records)
        if not wanted.target_step:
            stack.notices += data_loss.note(store.records, stack, options.command_line)
        planned = None
        if config.target == "aws":
            with signals.at_once():
                before_up.check(aws, stack, options.file, store.records, wanted.target_step, skip)
            if not options.yes and not reviewed:
                planned = _agreed(options, config, aws, stack, store.state, wanted.target_step, viewer)
        if reviewed:
            with signals.at_once():
                planned = dry_run.show_plan(aws, store.records, stack, wanted.target_step)
            reviewed.check_same(config, aws, stack, store.records, planned)
            aws.drop_reads()

        proposals = list[Proposal]()

        with watched(aws, viewer) as emit:

            def check(planned: Sequence[Planned]) -> None:
                proposal = begun(options, config, aws, stack, store.state, planned, wanted.target_step)
                proposals.append(proposal)
                costs.check_budget(config, proposal.cost)
                if proposal.cost and proposal.cost.after.known:
                    after = proposal.cost.after
                    emit(RunCost(after.sums.usual, not after.missing))

            keep = partial(expiration.keep, store, stack.facts.expires)
            outcome = apply.up(aws, store, stack, emit, wanted.target_step, planned, keep, check)
            cost = costs.of_records(store.records, aws.region, options.directory) if outcome.ok else None
            ended = Ended(config, aws, outcome, removal, cost, proposal=next(iter(proposals), None))
            viewer.ended(ended)
    return ended


def _give_back(options: Options, config: Config, aws: Aws, viewer: Viewer) -> Ended:
    """Give names back, whatever else is declared: nothing that may be broken here must hold it up."""
    with stores.open_store(options, config, aws, "up") as store:
        declared = giving_back.returning(store.records, aws.give_back)
        planned = None
        if config.target == "aws" and not options.yes:
            with signals.at_once():
                planned = giving_back.plan_return(aws, store.records, declared)
            viewer.agree(Proposal(config, aws, planned, [], [], store.records, Removal()))
            aws.drop_reads()  # the user may have taken long to agree
        with watched(aws, viewer) as emit:
            outcome = giving_back.give_back(aws, store, declared, emit, planned)
            ended = Ended(config, aws, outcome)
            viewer.ended(ended)
    return ended


def _agreed(
    options: Options,
    config: Config,
    aws: Aws,
    stack: Stack,
    state: State,
    target_step: str | None,
    viewer: Viewer,
) -> Sequence[Planned]:
    """Return the plan that the viewer has agreed to; what was read for it is forgotten."""
    with signals.at_once():
        planned = dry_run.show_plan(aws, state.records, stack, target_step)
        proposal = proposed(options, config, aws, stack, state, planned, target_step)
    viewer.agree(proposal)
    aws.drop_reads()  # the user may have taken long to agree
    return planned
