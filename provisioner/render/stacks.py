"""Show which stacks are recorded, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from provisioner.cost.estimate import rough, summary
from provisioner.operations import expiry
from provisioner.render.text import ago, table, visible

if TYPE_CHECKING:
    from provisioner.cost.estimate import Estimate
    from provisioner.engine.events import StackLeft
    from provisioner.operations.stacks import RecordedStack


def lines(found: Sequence[RecordedStack], directory: str, now: float) -> list[str]:
    """Return the stacks as a table with a head.

    Args:
        directory: the state directory, to be named if there is nothing.
        now: seconds since the epoch.
    """
    if not found:
        return [f"No stacks in {directory}. Create one: `provision up`."]
    head = (
        *("stack", "env", "target", "account", "region", "resources", "USD a month", "created", "last run"),
        *("wanted until", ""),
    )
    rows = [head, *(_cells(one, now) for one in found)]
    # most stacks have no date
    return table(rows if any(one.expires for one in found) else [(*row[:-2], row[-1]) for row in rows])


def row(one: RecordedStack) -> dict[str, Any]:
    """Return what is known of a stack for JSON, times as ISO 8601 has them, in UTC."""
    last = one.last
    return {
        "stack": one.name,
        "env": one.env,
        "target": one.target,
        "location": one.location,
        "account": one.state.account if one.state else "",
        "region": one.state.region if one.state else "",
        "resources": one.resources,
        "ready": one.ready,
        "cost": summary(one.cost) if one.cost else None,
        "created": _iso(one.created) if one.created else None,
        "last_run": {
            "command": last.command,
            "result": last.result,
            "started": _iso(last.started),
            "seconds": last.seconds,
        }
        if last
        else None,
        **expiry.document(one.expires, one.now),
        "locked_by": one.holder,
        "problem": one.problem,
    }


def over(one: RecordedStack) -> str:
    """Return the line above the run that deletes a stack whose time is over."""
    return f"{one.name} on {one.target}: expired at {expiry.moment(one.expires or 0)}"


def left(one: StackLeft) -> str:
    """Return why a stack is left that `down --expired` has looked at."""
    return f"{one.stack} on {one.target} stays: {visible(one.why)}"


def _cells(one: RecordedStack, now: float) -> tuple[str, ...]:
    known, last = one.state, one.last
    unready = one.resources - one.ready
    return (
        one.name,
        one.env,
        one.target,
        known.account if known else "",
        known.region if known else "",
        f"{one.resources}{f', {unready} not ready' if unready else ''}" if known else "?",
        _monthly(one.cost),
        ago(now - one.created) if one.created else "",
        f"{last.command} {last.result}, {ago(now - last.started - last.seconds)}" if last else "",
        _until(one),
        f"locked: {one.holder}" if one.holder else one.problem,
    )


def _until(one: RecordedStack) -> str:
    if one.expires is None:
        return ""
    return f"{expiry.moment(one.expires)}{', expired' if one.expires <= one.now else ''}"


def _monthly(cost: Estimate | None) -> str:
    """Return what a stack costs on AWS in a month, with a sign where some prices are not known."""
    if cost is None or not cost.known:
        return ""
    return f"{rough(cost.sums.usual)}{'+' if cost.missing else ''}"


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
