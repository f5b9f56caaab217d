"""Tell the user how the defaults of `env = "prod"` change an existing stack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provisioner.state.model import Record
    from provisioner.steps.stack import Stack

FIELDS = {
    "capacity.spot": ("auto_scaling_group/main", "mixed_instances_policy"),
    "on_demand": ("service/{}", "capacity_provider_strategy"),
    "scaling.min": ("scalable_target/{}", "min_capacity"),
    "count": ("service/{}", "desired_count"),
}
"""By the end of a key, the address with a place for the service's name, and the field."""
KEPT = {
    "capacity.spot": "capacity.spot = true",
    "on_demand": "on_demand = { percent = 0 }",
    "scaling.min": "scaling = { min = 1 }",
    "count": "count = 1",
}
"""By the end of a key, the line in stack.toml that keeps the former default."""
NOW = {
    "capacity.spot": "capacity.spot is false",
    "on_demand": "on_demand is { percent = 100 }",
    "scaling.min": "scaling.min is 2",
    "count": "count is 2",
}


def notices(stack: Stack, records: Mapping[str, Record]) -> list[str]:
    """Return a notice for each default of the environment that differs from the records, and the way to keep them."""
    changed: dict[str, list[str]] = {}
    for key in stack.config.by_environment:
        service, end = _parted(key)
        if end not in FIELDS:
            continue
        address, field = FIELDS[end][0].format(service), FIELDS[end][1]
        record, declared = records.get(address), stack.declared.get(address)
        if record and declared and _differ(record.arguments.get(field), declared.resource.fields()[field]):
            changed.setdefault(end, []).append(service)
    return [
        f'{NOW[end]}{_of(services)}, the default of env = "{stack.config.env}", and was otherwise: to keep the '
        f"former value, write {KEPT[end]}{' there' if any(services) else ''}"
        for end, services in changed.items()
    ]


def _parted(key: str) -> tuple[str, str]:
    """Return the service in a key, empty without one, and the rest of the key."""
    if not key.startswith("services."):
        return "", key
    _, service, end = key.split(".", 2)
    return service, end


def _of(services: Iterable[str]) -> str:
    named = [f"services.{name}" for name in services if name]
    return f" for {', '.join(named)}" if named else ""


def _differ(before: Any, now: Any) -> bool:
    """Return whether two values of a field differ; of a group's policy only the instance distribution is compared."""
    if isinstance(now, Mapping):
        before, now = ((one or {}).get("InstancesDistribution", {}) for one in (before, now))
    return bool(before != now)
