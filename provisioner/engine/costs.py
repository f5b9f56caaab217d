"""What a resource costs: lines of a quantity and the key of a price. The prices themselves are not known here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Settings = Mapping[str, Any]
"""A resource's fields as they are declared or recorded; references may stand in them."""
Basis = Literal["exists", "capacity", "load"]
"""What a line is charged by: that the resource is there, a size that follows its load, or the load itself."""

HOURS = 730
"""The hours that AWS's pricing pages count a month with."""


class Units(NamedTuple):
    """How many units there are: while nobody uses the stack, as it is declared, and at the most."""

    idle: float = 0.0
    usual: float = 0.0
    most: float = 0.0

    def times(self, factor: float) -> Units:
        """Return so many times as many."""
        return Units(self.idle * factor, self.usual * factor, self.most * factor)


def always(number: float) -> Units:
    """Return so many units in any case."""
    return Units(number, number, number)


NOTHING = Units()


@dataclass(frozen=True)
class Cost:
    """One line of what a resource costs in a month.

    Attributes:
        what: what is counted, in words.
        price: the key of its price.
        units: how many units of it in a month.
        guess: the key of what on-demand prices are multiplied with where nobody knows the price; empty if it is known.
        load: of which measure of the load it is a multiple: that takes the place of `usual`. Empty: no measure tells.
        per: how many units one unit of that measure is.
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
    """Return the line of something that is charged by use; the price of one unit of it is all that is known."""
    return Cost(what, price, basis="load", load=load, per=per)


@dataclass(frozen=True)
class Around:
    """The resources of the stack that a resource is in: what one costs may stand with another one.

    Attributes:
        settings: by address.
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
