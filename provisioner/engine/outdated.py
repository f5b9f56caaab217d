"""Tells when AWS's lists may be older than the last call, which an earlier run may have made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.engine.parts import Part, as_of
from provisioner.engine.resource import Observed, Resource, canonical, compare

if TYPE_CHECKING:
    from provisioner.state.model import Record


def asked_for(desired: Resource, record: Record) -> bool:
    """Whether the desired settings are those asked for last."""
    wanted = desired.held(desired.fields())
    # an earlier version may have recorded what is no field any more
    recorded = {name: value for name, value in record.arguments.items() if name in wanted or name in vars(desired)}
    return bool(canonical(recorded) == canonical(wanted))


def outdated(desired: Resource, record: Record, live: Observed) -> bool:
    """Whether AWS shows another revision than the last one: each such look would create that again."""
    return desired.versioned and asked_for(desired, record) and bool(compare(desired, live))


def taken_back(desired: Resource, record: Record, live: Observed, part: Part) -> bool:
    """Whether AWS shows all as wanted, though something else was asked for last: the list may be older than that.

    Somebody takes a change back at once, and a list that lags behind does not show the change yet.
    """
    if desired.versioned:
        return False
    now = as_of(part, desired, record.arguments, live)
    if compare(now, live):
        return False
    wanted = now.held(now.fields())
    shown = wanted.keys() & live.attributes.keys() & record.arguments.keys() - now.ignore_changes
    return any(
        canonical(record.arguments[name], loose) != canonical(wanted[name], loose)
        for name, loose in ((name, name in now.unordered) for name in shown)
    )
