"""Disable the actions of alarms on services without tasks while these are paused or asleep."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.engine.declaration import Declared, Dependency
from provisioner.engine.planning.target import as_recorded
from provisioner.resources.cloudwatch.alarms import Alarm
from provisioner.resources.ecs.service import Service

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.config.records import Sizes
    from provisioner.state.model import Record


def quieted(
    config: Config, records: Mapping[str, Record], wanted: Sizes, names: Collection[str]
) -> dict[str, Declared]:
    """Return the recorded alarms of these services, with actions disabled while the wanted sizes would set them off.

    An alarm with enabled actions depends on its services, because it would go off until they run.

    Args:
        wanted: the sizes that hold from now on.
        names: the names of services and jobs; jobs have no such alarms.
    """
    public = [name for name in names if name in config.services and config.services[name].public]
    watched = {f"{Alarm.type_name}/{name}.running": ([name], wanted.rests(name)) for name in names}
    if public:
        watched[f"{Alarm.type_name}/errors"] = public, wanted.unanswered(config.services)
    found = {}
    for address, (services, quiet) in watched.items():
        if (record := records.get(address)) and record.phase in ("created", "ready"):
            waits = () if quiet else tuple(Dependency(f"{Service.type_name}/{name}", ready=True) for name in services)
            found[address] = replace(as_recorded(record, actions_enabled=not quiet), dependencies=waits)
    return found
