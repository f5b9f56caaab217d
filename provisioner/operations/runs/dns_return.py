"""Give public names that were taken over back to their former targets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from provisioner.engine.declaration import Declared
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.events import Emit, Notice, RunStarted
from provisioner.engine.execution.apply import Apply
from provisioner.engine.planning.actions import Planned
from provisioner.engine.planning.target import as_recorded
from provisioner.engine.records.references import KnownResources
from provisioner.operations.planning.dns_takeover import left_to, recorded_names
from provisioner.operations.planning.dry_run import check_confirmed, plan_alone, refuse
from provisioner.operations.runs.summary import Remains, Summary, timed
from provisioner.resources.route53.handover import former_of
from provisioner.state.counted import counted

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.model import Record
    from provisioner.state.store import Store


def declare_return(records: Mapping[str, Record], give_back: Collection[str]) -> dict[str, Declared]:
    """Return the recorded names that are given back, declared again.

    Raises:
        ConfigurationError: a name is not recorded, or the state does not know its former target.
    """
    found = {}
    for name in give_back:
        record = next((one for one in recorded_names(records) if one.arguments["record_name"] == name), None)
        if record is None:
            raise ConfigurationError(
                f"--give-back {name}: this stack has no record of that name: check the name, or leave the option out"
            )
        if not former_of(name, record.outputs):
            raise ConfigurationError(
                f"--give-back {name}: the state does not say where it led before this stack: it was not taken over, "
                f"or the state was rebuilt since. Change the record by hand, then run "
                f"`provision state rm {record.address}`"
            )
        found[record.address] = as_recorded(record)
    return found


def plan_return(aws: Aws, records: Mapping[str, Record], declared: Mapping[str, Declared]) -> list[Planned]:
    """Return the changes that give these names back. Only reads are made."""
    knowing = aws.knowing(KnownResources(records, declared))
    return plan_alone(knowing, records, declared, lambda event: None)


def return_names(
    aws: Aws, store: Store, declared: Mapping[str, Declared], emit: Emit, confirmed: Sequence[Planned] | None = None
) -> Summary:
    """Point the DNS names back at their former targets. Nothing else changes, so it is fast.

    Args:
        declared: the names, as `declare_return` returns them.
        confirmed: the plan that the user agreed to; None if the user was not asked.
    """
    aws = aws.knowing(KnownResources(store.records, declared))
    emit(RunStarted("up", aws.name, aws.account, aws.region, counted(declared)))
    walk = Apply(aws, store, declared, emit)

    def work() -> Remains:
        planned = plan_alone(aws, store.records, declared, emit)
        refuse(planned, store.records, emit)
        if confirmed is not None:
            check_confirmed(confirmed, planned)
        walk.run()
        for text in left_to({address: store.records[address] for address in declared}):
            emit(Notice(text))
        return Remains()

    return timed(aws.pace, "up", None, store, work, [walk.progress])
