"""What a stack costs: a table, and the few words of it that other commands show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from provisioner.cost.estimate import Sums
from provisioner.engine.costs import HOURS
from provisioner.engine.words import names
from provisioner.render.text import table

if TYPE_CHECKING:
    from provisioner.cost.estimate import Difference, Estimate, Line
    from provisioner.operations.cost_hints import Hint

FEW = 3
"""How many of the dearest resources are named."""
REFRESH = "`provision prices refresh`"


def lines(estimate: Estimate, stack: str, hints: Sequence[Hint] | None = None) -> list[str]:
    """Return what a stack costs as a table by resource, with its sum, and what depends on the load.

    Args:
        hints: what would be cheaper, if that was asked for.
    """
    sums = estimate.sums
    rows = [("", "idle", "usual", "at most", ""), *_rows(estimate)]
    rows.append(("together", *_money(sums), f"{_hour(sums)} an hour as usual"))
    head = f"{stack} in {estimate.region}: USD in a month of {HOURS} hours, list prices without tax"
    return [
        head,
        "",
        *_aligned(rows),
        *_loads(estimate),
        "",
        *_notes(estimate),
        *_hints(hints),
    ]


def _rows(estimate: Estimate) -> Iterator[tuple[str, ...]]:
    """Yield a row for each resource, or for several of a type that cost the same; the dearest first."""
    alike: dict[tuple[str, Sums], list[str]] = {}
    for address, sums in estimate.by_address.items():
        alike.setdefault((address.partition("/")[0], sums), []).append(address)
    rows = [
        (Sums(*(each * len(some) for each in sums)), some, kind if len(some) > 1 else "")
        for (kind, sums), some in alike.items()
    ]
    for sums, some, kind in sorted(rows, key=lambda row: (-row[0].usual, -row[0].most)):
        why = _why(line for line in estimate.lines if line.address == some[0])
        yield f"{len(some)} × {kind}" if kind else some[0], *_money(sums), why


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return a table whose amounts stand below each other."""
    widths = [max(len(row[column]) for row in rows) for column in (1, 2, 3)]
    return table(
        (row[0], *(cell.rjust(width) for cell, width in zip(row[1:4], widths, strict=True)), row[4]) for row in rows
    )


def _money(sums: Sums) -> tuple[str, str, str]:
    return amount(sums.idle), amount(sums.usual), amount(sums.most)


def amount(dollars: float) -> str:
    """Return US dollars with cents."""
    return f"{dollars:,.2f}"


def rough(dollars: float) -> str:
    """Return US dollars as one says them: whole ones from ten on."""
    return f"{dollars:,.0f}" if abs(dollars) >= 10 else f"{dollars:.2f}"


def signed(dollars: float) -> str:
    """Return US dollars as a difference."""
    return f"{'+' if dollars >= 0 else '-'}{rough(abs(dollars))}"


def _hour(sums: Sums) -> str:
    return f"{sums.hour:.2f}"


def _why(several: Iterator[Line]) -> str:
    """Return what the lines of one resource are made of."""
    return "; ".join(f"{line.what}: {_price(line)}" for line in several)


def _price(line: Line) -> str:
    if line.unit_price is None:
        return "no price known"
    return f"{'~' if line.guess else ''}{line.unit_price:.4g} per {line.unit}"


def _loads(estimate: Estimate) -> Iterator[str]:
    """Yield what depends on the load, by its unit price."""
    if estimate.loads:
        yield ""
        yield "Besides, by load (count it with --load FILE):"
        yield from table((f"  {one.what}", _price(one)) for one in estimate.loads)


def _notes(estimate: Estimate) -> Iterator[str]:
    yield f"Prices of {estimate.date} and before; the free tier is not counted."
    if any(line.guess for line in estimate.lines):
        yield "What Spot costs (~) is a guess: its price moves, and that of Fargate Spot no API tells."
    yield from incomplete(estimate)
    if estimate.unknown:
        yield f"Not counted, since their types do not say what they cost: {names(estimate.unknown)}."


def incomplete(estimate: Estimate) -> list[str]:
    """Return which prices are not known, so that the sums are too low; nothing if all are."""
    if not estimate.missing:
        return []
    keys = names(estimate.missing)
    return [f"Too low: no price known for {keys} in {estimate.region}: {REFRESH}"]


def _hints(hints: Sequence[Hint] | None) -> Iterator[str]:
    if hints is not None:
        yield ""
        yield "Cheaper, each by itself:" if hints else "Nothing would save a dollar a month."
        yield from table((f"  {one.change}", f"saves {rough(one.saves)} a month", one.but) for one in hints)


def document(estimate: Estimate, stack: str, hints: Sequence[Hint] | None = None) -> dict[str, Any]:
    """Return what a stack costs as one JSON document."""
    by_address: dict[str, list[dict[str, Any]]] = {}
    for line in estimate.lines:
        by_address.setdefault(line.address, []).append(_line(line))
    resources = [
        {"address": address, **figures(sums), "lines": by_address[address]}
        for address, sums in estimate.by_address.items()
    ]
    told = {"stack": stack, **summary(estimate), "resources": resources, "loads": [*map(_line, estimate.loads)]}
    return told if hints is None else told | {"hints": [asdict(one) for one in hints]}


def _line(line: Line) -> dict[str, Any]:
    return {
        "address": line.address,
        "what": line.what,
        "price": line.price,
        "unit": line.unit,
        "unit_price": line.unit_price,
        "basis": line.basis,
        "guess": line.guess,
        **figures(line.sums),
    }


def figures(sums: Sums) -> dict[str, float]:
    """Return sums for JSON, in US dollars a month."""
    return {"idle": round(sums.idle, 4), "usual": round(sums.usual, 4), "at_most": round(sums.most, 4)}


def summary(estimate: Estimate) -> dict[str, Any]:
    """Return the sums of a stack for JSON, and what is to be known of them."""
    return {
        "currency": "USD",
        "region": estimate.region,
        "prices_of": estimate.date,
        **figures(estimate.sums),
        "hour": round(estimate.sums.hour, 4),
        "missing": [*estimate.missing],
        "not_counted": [*estimate.unknown],
    }


def change(found: Difference | None) -> dict[str, Any]:
    """Return what a plan changes of the cost, for JSON; None if that is not told."""
    if found is None:
        return {"cost": None}
    before = figures(found.before.sums)
    changed = {address: round(more, 4) for address, more in found.changed.items()}
    return {"cost": {**summary(found.after), "before": before, "changed": changed}}


def of_plan(found: Difference | None) -> list[str]:
    """Return what a plan changes of the cost: the sum, and of what was there what becomes dearer or cheaper."""
    if found is None:
        return []
    after, before = found.after.sums, found.before.sums
    several = f"{_hour(after)} an hour; idle {rough(after.idle)}, at most {rough(after.most)}"
    about = "at least" if found.after.missing else "about"
    if not found.before.lines:
        dearest = [f"{address} {rough(sums.usual)}" for address, sums in [*found.after.by_address.items()][:FEW]]
        text = f"Cost on AWS: {about} {rough(after.usual)} USD a month ({several})."
        return [text, *([f"  the most: {', '.join(dearest)}"] if dearest else []), *incomplete(found.after)]
    if not found.changed and before == after:
        return [f"Cost on AWS: {about} {rough(after.usual)} USD a month ({several})."]
    more = signed(after.usual - before.usual)
    text = f"Cost on AWS: {rough(before.usual)} -> {about} {rough(after.usual)} USD a month ({more}; {several})."
    return [text, *_changed(found.changed), *incomplete(found.after)]


def _changed(changed: Mapping[str, float]) -> list[str]:
    shown = [*changed.items()][:FEW]
    told = table((f"  {address}", f"{signed(more)} USD a month") for address, more in shown)
    left = len(changed) - len(shown)
    return [*told, *([f"  … and {left} more"] if left else [])]


def hourly(estimate: Estimate) -> str:
    """Return what a stack costs in an hour, in a few words."""
    about = "at least" if estimate.missing else "about"
    return f"{about} {_hour(estimate.sums)} USD an hour on AWS, {rough(estimate.sums.usual)} a month"
