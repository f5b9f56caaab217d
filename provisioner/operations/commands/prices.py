"""The work of `provision cost --refresh`: read list prices from AWS, and keep them beside the state."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.aws.errors import explained
from provisioner.cost import table
from provisioner.cost.table import Prices, Product
from provisioner.engine.errors import ConfigurationError, ProvisionError
from provisioner.operations.context import configuration, connection

if TYPE_CHECKING:
    from pathlib import Path

    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options

ENDPOINT = "us-east-1"
"""The Region whose endpoint is used: there are three, and each has the prices of all Regions (Pricing API)."""
REGIONLESS = frozenset({"AmazonCloudFront", "AmazonRoute53"})
"""The services whose products belong to no Region."""
SOURCE = "AWS Price List API"
BARE = "us-east-1"
"""The Region whose usage types have a prefix for some services only."""
ANY_PREFIX = r"(EU|[A-Z]{3}\d)"
"""The pattern of a usage type's prefix, for a Region that is newer than the table."""


@dataclass(frozen=True)
class Refreshed:
    """The prices that were read for a Region.

    Attributes:
        place: the file with the prices.
        read: by key, the former amount, None without one, and the new amount.
        kept: by key, the reason why the former price stays.
        missing: by key, the reason why there is still no price.
    """

    region: str
    place: str
    read: Mapping[str, tuple[float | None, float]]
    kept: Mapping[str, str]
    missing: Mapping[str, str]


def refresh(options: Options, region: str | None) -> Refreshed:
    """Read the prices of a Region, by default the configuration's, and write them to a file.

    Raises:
        ProvisionError: no price could be read, or the file cannot be written.
    """
    config = configuration.load(options)
    region = region or config.region
    if not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-\d", region):
        raise ConfigurationError(f'--region "{region}" is not an AWS Region: use one such as "ap-northeast-1"')
    aws = connection.connect(options, config).reading()
    prices = table.load(region, options.directory)
    found, why_not = dict[str, dict[str, Any]](), dict[str, str]()
    for key, product in _wanted(config, prices):
        try:
            found[key] = _price(aws, prices, product)
        except _NotOne as why:
            why_not[key] = str(why)
        except (ClientError, BotoCoreError) as error:
            raise ProvisionError(f"no prices were changed: {explained(error)}") from None
    if not found.keys() - {key for key, product in prices.products.items() if product.service in REGIONLESS}:
        raise ProvisionError(
            f"no prices were changed: AWS's price list has none of {region}: check the name of the Region"
        )
    place = _write(options.directory, region, found)
    old = {key: price.amount for key, price in prices.prices.items()}
    read = {key: (old.get(key), told["amount"]) for key, told in found.items()}
    kept, missing = ({key: why for key, why in why_not.items() if (key in old) is had} for had in (True, False))
    return Refreshed(region, str(place), read, kept, missing)


class _NotOne(Exception):
    """The price list has no price for a product, or several."""


def _wanted(config: Config, prices: Prices) -> Iterator[tuple[str, Product]]:
    """Yield the prices to read: each key of the table, each configured instance type, and the node type of Valkey."""
    types = config.capacity.instance_types if config.on_instances else ()
    nodes = [f"valkey.{config.redis.node}"] if config.redis else []
    for key in (*prices.products, *(f"ec2.{name}" for name in types), *nodes):
        if product := table.product_of(key, prices.products):
            yield key, product


def _price(aws: Aws, prices: Prices, product: Product) -> dict[str, Any]:
    """Return the price of a product.

    Raises:
        _NotOne: the price list has no such product, or no price for it, or several.
    """
    meant = [one for one in _products(aws, prices.region, product) if is_meant(one, product, prices)]
    amounts = {amount: one for one in meant for amount in _amounts(one)}
    if len(amounts) != 1:
        several = f"{len(meant)} products {product.usage}, of {len(amounts)} prices" if meant else f"no {product.usage}"
        raise _NotOne(f"AWS lists {several}")
    ((amount, one),) = amounts.items()
    date = str(one.get("publicationDate", ""))[:10]
    return {
        "amount": round(amount * product.per, 10),
        "source": f"{SOURCE}, {_attribute(one, 'usagetype')}",
        "date": date,
    }


def is_meant(one: Mapping[str, Any], product: Product, prices: Prices) -> bool:
    """Return whether a product of the price list is the wanted product in this Region.

    Its usage type must be the same except for the Region's prefix. A load balancer with a trust store (`TS-`) and
    I/O-Optimized capacity of Aurora are other products, and Singapore is also listed with data of Jakarta's prefix
    (infracost/infracost#1141).
    """
    prefix = "" if product.service in REGIONLESS else f"{prices.prefix or ANY_PREFIX}-"
    if prefix and prices.region == BARE:
        prefix = f"({prefix})?"
    return (
        re.fullmatch(prefix + re.escape(product.usage), _attribute(one, "usagetype")) is not None
        and product.operation in ("", _attribute(one, "operation"))
        and all(_attribute(one, name) == value for name, value in product.attributes.items())
    )


def filters(region: str, product: Product) -> list[dict[str, str]]:
    """Return the filters for GetProducts, which also returns products whose usage types only contain the wanted one."""
    found = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in product.attributes.items()]
    if "instanceType" not in product.attributes:
        found.append({"Type": "CONTAINS", "Field": "usagetype", "Value": product.usage})
    if product.service not in REGIONLESS:
        field = "fromRegionCode" if product.service == "AWSDataTransfer" else "regionCode"
        found.append({"Type": "TERM_MATCH", "Field": field, "Value": region})
    return found


def _products(aws: Aws, region: str, product: Product) -> Iterator[Mapping[str, Any]]:
    pages = aws.client("pricing", ENDPOINT).get_paginator("get_products")
    for page in pages.paginate(ServiceCode=product.service, Filters=filters(region, product)):
        yield from map(json.loads, page.get("PriceList", ()))


def _attribute(one: Mapping[str, Any], name: str) -> str:
    return str(one.get("product", {}).get("attributes", {}).get(name, ""))


def _amounts(one: Mapping[str, Any]) -> Iterable[float]:
    """Return the on-demand prices of the first unit. A price of 0 is a free tier and is left out."""
    terms = one.get("terms", {}).get("OnDemand", {}).values()
    dimensions = [each for term in terms for each in term.get("priceDimensions", {}).values()]
    first = [each for each in dimensions if float(each.get("beginRange") or 0) == 0]
    return {amount for each in first if (amount := float(each.get("pricePerUnit", {}).get("USD") or 0)) > 0}


def _write(directory: Path, region: str, found: Mapping[str, Any]) -> Path:
    """Write the prices of a Region beside the existing ones, atomically."""
    place = directory / table.OWN
    before = table.own(directory)
    whole = {"regions": {**before, region: {**before.get(region, {}), **found}}}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        new = place.with_suffix(".new")
        new.write_text(json.dumps(whole, indent=1) + "\n")
        new.replace(place)
    except OSError as error:
        raise ProvisionError(
            f"{place} cannot be written: {error.strerror}: check the directory and its permissions"
        ) from None
    return place
