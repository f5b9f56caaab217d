"""Sleep by `[schedule]`: its detection, and the changes of its schedules by `scale` and `sleep`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from provisioner.engine.planning.target import as_recorded
from provisioner.engine.records.references import KnownResources
from provisioner.operations.overrides import sizes
from provisioner.resources.application_autoscaling import ScalableTarget
from provisioner.resources.cloudwatch.alarms import Alarm
from provisioner.resources.cloudwatch.pieces import calls_of_piece, in_pieces
from provisioner.resources.ecs.service import Service
from provisioner.resources.scheduler import UniversalSchedule

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.config.records import Sizes
    from provisioner.config.services import Service as Wanted
    from provisioner.engine.declaration import Declared
    from provisioner.state.model import Record

_NUMBERS = {
    Service.type_name: ("desired_count",),
    ScalableTarget.type_name: ("min_capacity", "max_capacity"),
}
"""By resource type, the fields with the number of tasks."""


def asleep_until(config: Config, aws: Aws, records: Mapping[str, Record]) -> str | None:
    """Return the end of the sleep by schedule, as `sizes.until` words it; None if the stack does not sleep so.

    ECS is asked for the services' desired counts. Without a schedule no call is made. The reads are dropped afterwards.
    """
    if not sizes.may_sleep(config, records):
        return None
    live = [one for one in aws.knowing(KnownResources(records, {})).live(Service) if one.owned]
    aws.drop_reads()
    desired = {str(one.attributes["service_name"]): int(one.attributes["desired_count"]) for one in live}
    return sizes.until(config, aws.pace.time()) if sizes.sleeps(config, records, desired) else None


def check_awake(config: Config, aws: Aws, records: Mapping[str, Record]) -> None:
    """Refuse to change a stack that sleeps, by hand or by its schedule.

    Raises:
        ConfigurationError: it sleeps.
    """
    if refused := sizes.refusal(records, asleep_until(config, aws, records)):
        raise refused


def awake(declared: Mapping[str, Declared], records: Mapping[str, Record]) -> dict[str, Declared]:
    """Return the declarations of a stack that sleeps by its schedule, with the recorded numbers of tasks by day."""
    return {a: _by_day(item, records[a]) if a in records else item for a, item in declared.items()}


def _by_day(item: Declared, record: Record) -> Declared:
    numbers = _NUMBERS.get(record.type, ())
    changes: dict[str, Any] = {name: record.arguments[name] for name in numbers if name in record.arguments}
    return replace(item, resource=replace(item.resource, **changes)) if changes else item


def of_service(config: Config, records: Mapping[str, Record], wanted: Sizes, name: str) -> dict[str, dict[str, Any]]:
    """Return the changes of a service's schedules, by address: on or off, and the number of tasks after waking."""
    service = config.services[name]
    state = "DISABLED" if wanted.held(name) else "ENABLED"
    changes: dict[str, dict[str, Any]] = {"sleep": {"state": state}, "wake": {"state": state}}
    if wakes := records.get(f"{UniversalSchedule.type_name}/{name}.wake"):
        changes["wake"]["input"] = wakes.arguments["input"] | _tasks(service)
    return {
        address: fields
        for when, fields in changes.items()
        if (address := f"{UniversalSchedule.type_name}/{name}.{when}") in records
    }


def _tasks(service: Wanted) -> dict[str, int]:
    if service.scaling is None:
        return {"DesiredCount": service.count}
    return {"MinCapacity": service.least, "MaxCapacity": service.most}


def of_stack(config: Config, records: Mapping[str, Record], wanted: Sizes) -> dict[str, Declared]:
    """Return the declarations of the recorded schedules of database and alarms: on or off, and the alarms by name."""
    changes: dict[str, dict[str, Any]] = {}
    for when in ("sleep", "wake"):
        changes[f"{when}.database"] = {"state": "DISABLED" if wanted.asleep else "ENABLED"}
        for number, piece in enumerate(in_pieces(_alarms(config, records, wanted)), 1):
            names = [record.id for record, noisy in piece if noisy]
            state = "ENABLED" if names else "DISABLED"
            changes[calls_of_piece(when, number)] = {"state": state, "input": {"AlarmNames": names}}
    return {
        address: as_recorded(records[address], **fields)
        for name, fields in changes.items()
        if (address := f"{UniversalSchedule.type_name}/{name}") in records
    }


def _alarms(config: Config, records: Mapping[str, Record], wanted: Sizes) -> list[tuple[Record, bool]]:
    """Return the records of the alarms that sleep would set off, each with whether it is not quiet already."""
    alarms = [(f"{name}.running", not wanted.held(name)) for name in config.services]
    alarms.append(("errors", not any(wanted.held(name) for name in config.public)))
    found = [(records.get(f"{Alarm.type_name}/{name}"), noisy) for name, noisy in alarms]
    return [(record, noisy) for record, noisy in found if record is not None]
