"""The prices, each with its source and date: the shipped table, and the prices that `provision cost --refresh` read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.engine.errors import ConfigurationError

SHIPPED = Path(__file__).parent / "data" / "prices.json"
OWN = "prices.json"
"""The file that `refresh` writes in the state directory."""
EVERYWHERE = "global"
"""The table's name for prices that are the same in all Regions."""


@dataclass(frozen=True)
class Price:
    """A list price without tax, in US dollars.

    Attributes:
        amount: the price of one unit.
        unit: the unit, such as `hour`.
        source: the source of the price, in words.
        date: the date of the price, in the form of ISO 8601.
    """

    amount: float
    unit: str
    source: str
    date: str


@dataclass(frozen=True)
class Product:
    """A product with a price, and its names in AWS's price list.

    Attributes:
        what: the product, in words. unit: the unit of its price.
        service: the service code. usage: the usage type, without the Region's prefix.
        operation: the operation, if the usage type has several products; else empty.
        attributes: further attributes that the product must have, by the price list's names.
        per: the number of the price list's units in one unit of ours.
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
"""The attributes that choose one product of an instance type: Linux, on-demand, in use."""


@dataclass(frozen=True)
class Prices:
    """The prices of a Region.

    Attributes:
        date: the date of the shipped table.
        known: whether the Region has prices of its own.
        prices: the prices, by key. guesses: by key, a factor on the on-demand price, for an unknown price.
        products: the products, by key, without instance types.
        prefix: the prefix of the Region's usage types in AWS's price list; empty if it is not known.
    """

    region: str
    date: str
    prices: Mapping[str, Price]
    guesses: Mapping[str, float]
    products: Mapping[str, Product]
    known: bool
    prefix: str


def load(region: str, directory: Path | None = None) -> Prices:
    """Return the prices of a Region: the shipped prices, replaced by prices that `refresh` has read.

    Args:
        directory: the state directory, which may hold newer prices.

    Raises:
        ConfigurationError: the file with newer prices cannot be read.
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
    """Return the prices that `refresh` has read from AWS, by Region and key; empty without a file.

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
            f"{place} is not a table of prices: delete it, or write it anew with `provision cost --refresh`"
        ) from None
    return dict(found)


def unit_of(key: str, products: Mapping[str, Product]) -> str:
    """Return the unit of a price."""
    return products[key].unit if key in products else "hour"


def product_of(key: str, products: Mapping[str, Product]) -> Product | None:
    """Return the product of a price's key; None if the key has no product in AWS's price list."""
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
    if key.startswith(("rds.mysql.", "rds.postgres.")):
        _, engine, size = key.split(".", 2)
        titles = {"mysql": "MySQL", "postgres": "PostgreSQL"}
        chosen = {"databaseEngine": titles[engine], "deploymentOption": "Single-AZ", "instanceType": size}
        about = f"an instance of RDS for {titles[engine]} of the class {size}"
        return Product(about, "hour", "AmazonRDS", f"InstanceUsage:{size}", "", chosen)
    if key.startswith("valkey."):
        name = key.removeprefix("valkey.")
        what, usage = f"a node of Valkey of the type {name}", f"NodeUsage:{name}"
        return Product(what, "hour", "AmazonElastiCache", usage, attributes={"cacheEngine": "Valkey"})
    return products.get(key)


def shipped() -> dict[str, Any]:
    """Return the shipped table: `sources`, `keys`, `prefixes`, and by Region and key an amount with its source."""
    return dict(json.loads(SHIPPED.read_text()))


def regions() -> list[str]:
    """Return the Regions with prices in the shipped table."""
    return sorted(shipped()["regions"].keys() - {EVERYWHERE})
