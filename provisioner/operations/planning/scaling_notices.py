"""Tell the user for which services autoscaling ends, since `stack.toml` has no `scaling` for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provisioner.engine.words import names

if TYPE_CHECKING:
    from provisioner.state.model import Record
    from provisioner.steps.stack import Stack


def notices(stack: Stack, records: Mapping[str, Record]) -> list[str]:
    """List the services whose `scaling` was removed, and the changes that `up` will make to them.

    Earlier versions scaled every service, so the notice also says how to keep the scaling.
    """
    left: dict[tuple[str, int], list[str]] = {}
    for name, service in stack.config.services.items():
        if service.scaling is None and (target := records.get(f"scalable_target/{name}")):
            left.setdefault((_written(target, records.get(f"scaling_policy/{name}")), service.count), []).append(name)
    return [
        f"{names([f'services.{name}' for name in services])} {'has' if len(services) == 1 else 'have'} no `scaling`: "
        f"the scalable target and its policies are removed, and the number of tasks stays at count = {count}. To keep "
        f"them, write {written} there"
        for (written, count), services in left.items()
    ]


def _written(target: Record, policy: Record | None) -> str:
    """Return the recorded scaling as `stack.toml` has it."""
    bounds = {"min": target.arguments.get("min_capacity", 1), "max": target.arguments.get("max_capacity", 10)}
    tracking = policy.arguments.get("target_tracking_scaling_policy_configuration", {}) if policy else {}
    value = {"cpu": round(tracking["TargetValue"])} if "TargetValue" in tracking else {}
    return f"scaling = {{ {', '.join(f'{key} = {number}' for key, number in (bounds | value).items())} }}"
