"""Describe a plan: its notes, the data that it deletes or keeps, its duration and its costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning.losses import losses
from provisioner.operations.impact import costs, data_loss, duration, savings
from provisioner.operations.overrides import sleep_schedule
from provisioner.operations.planning import aws_notices, dry_run, run_scope

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.cost.estimate import Difference
    from provisioner.engine.declaration import Declared
    from provisioner.engine.errors import ProvisionError
    from provisioner.engine.planning.actions import Planned
    from provisioner.engine.planning.losses import Loss
    from provisioner.engine.planning.removal import Removal
    from provisioner.operations.context.options import Options
    from provisioner.operations.impact.savings import Hint
    from provisioner.state.model import Record, Run, State
    from provisioner.steps.stack import Stack


@dataclass(frozen=True)
class Proposal:
    """The plan of an `up` with all facts that the user needs before agreeing to it.

    Attributes:
        planned: each resource with its action, unchanged resources included.
        notes: facts that the plan does not show, one sentence each.
        lost: the data that would be deleted.
        kept: the addresses of resources with data that are no longer declared and stay.
        declared: the declared resources of the run, by address.
        seconds: the expected duration on AWS.
        history: the earlier runs of the stack.
        expires: the date after which the stack may be deleted, in seconds since the epoch; None: it has none.
        cost: the change of the costs; None for a run that changes none.
        refused: the reason for which `up` would not begin.
        saving: the setting that would save most; None if the costs do not change.
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
    refused: ProvisionError | None = None
    saving: Hint | None = None


def describe_plan(
    options: Options,
    config: Config,
    aws: Aws,
    stack: Stack,
    state: State,
    planned: Sequence[Planned],
    target_step: str | None,
) -> Proposal:
    """Return a plan with its description from the state and the declaration. No call is made."""
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


def propose(
    options: Options,
    config: Config,
    aws: Aws,
    stack: Stack,
    state: State,
    planned: Sequence[Planned],
    target_step: str | None,
) -> Proposal:
    """Return a plan with its full description, which needs a few more reads."""
    found = describe_plan(options, config, aws, stack, state, planned, target_step)
    notes = [*found.notes, *aws_notices.notes(aws, stack, planned)]
    lost, saving = data_loss.lost(aws, planned, found.records), _largest_saving(options, config, found.cost)
    return replace(found, notes=notes, lost=lost, saving=saving)


def _largest_saving(options: Options, config: Config, cost: Difference | None) -> Hint | None:
    """Return the setting that would save most, for a plan that changes the costs; None if nothing saves a dollar."""
    if cost is None or not cost.changed or not cost.after.known:
        return None
    with suppress(ConfigurationError):  # a step of the user's own may need facts that only AWS has
        return next(iter(savings.hints(config, options.directory)), None)
    return None


def check_feasible(proposal: Proposal) -> None:
    """Refuse a plan that holds a refusal, or that costs more than the budget.

    Raises:
        PlanRefused: a change is refused.
        OverBudget: the stack would cost more than the budget.
    """
    dry_run.refuse(proposal.planned, proposal.records)
    costs.check_budget(proposal.config, proposal.cost)
