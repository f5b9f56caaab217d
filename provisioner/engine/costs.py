"""Cost lines of a resource: a quantity and the key of a price. This module knows no prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Settings = Mapping[str, Any]
"""A resource's fields as they are declared or recorded; references may stand in them."""
Basis = Literal["exists", "capacity", "load"]
"""The basis of a charge: that the resource exists, a size that follows its load, or the load itself."""

HOURS = 730
"""The hours that AWS's pricing pages count a month with."""


class Units(NamedTuple):
    """A quantity three times: while nobody uses the stack, as declared, and at the most."""

    idle: float = 0.0
    usual: float = 0.0
    most: float = 0.0

    def times(self, factor: float) -> Units:
        """Return the quantities multiplied by a factor."""
        return Units(self.idle * factor, self.usual * factor, self.most * factor)


def always(number: float) -> Units:
    """Return a quantity that does not depend on the load."""
    return Units(number, number, number)


NOTHING = Units()


@dataclass(frozen=True)
class Cost:
    """One line of a resource's monthly cost.

    Attributes:
        what: the counted thing, in words.
        price: the key of its price.
        units: how many units of it in a month.
        guess: the key of the factor that estimates the price from the on-demand price; empty if the price is known.
        load: the measure of the load that replaces `units.usual`, times `per`; empty if no measure gives the number.
        per: the units of this line in one unit of that measure.
    """

    what: str
    price: str
    units: Units = NOTHING
    basis: Basis = "exists"
    guess: str = ""
    load: str = ""
    per: float = 1.0


def hourly(what: str, price: str, number: float = 1) -> Cost:
    """Return the line of something that is charged for every hour that it is there."""
    return Cost(what, price, always(number * HOURS))


def monthly(what: str, price: str, number: float = 1) -> Cost:
    """Return the line of something that is charged by the month."""
    return Cost(what, price, always(number))


def by_load(what: str, price: str, load: str = "", per: float = 1.0) -> Cost:
    """Return the line of something that is charged by use: its unit price is known, its quantity is not."""
    return Cost(what, price, basis="load", load=load, per=per)


@dataclass(frozen=True)
class Around:
    """The other resources of the stack: the cost of a resource may depend on their settings.

    Attributes:
        settings: each resource's settings, by address.
    """

    settings: Mapping[str, Settings]

    def get(self, type_name: str, name: str) -> Settings:
        """Return the settings of a resource; none if it is not there."""
        return self.settings.get(f"{type_name}/{name}", {})

    def of(self, type_name: str) -> Iterator[tuple[str, Settings]]:
        """Yield all resources of a type, by name."""
        for address, settings in self.settings.items():
            kind, _, name = address.partition("/")
            if kind == type_name:
                yield name, settings
