"""Costs of a stack: a table, and short lines about them for other commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from provisioner.cost.estimate import CENT, Sums, alike, dearest, figures, rough, summary
from provisioner.engine.costs import HOURS
from provisioner.engine.words import MINUTE, age, count, names
from provisioner.render.text import table

if TYPE_CHECKING:
    from provisioner.cost.estimate import Difference, Estimate, Line
    from provisioner.engine.events import RunCost
    from provisioner.operations.commands.prices import Refreshed
    from provisioner.operations.impact.costs import SoFar
    from provisioner.operations.impact.savings import Hint

FEW = 3
"""The most differences that are shown."""


def lines(
    estimate: Estimate,
    stack: str,
    budget: float | None = None,
    hints: Sequence[Hint] | None = None,
    others: Sequence[str] = (),
) -> list[str]:
    """Return a stack's costs as a table by resource, with the sum, and the prices that depend on the load.

    Args:
        budget: the most that it may cost in a month, if set.
        hints: cheaper settings, if the user asked for them.
        others: resources of somebody else that the stack uses.
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
        *([f"Not counted, since somebody else owns and pays it: {names(others)}."] if others else []),
        *_budget(estimate, budget),
        *_hints(hints),
    ]


def _rows(estimate: Estimate) -> Iterator[tuple[str, ...]]:
    """Yield a row for each resource, or for several of a type that cost the same; the dearest first."""
    rows = alike(estimate.by_address)
    for name, first, sums in sorted(rows, key=lambda row: (-row[2].usual, -row[2].most)):
        why = _why(line for line in estimate.lines if line.address == first)
        yield name, *_money(sums), why


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return a table with right-aligned amounts."""
    widths = [max(len(row[column]) for row in rows) for column in (1, 2, 3)]
    return table(
        (row[0], *(cell.rjust(width) for cell, width in zip(row[1:4], widths, strict=True)), row[4]) for row in rows
    )


def _money(sums: Sums) -> tuple[str, str, str]:
    return amount(sums.idle), amount(sums.usual), amount(sums.most)


def amount(dollars: float) -> str:
    """Return US dollars with cents."""
    return f"{dollars:,.2f}"


def signed(dollars: float) -> str:
    """Return US dollars as a difference."""
    return f"{'-' if dollars < 0 else '+'}{rough(abs(dollars))}" if abs(dollars) >= CENT else "0"


def _hour(sums: Sums) -> str:
    return f"{sums.hour:.2f}"


def _why(several: Iterator[Line]) -> str:
    """Return the cost lines of one resource, in words."""
    return "; ".join(f"{line.what}: {_price(line)}" for line in several)


def _price(line: Line) -> str:
    if line.unit_price is None:
        return "no price known"
    return f"{'~' if line.guess else ''}{line.unit_price:.4g} per {line.unit}"


def _loads(estimate: Estimate) -> Iterator[str]:
    """Yield the costs that depend on the load, by their unit prices."""
    if estimate.loads:
        yield ""
        yield "Besides, by load (count it with --load FILE):"
        yield from table((f"  {one.what}", _price(one)) for one in estimate.loads)


def _notes(estimate: Estimate) -> Iterator[str]:
    yield f"Prices of {estimate.date} and before; the free tier is not counted."
    if any(line.guess for line in estimate.lines):
        yield "The cost of Spot (~) is a guess: its price moves, and no API has the price of Fargate Spot."
    yield from incomplete(estimate)
    if estimate.unknown:
        yield f"Not counted, since their types do not say what they cost: {names(estimate.unknown)}."


def incomplete(estimate: Estimate) -> list[str]:
    """Return a line with the unknown prices and their resources: the sums are too low; empty if all are known."""
    if not estimate.missing:
        return []
    told = names([f"{key} ({_of(key, estimate)})" for key in estimate.missing])
    them = "it" if len(estimate.missing) == 1 else "them"
    command = f"`provision cost --refresh --region {estimate.region}` reads {them}, if AWS has {them} there"
    needs = "with pricing:GetProducts (`provision policy --prices`)"
    return [f"Too low: no price known in {estimate.region} for {told}: {command}, {needs}."]


def _of(key: str, estimate: Estimate) -> str:
    """Return the resource that has this price, or the number of resources if there are several."""
    first, *others = {line.address for line in estimate.lines if line.price == key}
    return count(1 + len(others), "resource") if others else first


def _budget(estimate: Estimate, budget: float | None) -> Iterator[str]:
    if budget is not None:
        left = budget - estimate.sums.usual
        yield (
            f"Of cost.budget = {budget:g}, {rough(left)} are left."
            if left >= 0
            else (f"More than cost.budget = {budget:g} by {rough(-left)}: `plan` and `up` refuse it.")
        )


def _hints(hints: Sequence[Hint] | None) -> Iterator[str]:
    if hints is not None:
        yield ""
        yield "Cheaper, each by itself:" if hints else "Nothing would save a dollar a month."
        yield from table((f"  {one.change}", f"saves {rough(one.saves)} a month", one.but) for one in hints)


def document(
    estimate: Estimate, stack: str, budget: float | None = None, hints: Sequence[Hint] | None = None
) -> dict[str, Any]:
    """Return a stack's costs as one JSON document."""
    by_address: dict[str, list[dict[str, Any]]] = {}
    for line in estimate.lines:
        by_address.setdefault(line.address, []).append(_line(line))
    resources = [
        {"address": address, **figures(sums), "lines": by_address[address]}
        for address, sums in estimate.by_address.items()
    ]
    told = {
        "stack": stack,
        **summary(estimate),
        "budget": budget,
        "resources": resources,
        "loads": [*map(_line, estimate.loads)],
    }
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


def change(found: Difference | None) -> dict[str, Any]:
    """Return the cost change of a plan, for JSON; None if it is unknown."""
    if found is None:
        return {"cost": None}
    before = figures(found.before.sums)
    changed = {address: figures(more) for address, more in found.changed.items()}
    return {"cost": {**summary(found.after), "before": before, "changed": changed}}


def of_plan(found: Difference | None, saving: Hint | None = None) -> list[str]:
    """Return the cost change of a plan: the sum, the existing resources that become dearer or cheaper, and a hint.

    Args:
        saving: the setting that would save most, if it is known.
    """
    if found is None:
        return []
    before, after = found.before, found.after
    if not after.known:
        return [_unknown(after)]
    first = f"{rough(before.sums.usual)} -> " if before.lines and found.changed else ""
    more = f", {_more(found.more)}" if first else ""
    text = f"Cost on AWS: {first}{_whole(after)}{more}."
    if before.lines:
        return [text, *_changed(found.changed), *incomplete(after), *_cheaper(saving)]
    most = [f"  the most: {dearest(after)}"] if after.lines else []
    return [text, *most, *incomplete(after), *_cheaper(saving)]


def _cheaper(saving: Hint | None) -> list[str]:
    if saving is None:
        return []
    return [f"  cheaper: {saving.change} saves {rough(saving.saves)} a month; {saving.but}: `provision cost --hints`"]


def in_short(found: Difference | None) -> str:
    """Return the cost change of a plan in a few words; empty if nothing changes, or no price is known."""
    if found is None or not found.after.known or not found.changed:
        return ""
    if found.before.lines:
        return f"{signed(found.more.usual)} USD a month"
    return f"{_about(found.after)} {rough(found.after.sums.usual)} USD a month"


def _unknown(estimate: Estimate) -> str:
    region = estimate.region
    return f"Cost on AWS: no price known for {region}: `provision cost --refresh --region {region}`"


def _whole(estimate: Estimate) -> str:
    """Return a stack's cost with its bounds."""
    sums = estimate.sums
    each = f"{_hour(sums)} an hour; idle {rough(sums.idle)}, at most {rough(sums.most)}"
    return f"{_about(estimate)} {rough(sums.usual)} USD a month ({each})"


def _about(estimate: Estimate) -> str:
    """Return `about` or `at least`: without some of the prices the sum is too low."""
    return "at least" if estimate.missing else "about"


def _more(sums: Sums) -> str:
    """Return a difference: one number if the three are the same, and else as usual, idle and at the most."""
    if max(sums) - min(sums) < CENT:
        return f"{signed(sums.usual)} a month"
    others = {"idle": sums.idle, "at most": sums.most}
    told = ", ".join(f"{what} {signed(each)}" for what, each in others.items() if abs(each - sums.usual) >= CENT)
    return f"{signed(sums.usual)} a month ({told})"


def _changed(changed: Mapping[str, Sums]) -> list[str]:
    rows = sorted(alike(changed), key=lambda row: -max(map(abs, row[2])))
    told = table((f"  {name}", _more(more)) for name, _, more in rows[:FEW])
    left = len(rows) - FEW
    return [*told, *([f"  … and {left} more"] if left > 0 else [])]


def monthly(found: RunCost | None) -> str:
    """Return a stack's cost after a run, in a few words; empty if it is unknown."""
    return f"{'about' if found.complete else 'at least'} {rough(found.month)} USD a month on AWS" if found else ""


def hour(estimate: Estimate | None) -> float | None:
    """Return a stack's cost in an hour, for JSON; None if it is unknown."""
    return round(estimate.sums.hour, 4) if estimate and estimate.known else None


def asked(found: Difference | None) -> str:
    """Return the words about the cost for a question to the user; empty if no price is known."""
    if found is None or not found.after.known:
        return ""
    return f", for {_about(found.after)} {rough(found.after.sums.usual)} USD a month"


def from_now_on(estimate: Estimate | None) -> list[str]:
    """Return a stack's cost at the end of a run in a line, with the words of `plan`; empty if unknown."""
    return [f"Cost on AWS: {_whole(estimate)}."] if estimate and estimate.known else []


def so_far(found: SoFar | None, target: str) -> list[str]:
    """Return a stack's cost until its deletion in a line; empty if unknown."""
    if found is None:
        return []
    about = "about" if found.complete else "at least"
    dollars = f"{about} {rough(found.dollars)}" if found.dollars >= CENT else "less than 0.01"
    time = age(found.seconds) if found.seconds >= MINUTE else "less than a minute"
    did = "It has cost" if target == "aws" else "On AWS it would have cost"
    return [f"{did} {dollars} USD in {time}, by list prices."]


def refreshed(found: Refreshed) -> list[str]:
    """Return the result of reading AWS's prices: new and changed ones, kept ones, and missing ones."""
    changed = {key: (old, new) for key, (old, new) in found.read.items() if old != new}
    rows = [
        (f"  {key}", "new" if old is None else f"{old:.6g} ->", f"{new:.6g}") for key, (old, new) in changed.items()
    ]
    kept = [f"  {key} stays as it was: {why}" for key, why in found.kept.items()]
    same = len(found.read) - len(changed)
    head = f"{count(len(found.read), 'price')} of {found.region} read, {same} as before: {found.place}"
    missing = [f"  {key} has no price: {why}" for key, why in found.missing.items()]
    return [head, *table(rows), *kept, *missing]
