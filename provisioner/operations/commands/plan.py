"""Run `provision plan`: compare the declaration with AWS, by reads only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.engine.errors import ConfigurationError
from provisioner.operations.commands.give_back import propose_return
from provisioner.operations.commands.request import UpOptions, declare_as_requested, load_request
from provisioner.operations.context import cluster_tags, connection, stacks, stores
from provisioner.operations.impact import data_loss
from provisioner.operations.overrides import sizes
from provisioner.operations.planning import dry_run
from provisioner.operations.planning.proposal import Proposal, propose

if TYPE_CHECKING:
    from provisioner.operations.context.options import Options


def plan(options: Options, wanted: UpOptions) -> Proposal:
    """Return the plan of an `up` with these options. Only reads are made.

    Raises:
        ProvisionError: the plan cannot be made.
    """
    request = load_request(options, wanted)
    config, step = request.config, wanted.target_step
    aws = wanted.apply_to(connection.connect(options, config).reading())
    state = stores.recorded(options, config, aws)
    state.guard(config.name, aws.account, aws.region)
    if wanted.give_back:
        return propose_return(request, aws, state.records)
    restored = cluster_tags.lost(aws, state)
    cluster_tags.check_awake(aws, restored)
    state.records |= restored
    missing: list[str] = []
    stack = declare_as_requested(request, aws, state.records, missing.append)
    stack.notices[:0] = cluster_tags.note(restored)
    planned = dry_run.show_plan(aws, state.records, stack, step)
    proposal = propose(options, config, aws, stack, state, planned, step)
    beside = stacks.beside(options, config, state.records)
    kept = data_loss.note(state.records, stack, options.command_line, options.directory) if proposal.kept else []
    asleep = sizes.until(config, aws.pace.time()) if stack.facts.sizes.by_schedule else None
    changes = any(item.action != "none" for item in planned)
    refused = sizes.refusal(state.records, asleep) if changes else None
    refused = ConfigurationError("\n".join(missing)) if missing else refused
    return replace(proposal, notes=[*beside, *proposal.notes, *kept], refused=refused)
