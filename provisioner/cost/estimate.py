"""Estimate the monthly cost of a stack, with the same function for declared and recorded resources."""

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
"""Matches the names of the tool's types: the user's own types and AWS's types have a namespace."""
CENT = 0.005
"""US dollars; a smaller difference counts as none."""
Load = Mapping[str, float]
"""The quantity of each measure in a month; for ACU, the average at any time."""


class Sums(NamedTuple):
    """US dollars a month: without any use, as declared, and at the most."""

    idle: float = 0.0
    usual: float = 0.0
    most: float = 0.0

    def less(self, other: Sums) -> Sums:
        """Return these sums minus other sums."""
        return Sums(self.idle - other.idle, self.usual - other.usual, self.most - other.most)

    @property
    def hour(self) -> float:
        """US dollars an hour, as declared."""
        return self.usual / HOURS


@dataclass(frozen=True)
class Line:
    """A line of the costs of a resource.

    Attributes:
        address: the resource's address; `TYPE/*` for a load that goes through several resources.
        price: the key of the price. unit_price: the price of one `unit`; None if it is not known.
        sums: the cost in a month.
        guess: whether the price is a guess, such as Spot's.
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
    """The cost of a stack.

    Attributes:
        region: the Region of the prices. date: the date of the table. known: whether the Region has known prices.
        lines: the costs with a known quantity, given loads included.
        loads: the costs that depend on a load that was not given; only their unit price is known.
        missing: the keys of unknown prices of `lines`, without which the sums are too low.
        unknown: the addresses of resources whose types declare no costs: own types, and types of Cloud Control.
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
    """The difference in cost that a plan makes.

    Attributes:
        changed: the increase of each resource's cost, or below 0 the decrease, by address; the largest first.
    """

    before: Estimate
    after: Estimate
    changed: Mapping[str, Sums] = field(default_factory=dict)

    @property
    def more(self) -> Sums:
        """The increase of the whole cost or, below 0, the decrease."""
        return self.after.sums.less(self.before.sums)


def total(lines: Iterable[Line]) -> Sums:
    """Return the sums over lines."""
    return (
        Sums(*(sum(each) for each in zip(*(line.sums for line in lines), strict=True)))
        if (lines := [*lines])
        else Sums()
    )


def alike(by_address: Mapping[str, Sums]) -> list[tuple[str, str, Sums]]:
    """Return name, first address and sums of each resource; resources of equal type and cost share one entry."""
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
    """Return the most expensive resources, each with its monthly cost, as text."""
    rows = sorted(alike(estimate.by_address), key=lambda row: -row[2].usual)
    return ", ".join(f"{name} {rough(sums.usual)}" for name, _, sums in rows[:number])


def rough(dollars: float) -> str:
    """Return US dollars as text: whole dollars from ten on, else with cents."""
    return f"{dollars:,.0f}" if abs(dollars) >= 10 else f"{dollars:.2f}"


def figures(sums: Sums) -> dict[str, float]:
    """Return sums for JSON, in US dollars a month."""
    return {"idle": round(sums.idle, 4), "usual": round(sums.usual, 4), "at_most": round(sums.most, 4)}


def summary(estimate: Estimate) -> dict[str, Any]:
    """Return the sums of a stack for JSON, with Region, date of the prices, and uncounted resources."""
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
    """Return the settings of declared resources, by address."""
    return {address: item.resource.fields() for address, item in items.items()}


def recorded(records: Mapping[str, Record]) -> dict[str, Settings]:
    """Return the settings of recorded resources, by address."""
    return {address: record.arguments for address, record in records.items()}


def planned(
    plan: Iterable[Planned], records: Mapping[str, Record], items: Mapping[str, Declared]
) -> dict[str, Settings]:
    """Return the settings of all resources after a plan: a resource without a planned action stays as recorded."""
    actions = {one.address: one.action for one in plan}
    stays = {a: one for a, one in recorded(records).items() if actions.get(a) != "delete"}
    comes = {
        a: one for a, one in declared(items).items() if a in stays or actions.get(a) in ("create", "change", "adopt")
    }
    return stays | comes


def estimate(settings: Mapping[str, Settings], prices: Prices, load: Load | None = None) -> Estimate:
    """Return the cost of resources with these settings.

    Args:
        settings: the settings, by address.
        load: the quantity of each measure in a month, as far as it is known.
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
    """Return the difference between two estimates, with the resources whose cost changes."""
    old, new = before.by_address, after.by_address
    changes = {a: new.get(a, Sums()).less(old.get(a, Sums())) for a in {**old, **new}}
    sizes = {a: max(map(abs, one)) for a, one in changes.items()}
    shown = sorted((a for a, size in sizes.items() if size >= CENT), key=lambda a: -sizes[a])
    return Difference(before, after, {a: changes[a] for a in shown})


def _costs(kind: str, name: str, settings: Settings, around: Around) -> Iterable[Cost]:
    if kind in FREE:
        return ()
    # an own type is known only if its file was loaded
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
    """Yield a line for each price and measure that is charged by load, and whether that load was given.

    A load that goes through several resources has one line.
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
