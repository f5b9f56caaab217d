"""Give names that were taken over back to the system that had them (`up --give-back`)."""

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


def returning(records: Mapping[str, Record], give_back: Collection[str]) -> dict[str, Declared]:
    """Return the recorded names that are to be given back, as declarations.

    Raises:
        ConfigurationError: the state does not say where one led before.
    """
    found = {}
    for name in give_back:
        record = next((one for one in recorded_names(records) if one.arguments["record_name"] == name), None)
        if record is None:
            raise ConfigurationError(f"--give-back {name}: this stack has no record of that name")
        if not former_of(name, record.outputs):
            raise ConfigurationError(
                f"--give-back {name}: the state does not say where it led before this stack: it was not taken over, "
                f"or the state was rebuilt since. Change the record by hand, then run "
                f"`provision state rm {record.address}`"
            )
        found[record.address] = as_recorded(record)
    return found


def plan_return(aws: Aws, records: Mapping[str, Record], declared: Mapping[str, Declared]) -> list[Planned]:
    """Return what giving these names back changes. Only reads are made."""
    knowing = aws.knowing(KnownResources(records, declared))
    return plan_alone(knowing, records, declared, lambda event: None)


def give_back(
    aws: Aws, store: Store, declared: Mapping[str, Declared], emit: Emit, confirmed: Sequence[Planned] | None = None
) -> Summary:
    """Let names lead where they did before they were taken over, and do nothing else: it may be urgent.

    Args:
        declared: what `returning` said.
        confirmed: the plan that the user agreed to, if one was asked.
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
