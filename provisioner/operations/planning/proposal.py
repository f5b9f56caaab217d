"""A plan with what else there is to know of it: notes, data that goes or stays, how long it takes, what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from provisioner.engine.planning.losses import losses
from provisioner.operations.impact import costs, data_loss, duration
from provisioner.operations.overrides import sleep_schedule
from provisioner.operations.planning import aws_notices, run_scope

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.cost.estimate import Difference
    from provisioner.engine.declaration import Declared
    from provisioner.engine.planning.actions import Planned
    from provisioner.engine.planning.losses import Loss
    from provisioner.engine.planning.removal import Removal
    from provisioner.operations.context.options import Options
    from provisioner.state.model import Record, Run, State
    from provisioner.steps.stack import Stack


@dataclass(frozen=True)
class Proposal:
    """What `up` would do, with reads only.

    Attributes:
        planned: each resource, also those of which nothing changes.
        notes: sentences about what the plan does not say.
        lost: which data would be deleted.
        kept: which data is no longer declared and stays.
        declared: what the plan is about, by address.
        seconds: how long it is expected to take on AWS.
        history: the earlier runs of the stack.
        expires: until when the stack is wanted then, in seconds since the epoch; None: it has no date.
        cost: what changes of the cost; None where nothing does by the kind of the run.
    """

    config: Config
    aws: Aws
    planned: Sequence[Planned]
    notes: Sequence[str]
    lost: Sequence[Loss]
    records: Mapping[str, Record]
    removal: Removal
    kept: Sequence[str] = ()
    declared: Mapping[str, Declared] = field(default_factory=dict)
    seconds: float = 0.0
    history: Sequence[Run] = ()
    expires: int | None = None
    cost: Difference | None = None


def begun(
    options: Options,
    config: Config,
    aws: Aws,
    stack: Stack,
    state: State,
    planned: Sequence[Planned],
    target_step: str | None,
) -> Proposal:
    """Return the plan of a run that is about to write, as it is known without a further call."""
    records, (declared, _) = dict(state.records), run_scope.find_scope(state.records, stack, target_step)
    going = [records[item.address] for item in planned if item.action == "delete"]
    counted = sleep_schedule.awake(declared, records) if stack.facts.sizes.by_schedule else declared
    return Proposal(
        config,
        aws,
        planned,
        stack.notices,
        losses(going),
        records,
        stack.removal,
        [] if target_step else data_loss.retained(records, stack),
        declared,
        duration.for_plan(planned, declared, records, state.history),
        [*state.history],
        stack.facts.expires,
        costs.of_plan(planned, records, counted, aws.region, options.directory),
    )


def proposed(
    options: Options,
    config: Config,
    aws: Aws,
    stack: Stack,
    state: State,
    planned: Sequence[Planned],
    target_step: str | None,
) -> Proposal:
    """Return a plan with what else there is to know of it, for which a few more reads are made."""
    found = begun(options, config, aws, stack, state, planned, target_step)
    notes = [*found.notes, *aws_notices.notes(aws, stack, planned)]
    return replace(found, notes=notes, lost=data_loss.lost(aws, planned, found.records))
