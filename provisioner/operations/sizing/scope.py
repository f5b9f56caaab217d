"""The scope of `scale`, `sleep` and their opposites: services, scalable targets and schedules, as recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning.target import as_recorded
from provisioner.operations.overrides import sleep_schedule
from provisioner.resources.application_autoscaling import ScalableTarget, ScheduledAction
from provisioner.resources.ecs.service import Service
from provisioner.resources.scheduler import Schedule

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.config.records import Sizes
    from provisioner.config.scaling import Bounds, Scaling
    from provisioner.engine.declaration import Declared
    from provisioner.state.model import Record


def sized(
    config: Config, records: Mapping[str, Record], wanted: Sizes, names: Iterable[str], now: float
) -> dict[str, Declared]:
    """Return the recorded resources that determine the numbers of tasks of these services and jobs, with new numbers.

    All other fields keep their recorded values, even if the configuration has changed since.

    Args:
        config: the configuration with the numbers of tasks that hold (`sizes.applied`).
        now: seconds since the epoch; the limits of `scaling.schedule` depend on it.

    Raises:
        ConfigurationError: a resource is not in the stack, or a service's `scaling` was added or removed since.
    """
    found = {}
    for name in names:
        for address, changes in _sizes(config, records, wanted, name, now).items():
            record = records.get(address)
            # phase `created`: a run ended while it changed the resource, and this run continues
            if record is None or record.phase not in ("created", "ready"):
                raise ConfigurationError(f"{address} is not there: run `provision up` first")
            found[address] = as_recorded(record, **changes)
    for name, service in config.services.items():
        there = f"{ScalableTarget.type_name}/{name}" in records
        if f"{Service.type_name}/{name}" in found and there != bool(service.scaling):
            raise ConfigurationError(
                f"{config.key(name)}.scaling has changed in the configuration: run `provision up` first"
            )
    return found | sleep_schedule.of_stack(config, records, wanted)


def _sizes(
    config: Config, records: Mapping[str, Record], wanted: Sizes, name: str, now: float
) -> dict[str, dict[str, Any]]:
    """Return the changed fields that determine the number of tasks of a service or job, by address."""
    rests = wanted.rests(name)
    if name in config.jobs:
        return {f"{Schedule.type_name}/{name}": {"state": "DISABLED" if rests else "ENABLED"}}
    service, scheduled = config.services[name], sleep_schedule.of_service(config, records, wanted, name)
    if service.scaling is None:
        # a record that `recover` has written may say otherwise
        number = {"desired_count": 0 if rests else service.count, "scales": False}
        return {f"{Service.type_name}/{name}": number, **scheduled}
    return {
        f"{Service.type_name}/{name}": {},
        f"{ScalableTarget.type_name}/{name}": _capacity(None if rests else service.bounds(now)),
        **_times(records, name, service.scaling, rests=rests),
        **scheduled,
    }


def _times(records: Mapping[str, Record], name: str, scaling: Scaling, *, rests: bool) -> dict[str, dict[str, Any]]:
    """Return the changes of a service's recorded scheduled actions: while it rests, none may start a task."""
    before = f"{ScheduledAction.type_name}/{name}."
    times = {a: a.removeprefix(before) for a in records if a.startswith(before)}
    # an action that the configuration has no more is deleted by the next `up`
    return {
        address: _capacity(None if rests else scaling.from_then(time))
        for address, time in times.items()
        if rests or time in scaling.schedule
    }


def _capacity(bounds: Bounds | None) -> dict[str, Any]:
    least, most = bounds or (0, 0)
    return {"min_capacity": least, "max_capacity": most}


def numbers(config: Config, wanted: Sizes, names: Iterable[str], now: float) -> dict[str, range]:
    """Return the wanted numbers of tasks of these services, by name.

    Args:
        now: seconds since the epoch.
    """
    found = {}
    for name in names:
        if service := config.services.get(name):
            # another time of `scaling.schedule` may come meanwhile
            found[name] = range(1) if wanted.rests(name) else range(service.bounds(now).least, service.most + 1)
    return found
