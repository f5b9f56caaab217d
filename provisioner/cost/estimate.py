"""What a stack costs in a month: one function for what is declared and for what is recorded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from provisioner.cost.free import FREE
from provisioner.engine.costs import HOURS, Around, Basis, Cost, Settings, Units
from provisioner.engine.resource_types import type_named

if TYPE_CHECKING:
    from provisioner.cost.table import Prices
    from provisioner.engine.declaration import Declared
    from provisioner.engine.planned import Planned
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
        region: whose prices. date: that of the table.
        lines: what has a quantity, the loads that were given among it.
        loads: what depends on the load, by its unit price, as far as no load was given.
        missing: the keys of prices that are not known, so that the sums are too low. Those of `loads` are not in it.
        unknown: the addresses of resources whose types do not say what they cost: own ones, and those of Cloud Control.
    """

    region: str
    date: str
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
    """What a plan changes of the cost."""

    before: Estimate
    after: Estimate
    changed: Mapping[str, float] = field(default_factory=dict)
    """What becomes dearer or, below 0, cheaper, by address, in US dollars a month; the largest first."""


def total(lines: Iterable[Line]) -> Sums:
    """Return the sum of lines."""
    return (
        Sums(*(sum(each) for each in zip(*(line.sums for line in lines), strict=True)))
        if (lines := [*lines])
        else Sums()
    )


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
    return Estimate(prices.region, prices.date, (*lines, *counted), tuple(open_), missing, tuple(unknown))


def difference(before: Estimate, after: Estimate) -> Difference:
    """Return what becomes dearer and cheaper."""
    old, new = before.by_address, after.by_address
    changes = {a: new.get(a, Sums()).usual - old.get(a, Sums()).usual for a in {**old, **new}}
    shown = sorted(((a, one) for a, one in changes.items() if abs(one) >= CENT), key=lambda item: -abs(item[1]))
    return Difference(before, after, dict(shown))


def _costs(kind: str, name: str, settings: Settings, around: Around) -> Iterable[Cost]:
    if kind in FREE:
        return ()
    resource_type = type_named(kind)
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
