"""Change resources without interruption: add new settings first, remove former ones when nothing uses them.

A change of a resource may take something away that others still use: a rule of a security group, a subnet of a load
balancer, the target group behind a path. Such a change is made in parts (`Resource.widened`, `shifted`), with all other
work between them:

1. `widened`: every resource gets its new settings and keeps its former ones. Services roll out.
2. `shifted`: traffic moves to ready resources. Orphaned resources that lead traffic, or scale, are deleted
   (`traits.Leads`).
3. Orphaned resources that run are drained and deleted (`traits.Runs`).
4. `declared`: former settings go once everything that was stopping has stopped (`Runs.winding_down`).

A part begins when all parts before it are done. If anything failed, the later parts do not run: settings that may be
in use stay, and the next `up` continues. The state needs no extra field for that: it records the settings of the last
call, the wider form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from provisioner.engine.resource import Changes, Observed, Resource, compare

if TYPE_CHECKING:
    from provisioner.state.model import Record

Part = Literal["widened", "shifted", "declared"]

FORMER_PART_STAYS = "its former part stays until all that uses it is ready"


def former(record: Record | None, live: Observed) -> Mapping[str, Any]:
    """Return the settings of the last recorded call, or AWS's own if none are recorded (see `Resource.widened`)."""
    return record.arguments if record else live.attributes


def rest(desired: Resource, now: Resource, live: Observed) -> Changes:
    """Return the changes that remain once the live resource has the settings of `now`, an earlier part."""
    if now is desired:
        return {}
    return compare(desired, live.updated(now.fields()))


def as_of(part: Part, desired: Resource, before: Mapping[str, Any], live: Observed) -> Resource:
    """Return a resource with its settings as of one part of its change.

    Args:
        before: see `Resource.widened`.
    """
    if part == "widened":
        return desired.widened(before, live)
    return desired.shifted(before, live) if part == "shifted" else desired
