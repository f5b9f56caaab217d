"""Run `provision plan`: compare the declaration with AWS, by reads only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.config.builds import check_contexts
from provisioner.operations.commands import give_back as giving_back
from provisioner.operations.commands.request import Wanted, _declared
from provisioner.operations.context import configuration, connection, stacks, stores
from provisioner.operations.impact import data_loss
from provisioner.operations.planning import dry_run
from provisioner.operations.planning.proposal import Proposal, proposed

if TYPE_CHECKING:
    from provisioner.operations.context.options import Options


def plan(options: Options, wanted: Wanted) -> Proposal:
    """Return what `up` would do. Only reads are made.

    Raises:
        ProvisionError: that cannot be told.
    """
    config = configuration.load(options, declares=True)
    removal = wanted.checked(config)
    check_contexts(config, options.file)
    aws = wanted.on(connection.connect(options, config).reading())
    state = stores.recorded(options, config, aws)
    state.guard(config.name, aws.account, aws.region)
    if wanted.give_back:
        declared = giving_back.returning(state.records, aws.give_back)
        planned = giving_back.plan_return(aws, state.records, declared)
        return Proposal(config, aws, planned, [], [], state.records, removal)
    stack = _declared(options, config, aws, state.records, wanted, removal)
    planned = dry_run.show_plan(aws, state.records, stack, wanted.target_step)
    proposal = proposed(options, config, aws, stack, state, planned, wanted.target_step)
    beside = stacks.beside(options, config, state.records)
    kept = data_loss.note(state.records, stack, options.command_line) if proposal.kept else []
    return replace(proposal, notes=[*beside, *proposal.notes, *kept])
