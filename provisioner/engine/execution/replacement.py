"""Detect AWS lists that may be older than the last call, which an earlier run may have made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.engine.parts import Part, as_of
from provisioner.engine.resource import Observed, Resource, canonical, compare

if TYPE_CHECKING:
    from provisioner.engine.scheduling.progress import RecordStore
    from provisioner.state.model import Record


def stale_for(
    store: RecordStore, desired: Resource, record: Record | None, live: Observed | None, part: Part
) -> float | None:
    """Return the age in seconds of a call that the lists may not show yet; None if they show all calls."""
    age = store.age(desired.address)
    if record is None or record.phase == "creating":
        if live is not None and not live.deleting:
            # an earlier run may have deleted a resource of this name, and dropped its record
            ghost = None if desired.retained else store.age()
            return age if record and _outdated(desired, record, live) else ghost
        return age if record and live is None else None
    if live is None or record.phase == "deleting":
        return None if live is not None and live.deleting else age
    if record.id and live.id != record.id and not desired.versioned:
        # a resource deleted before this one was created carries the same address
        return age
    stale = _outdated(desired, record, live) or _taken_back(desired, record, live, part)
    return age if stale or _precedes_last_call(desired, record, live, part) else None


def asked_for(desired: Resource, record: Record) -> bool:
    """Return whether the desired settings are the last recorded ones."""
    wanted = desired.recorded()
    # an earlier version may have recorded a field that no longer exists
    recorded = {name: value for name, value in record.arguments.items() if name in wanted or name in vars(desired)}
    return bool(canonical(recorded) == canonical(wanted))


def _outdated(desired: Resource, record: Record, live: Observed) -> bool:
    """Return whether AWS shows another revision than the last recorded one, so a repeat would create it twice."""
    return desired.versioned and asked_for(desired, record) and bool(compare(desired, live))


def _taken_back(desired: Resource, record: Record, live: Observed, part: Part) -> bool:
    """Return whether AWS shows the wanted settings though others were recorded last: its list may be too old.

    Example: the user takes a change back at once, and a list that lags behind does not show the change yet.
    """
    if desired.versioned:
        return False
    now = as_of(part, desired, record.arguments, live)
    if compare(now, live):
        return False
    wanted = now.held(now.fields())
    shown = wanted.keys() & live.attributes.keys() & record.arguments.keys() - now.ignored
    return any(
        canonical(record.arguments[name], loose) != canonical(wanted[name], loose)
        for name, loose in ((name, name in now.unordered) for name in shown)
    )


def _precedes_last_call(desired: Resource, record: Record, live: Observed, part: Part) -> bool:
    """Return whether AWS shows other settings than the last call asked for, of a resource that changes in parts.

    By such an old list, a former setting would look removed already, or a target with traffic as if it had none.
    """
    in_parts = type(desired).widened is not Resource.widened or type(desired).shifted is not Resource.shifted
    return (part == "widened" and in_parts) and any(
        canonical(record.arguments[name], name in desired.unordered)
        != canonical(live.attributes.get(name), name in desired.unordered)
        for name in compare(desired, live).keys() & record.arguments.keys()
    )
