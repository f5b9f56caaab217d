"""What a stack costs in a month: one function for what is declared and for what is recorded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from provisioner.cost.free import FREE
from provisioner.engine.costs import HOURS, Around, Basis, Cost, Settings, Units
from provisioner.engine.resource import RESOURCE_TYPES
from provisioner.engine.resource_types import type_named

if TYPE_CHECKING:
    from provisioner.cost.table import Prices
    from provisioner.engine.declaration import Declared
    from provisioner.engine.planning.actions import Planned
    from provisioner.state.model import Record

_OF_THE_TOOL = re.compile(r"\w+")
"""The names of the tool's types: the user's own and AWS's have a namespace."""
CENT = 0.005
"""US dollars, below which a difference is none."""
Load = Mapping[str, float]
"""How much of each measure there is in a month; of ACU, at any time."""


class Sums(NamedTuple):
    """US dollars a month: while nobody uses the stack, as it is declared, and at the most."""

    idle: float = 0.0
    usual: float = 0.0
    most: float = 0.0

    def less(self, other: Sums) -> Sums:
        """Return how much more this is than another sum."""
        return Sums(self.idle - other.idle, self.usual - other.usual, self.most - other.most)

    @property
    def hour(self) -> float:
        """US dollars an hour, as it is declared."""
        return self.usual / HOURS


@dataclass(frozen=True)
class Line:
    """One line of what a resource costs.

    Attributes:
        address: the resource's; of a load, those of all that it goes through are one, by the price.
        price: the price's key. unit_price: for one `unit`; None if it is not known.
        sums: in a month.
        guess: whether the price is a guess, as that of Spot.
    """

    address: str
    what: str
    price: str
    unit: str
    unit_price: float | None
    sums: Sums
    basis: Basis
    guess: bool = False


@dataclass(frozen=True)
class Estimate:
    """What a stack costs.

    Attributes:
        region: whose prices. date: that of the table. known: whether any is known of that Region.
        lines: what has a quantity, the loads that were given among it.
        loads: what depends on the load, by its unit price, as far as no load was given.
        missing: the keys of prices that are not known, so that the sums are too low. Those of `loads` are not in it.
        unknown: the addresses of resources whose types do not say what they cost: own ones, and those of Cloud Control.
    """

    region: str
    date: str
    known: bool = True
    lines: tuple[Line, ...] = ()
    loads: tuple[Line, ...] = ()
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def sums(self) -> Sums:
        """The sum of all lines."""
        return total(self.lines)

    @property
    def by_address(self) -> dict[str, Sums]:
        """The sum of each resource that costs something, the dearest first."""
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.address, []).append(line)
        return dict(sorted(((a, total(some)) for a, some in found.items()), key=lambda item: -item[1].usual))


@dataclass(frozen=True)
class Difference:
    """What a plan changes of the cost.

    Attributes:
        changed: how much dearer a resource becomes or, below 0, cheaper, by address; the largest first.
    """

    before: Estimate
    after: Estimate
    changed: Mapping[str, Sums] = field(default_factory=dict)

    @property
    def more(self) -> Sums:
        """How much dearer the whole becomes or, below 0, cheaper."""
        return self.after.sums.less(self.before.sums)


def total(lines: Iterable[Line]) -> Sums:
    """Return the sum of lines."""
    return (
        Sums(*(sum(each) for each in zip(*(line.sums for line in lines), strict=True)))
        if (lines := [*lines])
        else Sums()
    )


def alike(by_address: Mapping[str, Sums]) -> list[tuple[str, str, Sums]]:
    """Return resources with their sums, those of a type that cost the same as one: its name, the first, and the sum."""
    found: dict[tuple[str, Sums], list[str]] = {}
    for address, sums in by_address.items():
        rounded = Sums(*(round(each, 2) for each in sums))
        found.setdefault((address.partition("/")[0], rounded), []).append(address)
    return [
        (
            f"{len(some)} × {kind}" if len(some) > 1 else some[0],
            some[0],
            Sums(*(each * len(some) for each in by_address[some[0]])),
        )
        for (kind, _), some in found.items()
    ]


def dearest(estimate: Estimate, number: int = 3) -> str:
    """Return the few things that cost most, with what each costs in a month."""
    rows = sorted(alike(estimate.by_address), key=lambda row: -row[2].usual)
    return ", ".join(f"{name} {rough(sums.usual)}" for name, _, sums in rows[:number])


def rough(dollars: float) -> str:
    """Return US dollars as one says them: whole ones from ten on."""
    return f"{dollars:,.0f}" if abs(dollars) >= 10 else f"{dollars:.2f}"


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


def declared(items: Mapping[str, Declared]) -> dict[str, Settings]:
    """Return the settings of what is declared, by address."""
    return {address: item.resource.fields() for address, item in items.items()}


def recorded(records: Mapping[str, Record]) -> dict[str, Settings]:
    """Return the settings of what is recorded, by address."""
    return {address: record.arguments for address, record in records.items()}


def planned(
    plan: Iterable[Planned], records: Mapping[str, Record], items: Mapping[str, Declared]
) -> dict[str, Settings]:
    """Return the settings after a plan: what it does not name stays as it is recorded."""
    actions = {one.address: one.action for one in plan}
    stays = {a: one for a, one in recorded(records).items() if actions.get(a) != "delete"}
    comes = {
        a: one for a, one in declared(items).items() if a in stays or actions.get(a) in ("create", "change", "adopt")
    }
    return stays | comes


def estimate(settings: Mapping[str, Settings], prices: Prices, load: Load | None = None) -> Estimate:
    """Return what resources of these settings cost together.

    Args:
        settings: by address.
        load: how much of each measure there is in a month, as far as that is known.
    """
    around, found, unknown = Around(settings), list[tuple[str, Cost]](), list[str]()
    for address, fields in settings.items():
        kind, _, name = address.partition("/")
        costs = [*_costs(kind, name, fields, around)]
        found += [(address, cost) for cost in costs]
        if not costs and kind not in FREE and not _OF_THE_TOOL.fullmatch(kind):
            unknown.append(address)
    given = load or {}
    lines = [_priced(address, cost, prices, given) for address, cost in found if cost.basis != "load"]
    loads = [*_loads(found, prices, given)]
    counted, open_ = ([line for line, told in loads if told is wanted] for wanted in (True, False))
    missing = tuple(dict.fromkeys(one.price for one in (*lines, *counted) if one.unit_price is None))
    return Estimate(prices.region, prices.date, prices.known, (*lines, *counted), tuple(open_), missing, tuple(unknown))


def difference(before: Estimate, after: Estimate) -> Difference:
    """Return what becomes dearer and cheaper."""
    old, new = before.by_address, after.by_address
    changes = {a: new.get(a, Sums()).less(old.get(a, Sums())) for a in {**old, **new}}
    sizes = {a: max(map(abs, one)) for a, one in changes.items()}
    shown = sorted((a for a, size in sizes.items() if size >= CENT), key=lambda a: -sizes[a])
    return Difference(before, after, {a: changes[a] for a in shown})


def _costs(kind: str, name: str, settings: Settings, around: Around) -> Iterable[Cost]:
    if kind in FREE:
        return ()
    # an own type is known where its file was loaded
    resource_type = RESOURCE_TYPES.get(kind) or (type_named(kind) if _OF_THE_TOOL.fullmatch(kind) else None)
    return resource_type.costs(name, settings, around) if resource_type else ()


def _priced(address: str, cost: Cost, prices: Prices, load: Load) -> Line:
    units = cost.units
    if cost.load in load:
        usual = min(max(load[cost.load] * cost.per, units.idle), units.most)
        units = units._replace(usual=usual)
    return _line(address, cost, prices, units)


def _line(address: str, cost: Cost, prices: Prices, units: Units) -> Line:
    price = prices.prices.get(cost.price)
    factor = prices.guesses.get(cost.guess, 1.0)
    amount = None if price is None else price.amount * factor
    sums = Sums(*units.times(amount or 0.0))
    unit = price.unit if price else ""
    return Line(address, cost.what, cost.price, unit, amount, sums, cost.basis, bool(cost.guess))


def _loads(found: Iterable[tuple[str, Cost]], prices: Prices, load: Load) -> Iterator[tuple[Line, bool]]:
    """Yield what is charged by load, and whether it is told how much; once for each price and measure.

    What goes through several resources is told as a whole.
    """
    together: dict[tuple[str, str, str], list[tuple[str, Cost]]] = {}
    for address, cost in found:
        if cost.basis == "load":
            together.setdefault((cost.price, cost.load, "" if cost.load else cost.what), []).append((address, cost))
    for several in together.values():
        address, cost = max(several, key=lambda one: one[1].per)
        where = address if len(several) == 1 else f"{address.partition('/')[0]}/*"
        quantity = load.get(cost.load, 0.0) * cost.per
        yield _line(where, cost, prices, Units(0.0, quantity, quantity)), cost.load in load
