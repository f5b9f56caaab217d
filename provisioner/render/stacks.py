"""Show the recorded stacks, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from provisioner.cost.estimate import rough, summary
from provisioner.engine.words import names
from provisioner.operations.overrides import expiration
from provisioner.render.text import ago, cells, table, visible, wrapped

if TYPE_CHECKING:
    from provisioner.cost.estimate import Estimate
    from provisioner.engine.events import StackLeft
    from provisioner.operations.context.stacks import RecordedStack


HEAD = (
    *("stack", "env", "target", "account", "region", "resources", "USD a month", "created", "last run"),
    "wanted until",
)
LESS = ("env", "created", "account", "region", "target")
"""The columns that are left out one after the other if there is no room."""


def lines(found: Sequence[RecordedStack], directory: str, now: float, width: int = 120) -> list[str]:
    """Return the stacks as a table with a head, and below each its problem.

    Args:
        directory: the state directory, to be named if there are no stacks.
        now: seconds since the epoch.
        width: the columns of the terminal. No line is longer, unless a name is.
    """
    if not found:
        return [f"No stacks in {directory}. Create one: `provision up`."]
    # most stacks have no date
    head = HEAD if any(one.expires for one in found) else HEAD[:-1]
    title, *shown = _fitted([head, *(_cells(one, now)[: len(head)] for one in found)], width)
    below = [[line for text in _below(one) for line in wrapped(f"  {text}", width, 6)] for one in found]
    return [title, *(line for row, more in zip(shown, below, strict=True) for line in (row, *more))]


def _fitted(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return a table without as many of its optional columns as there is no room for."""
    head = rows[0]
    for number in range(len(LESS) + 1):
        kept = [column for column, title in enumerate(head) if title not in LESS[:number]]
        drawn = table([row[column] for column in kept] for row in rows)
        if max(map(cells, drawn)) <= width:
            break
    return drawn


def row(one: RecordedStack) -> dict[str, Any]:
    """Return the facts about a stack for JSON, with times in ISO 8601 and UTC."""
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
        "protected": one.protected,
        "stored": one.stored,
        **expiration.document(one.expires, one.now),
        "locked_by": one.holder,
        "problem": one.problem,
    }


def over(one: RecordedStack) -> str:
    """Return the line above the run that deletes a stack whose time is over."""
    return f"{one.name} on {one.target}: expired at {expiration.moment(one.expires or 0)}"


def left(one: StackLeft) -> str:
    """Return the line about a stack that `down --expired` has looked at and not deleted."""
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
    )


def _below(one: RecordedStack) -> list[str]:
    """Return the lines below a stack: its problem, and the resources that may hold data this tool knows nothing of."""
    stored = [f"may hold data: {names(one.stored)}"] if one.stored else []
    return [*([wrong] if (wrong := _wrong(one)) else []), *stored]


def _wrong(one: RecordedStack) -> str:
    """Return the command that has locked a stack, or the reason why it cannot be read; empty if neither."""
    return f"locked: {one.holder}" if one.holder else one.problem


def _until(one: RecordedStack) -> str:
    if one.expires is None:
        return ""
    return f"{expiration.moment(one.expires)}{', expired' if one.expires <= one.now else ''}"


def _monthly(cost: Estimate | None) -> str:
    """Return a stack's monthly cost on AWS; a `+` marks unknown prices."""
    if cost is None or not cost.known:
        return ""
    return f"{rough(cost.sums.usual)}{'+' if cost.missing else ''}"


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
