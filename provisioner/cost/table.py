"""The prices, each with its source and date: the shipped table, and what `provision prices refresh` has read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.engine.errors import ConfigurationError

SHIPPED = Path(__file__).parent / "data" / "prices.json"
OWN = "prices.json"
"""What `refresh` writes in the state directory."""
EVERYWHERE = "global"
"""The prices that are the same in all Regions."""


@dataclass(frozen=True)
class Price:
    """A list price without tax, in US dollars.

    Attributes:
        amount: for one unit.
        unit: of what, such as `hour`.
        source: where it is from, in words.
        date: when that was so, as ISO 8601 has it.
    """

    amount: float
    unit: str
    source: str
    date: str


@dataclass(frozen=True)
class Product:
    """What has a price, and how AWS's price list names it.

    Attributes:
        what: what it is, in words. unit: what is counted.
        service: the service code. usage: the usage type, without the Region's prefix.
        operation: which of the products of that usage type it is; empty if there is one only.
        attributes: what else it has to be, by the price list's names.
        per: how many of the price list's units one of ours is.
    """

    what: str
    unit: str
    service: str
    usage: str
    operation: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    per: int = 1


LINUX = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "licenseModel": "No License required",
}
"""Which of the many products of an instance type is meant: one of Linux, on demand, in use."""


@dataclass(frozen=True)
class Prices:
    """The prices of a Region.

    Attributes:
        date: that of the shipped table.
        known: whether there are any of the Region's own.
        prices: by key. guesses: by key, what on-demand prices are multiplied with where nobody knows the price.
        products: by key, for all keys but those of instance types.
        prefix: what usage types of the Region begin with in AWS's price list; empty if nobody knows.
    """

    region: str
    date: str
    prices: Mapping[str, Price]
    guesses: Mapping[str, float]
    products: Mapping[str, Product]
    known: bool
    prefix: str


def load(region: str, directory: Path | None = None) -> Prices:
    """Return the prices of a Region: those that were read there, and the shipped ones.

    Args:
        directory: the state directory, which may have newer ones.

    Raises:
        ConfigurationError: the file there cannot be read.
    """
    table = shipped()
    products = {key: Product(**told) for key, told in table["keys"].items()}
    sources = table["sources"]
    prices = {
        key: Price(amount, unit_of(key, products), sources[source]["what"], sources[source]["date"])
        for part in (EVERYWHERE, region)
        for key, (amount, source) in table["regions"].get(part, {}).items()
    }
    read = own(directory).get(region, {}) if directory else {}
    for key, told in read.items():
        prices[key] = Price(float(told["amount"]), unit_of(key, products), str(told["source"]), str(told["date"]))
    guesses = {key: float(told["factor"]) for key, told in table["guesses"].items()}
    known, prefix = bool(read) or region in table["regions"], table["prefixes"].get(region, "")
    return Prices(region, table["version"], prices, guesses, products, known, prefix)


def own(directory: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what was read from AWS, by Region and key; nothing if nothing was.

    Raises:
        ConfigurationError: the file there is not what `refresh` writes.
    """
    place = directory / OWN
    try:
        found = json.loads(place.read_text())["regions"]
        for prices in found.values():
            for told in prices.values():
                float(told["amount"]), told["source"], told["date"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(
            f"{place} is not a table of prices: delete it, or write it anew with `provision prices refresh`"
        ) from None
    return dict(found)


def unit_of(key: str, products: Mapping[str, Product]) -> str:
    """Return what a price is for."""
    return products[key].unit if key in products else "hour"


def product_of(key: str, products: Mapping[str, Product]) -> Product | None:
    """Return how AWS's price list names what a key is for; None if it has no such thing."""
    if key.startswith("ec2."):
        name = key.removeprefix("ec2.")
        return Product(
            f"an instance of the type {name}",
            "hour",
            "AmazonEC2",
            f"BoxUsage:{name}",
            "",
            {**LINUX, "instanceType": name},
        )
    return products.get(key)


def shipped() -> dict[str, Any]:
    """Return the shipped table: `sources`, `keys`, `prefixes`, and by Region and key an amount with its source."""
    return dict(json.loads(SHIPPED.read_text()))


def regions() -> list[str]:
    """Return the Regions that the shipped table has prices of."""
    return sorted(shipped()["regions"].keys() - {EVERYWHERE})
