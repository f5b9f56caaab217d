"""The plan as one JSON document, and its exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from provisioner.render.fields import differing

if TYPE_CHECKING:
    from provisioner.engine.planning.actions import Planned
    from provisioner.engine.planning.losses import Loss


def exit_code(planned: Sequence[Planned]) -> int:
    """Return 0 if there is nothing to do, 2 if there are changes, and 1 if `up` would refuse something."""
    actions = {item.action for item in differing(planned)}
    return 1 if "refused" in actions else 2 if actions else 0


def document(
    planned: Sequence[Planned],
    stack: str,
    account: str,
    region: str,
    notes: Sequence[str] = (),
    lost: Sequence[Loss] = (),
    kept: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the plan as one JSON document.

    Args:
        lost: the data that would be deleted.
        kept: the addresses of orphaned resources that stay, since they hold data.
    """
    return {
        "stack": stack,
        "account": account,
        "region": region,
        "counts": dict(Counter(item.action for item in planned if not item.bookkeeping)),
        "notes": list(notes),
        "losses": [asdict(one) for one in lost],
        "kept": list(kept),
        "resources": [item.to_dict() for item in planned],
    }
