"""Sizes set by `scale` and `sleep`: the records, the sizes in effect, and the configuration with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from provisioner.config.due import next_due
from provisioner.config.models import Config
from provisioner.config.records import ASLEEP, CALLING, PART, PARTS, PAUSED, SCALED, Scaled, Sizes
from provisioner.config.services import Service
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.words import count
from provisioner.state.model import Record

TYPES = frozenset({SCALED, PAUSED, ASLEEP, PART})
"""The types of the records of scaled, paused and sleeping services and of deleted parts."""


def source_of(service: Service) -> str:
    """Return the configured number of a service's tasks, as text."""
    scaling = service.scaling
    if scaling is None:
        return f"count = {service.count}"
    found = {time.at: scaling.from_then(name) for name, time in scaling.schedule.items()}
    times = [f"{least} to {most} at {at} in {scaling.timezone}" for at, (least, most) in found.items()]
    return f"scaling from {scaling.min} to {scaling.max}" + (f" ({', '.join(times)})" if times else "")


def records_of(records: Mapping[str, Record]) -> dict[str, Record]:
    """Return the records of sizes, by address."""
    return {address: record for address, record in records.items() if record.type in TYPES}


def recorded(records: Mapping[str, Record]) -> Sizes:
    """Return the recorded sizes."""

    def of(type_name: str) -> dict[str, dict[str, Any]]:
        return {a.partition("/")[2]: record.arguments for a, record in records.items() if record.type == type_name}

    scaled = {name: Scaled(**told) for name, told in of(SCALED).items()}
    paused = {name: told["tasks"] for name, told in of(PAUSED).items()}
    asleep = of(ASLEEP)
    slept = {name: tasks for told in asleep.values() for name, tasks in told.get("tasks", {}).items()}
    return Sizes(scaled, paused, bool(asleep), slept=slept)


def in_effect(
    config: Config, records: Mapping[str, Record], *, by_schedule: str | None = None
) -> tuple[Sizes, list[str]]:
    """Return the sizes in effect, and notes on all. A configuration that changed since takes precedence.

    A scaled size is no longer in effect once the configured number of tasks has changed.

    Args:
        by_schedule: the end of the stack's sleep by schedule, as `until` words it; None if it does not sleep so.
    """
    found, scaled, told = recorded(records), dict[str, Scaled](), list[str]()
    for name, one in found.scaled.items():
        if (service := config.services.get(name)) is None:
            continue
        says, key = source_of(service), config.key(name)
        if says == one.instead_of:
            scaled[name] = one
            told.append(f"{key} has {size_of(service, one)} by `provision scale`, instead of {says}")
        else:
            told.append(
                f"{key} had {size_of(service, one)} by `provision scale`, instead of {one.instead_of}, and the "
                f"configuration says {says} since: that is used"
            )
    pausable = pausables(config)
    paused = {name: tasks for name, tasks in found.paused.items() if name in pausable}
    told += [f"{config.key(name)} is paused: `provision wake {name}` starts it again" for name in paused]
    if found.asleep:
        gone = [words for part, words in PARTS.items() if f"{PART}/{part}" in records]
        again = f", and makes its {' and '.join(gone)} again" if gone else ""
        told.insert(0, f"the stack is asleep: `provision wake` starts it again{again}")
    if by_schedule is not None:
        told.insert(0, f"{asleep(by_schedule)}: `provision wake` starts it now")
    return Sizes(scaled, paused, found.asleep, by_schedule is not None, found.slept), told


def asleep(until: str) -> str:
    """Return words for a stack that sleeps by its schedule.

    Args:
        until: the end of the sleep, as `until` words it.
    """
    return f"asleep{until} by schedule"


def sleeps(config: Config, records: Mapping[str, Record], desired: Mapping[str, int]) -> bool:
    """Return whether the stack sleeps by its schedule: each service that is not paused has a desired count of 0.

    Args:
        desired: the desired count of each service in ECS.
    """
    there = [
        desired[name]
        for name, service in config.services.items()
        if name in desired and service.least and f"{PAUSED}/{name}" not in records
    ]
    return may_sleep(config, records) and bool(there) and not any(there)


def may_sleep(config: Config, records: Mapping[str, Record]) -> bool:
    """Return whether a schedule may have put the stack to sleep; after a `sleep` by hand all schedules are off.

    If `[schedule]` is removed, `up` deletes the schedules and starts the services again, but not a stopped database:
    only `wake` starts that.
    """
    there = any(record.type == CALLING for record in records.values())
    wanted = config.schedule is not None or f"{CALLING}/sleep.database" in records
    return there and wanted and f"{ASLEEP}/main" not in records


def until(config: Config, now: float) -> str:
    """Return the time at which the schedule wakes the stack, as ` until Mon 07:00 JST`; empty if unknown.

    Args:
        now: seconds since the epoch, on the cloud's clock.
    """
    wanted = config.schedule
    return f" until {due}" if wanted and (due := moment(wanted.wake, wanted.timezone, now)) else ""


def moment(expression: str, zone: str, now: float) -> str:
    """Return the next due time of a schedule, as `Mon 07:00 JST`; empty if unknown."""
    due = next_due(expression, zone, now)
    return f"{due:%a %H:%M %Z}" if due else ""


def held(config: Config, records: Mapping[str, Record]) -> tuple[Config, Sizes]:
    """Return the configuration with the numbers of tasks in effect, and the sizes in effect."""
    sizes, _ = in_effect(config, records)
    return applied(config, sizes), sizes


def refusal(records: Mapping[str, Record], by_schedule: str | None = None) -> ConfigurationError | None:
    """Return the refusal to change a stack that sleeps, or None: a stopped database accepts no change.

    Args:
        by_schedule: the end of its sleep by schedule, as `until` words it; None if it does not sleep so.
    """
    why = "asleep" if recorded(records).asleep else asleep(by_schedule) if by_schedule is not None else ""
    if not why:
        return None
    return ConfigurationError(f"the stack is {why}: run `provision wake` first, or `provision down` to delete it")


def pausables(config: Config) -> list[str]:
    """Return the names that can be paused: all services, and the jobs with a schedule."""
    return [*config.services, *(name for name, job in config.jobs.items() if job.schedule)]


def there(config: Config, records: Mapping[str, Record]) -> list[str]:
    """Return the recorded ones of these names. New ones are created by an `up`, once the stack is awake."""
    kinds = {name: "service" if name in config.services else "schedule" for name in pausables(config)}
    return [name for name, kind in kinds.items() if f"{kind}/{name}" in records]


def size_of(service: Service, scaled: Scaled) -> str:
    """Return the number of tasks that `provision scale` set for a service, in words."""
    if service.scaling:
        return f"{scaled.least} to {scaled.most} tasks"
    return count(scaled.least, "task")


def applied(config: Config, sizes: Sizes) -> Config:
    """Return the configuration with its numbers of tasks replaced by the scaled ones."""
    services = {
        name: resized(service, sizes.scaled[name]) if name in sizes.scaled else service
        for name, service in config.services.items()
    }
    return config.model_copy(update={"services": services})


def resized(service: Service, scaled: Scaled) -> Service:
    """Return a service with another number of tasks."""
    if scaling := service.scaling:
        bounds = {"min": scaled.least, "max": scaled.most}
        # the number that a command has set holds at any time of the day
        times = {name: time.model_copy(update=bounds) for name, time in scaling.schedule.items()}
        return service.model_copy(update={"scaling": scaling.model_copy(update={**bounds, "schedule": times})})
    return service.model_copy(update={"count": scaled.least})


def as_records(sizes: Sizes) -> dict[str, Record]:
    """Return the sizes as the state records them, by address."""

    def record(type_name: str, name: str, arguments: dict[str, object]) -> Record:
        return Record(f"{type_name}/{name}", type_name, "ready", "", arguments=arguments, step="services")

    found = [record(SCALED, name, asdict(one)) for name, one in sizes.scaled.items()]
    found += [record(PAUSED, name, {"tasks": tasks}) for name, tasks in sizes.paused.items()]
    found += [record(ASLEEP, "main", {"tasks": dict(sizes.slept)})] if sizes.asleep else []
    return {one.address: one for one in found}
