"""Plan an `up` by reads only, and refuse a plan that cannot be carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.aws.errors import ApiError, rate_exceeded
from provisioner.engine import events
from provisioner.engine.errors import PlanChanged
from provisioner.engine.events import Emit, Notice
from provisioner.engine.planning.actions import Planned
from provisioner.engine.planning.plan import plan
from provisioner.engine.planning.refusals import PlanRefused, reasons
from provisioner.engine.records.references import KnownResources
from provisioner.engine.scheduling.progress import LOOKUP_TIMEOUT
from provisioner.engine.words import names
from provisioner.operations.impact.data_loss import guarded
from provisioner.operations.planning.run_scope import find_scope
from provisioner.resources.route53.records import obstacle
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.declaration import Declared
    from provisioner.steps.stack import Stack

AGAIN = 10.0
"""Seconds before an unanswered or throttled read is tried again."""


def refuse(planned: Sequence[Planned], records: Mapping[str, Record], emit: Emit = lambda event: None) -> None:
    """Raise `PlanRefused` if the plan holds a refusal; emit an event for each reason first."""
    if refused := reasons(planned):
        for reason in refused:
            emit(events.PlanRefused(reason.text, tuple(reason.addresses)))
        raise PlanRefused(refused, records.values())


def check_confirmed(confirmed: Sequence[Planned], planned: Sequence[Planned]) -> None:
    """Refuse a plan that differs from the plan that the user has agreed to.

    Raises:
        PlanChanged: the plan has changed since. The message names the resources.
    """
    before, now = ({p.address: p for p in plan if p.action != "none"} for plan in (confirmed, planned))
    if other := [address for address in {**before, **now} if before.get(address) != now.get(address)]:
        raise PlanChanged(
            f"nothing was changed: the plan for {names(other)} has changed since it was shown. "
            "Run the same command again to see the new plan"
        )


def answered(aws: Aws, emit: Emit, ask: Callable[[], list[Planned]]) -> list[Planned]:
    """Plan, and plan again while AWS gives no answer or throttles."""

    def passes(cause: Exception) -> bool:
        return aws.errors.out_of_reach(cause) or rate_exceeded(cause)

    return _repeated(aws, ask, passes, lambda error: emit(Notice(f"waiting for AWS to respond: {error}")))


def plan_alone(aws: Aws, records: Mapping[str, Record], declared: Mapping[str, Declared], emit: Emit) -> list[Planned]:
    """Return the plan of a run that is limited to these resources. Only reads are made.

    Args:
        aws: an `Aws` that knows these resources.
    """
    return answered(aws, emit, lambda: plan(aws, records, declared, (), limited=True))


def show_plan(aws: Aws, records: Mapping[str, Record], stack: Stack, target_step: str | None = None) -> list[Planned]:
    """Return the plan of an `up`. Only reads are made; throttled reads are repeated."""
    knowing, about = aws.knowing(KnownResources(records, stack.declared)), find_scope(records, stack, target_step)
    limited, unprotect = target_step is not None, stack.removal.unprotect

    def ask() -> list[Planned]:
        return plan(knowing, records, *about, limited=limited, unprotect=unprotect)

    return guarded(_repeated(knowing, ask, rate_exceeded), records, stack)


def _repeated(
    aws: Aws,
    ask: Callable[[], list[Planned]],
    passes: Callable[[Exception], bool],
    tell: Callable[[ApiError], None] = lambda error: None,
) -> list[Planned]:
    """Plan; after an error that `passes` accepts as temporary, `tell` it and plan again until `LOOKUP_TIMEOUT`."""
    until = aws.pace.now() + LOOKUP_TIMEOUT
    while True:
        try:
            return [_unless_obstructed(aws, item) for item in ask()]
        except ApiError as error:
            aws.pace.check()
            if not (isinstance(error.__cause__, Exception) and passes(error.__cause__)) or aws.pace.now() > until:
                raise
            tell(error)
            aws.drop_reads()
            aws.pace.sleep(AGAIN)


def _unless_obstructed(aws: Aws, item: Planned) -> Planned:
    """Refuse the creation of an A record beside a CNAME, which AWS would refuse only after all other changes."""
    fields = {name: change.new for name, change in item.changes.items()}
    if item.action != "create" or not item.address.startswith("record_set/") or fields.get("type") != "A":
        return item
    why = obstacle(aws, fields["record_name"])
    return replace(item, action="refused", changes={}, why=why) if why else item
