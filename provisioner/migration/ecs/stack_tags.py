"""Tags that all services of a cluster have become `[tags]`; the others are named."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.config.tags import OWN, fits
from provisioner.migration.ecs.answers import Answer, tags

OURS = frozenset({*OWN, "Name", "provisioner:address"})
"""The tags of this tool's resources."""


def own(service: Answer) -> dict[str, str]:
    """Return the tags of a service that people gave to it, not AWS, Copilot or this tool."""
    found = tags(service).items()
    return {key: value for key, value in found if key not in OURS and not key.startswith(("aws:", "copilot-"))}


def common(services: Sequence[Answer]) -> dict[str, str]:
    """Return the tags that all services have with the same value, as far as `[tags]` can have them."""
    if not services:
        return {}
    first, *others = (own(one) for one in services)
    shared = {key: one for key, one in first.items() if all(other.get(key) == one for other in others)}
    return {key: one for key, one in sorted(shared.items()) if fits(key, one)}
