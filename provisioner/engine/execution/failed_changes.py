"""Changes that have failed, and that AWS would go on with: the run ends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provisioner.engine.errors import Failed
from provisioner.engine.traits import EndsFailed

if TYPE_CHECKING:
    from provisioner.engine.ports import Provider
    from provisioner.engine.resource import Change, Observed, Resource


def awaited(
    aws: Provider, desired: Resource, live: Observed, changes: Mapping[str, Change] | None = None
) -> str | None:
    """Return the reason to wait for a resource. A failed one with changes has none: they may repair it.

    Raises:
        Failed: it has failed. If AWS would go on, it does no longer, or the message says the reason.
    """
    try:
        return desired.pending(live)
    except Failed as failed:
        if changes:
            return None
        if isinstance(desired, EndsFailed) and (goes_on := desired.end_failed(aws, live)):
            raise Failed(f"{failed}. {goes_on}") from failed
        raise
