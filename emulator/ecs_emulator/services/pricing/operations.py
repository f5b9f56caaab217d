"""GetProducts, the only emulated operation of the Price List API, which moto lacks.

Each price becomes a product in the form of AWS's price list. Products with nearly the same names are added, as AWS has
them: load balancers with trust stores, Aurora's I/O-Optimized capacity, regional NAT gateways.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ecs_emulator import calls
from ecs_emulator.errors import Answer, error_answer, unknown_operation, unknown_region
from ecs_emulator.wsgi import Environ

TABLE = Path(__file__).with_name("prices.json")
"""List prices by Region and key, as the tool ships them."""
EVERYWHERE = "global"
PAGE = 100
"""The most products of a page (Pricing API, GetProducts, MaxResults)."""
ENDPOINTS = frozenset({"us-east-1", "eu-central-1", "ap-south-1"})
"""The Regions with an endpoint of the API; each has the products of all Regions (AWS General Reference)."""
PREFIXED = frozenset({"AmazonECS", "AmazonVPC", "AmazonCloudWatch"})
"""The services whose usage types have the Region's prefix in us-east-1 too, except CloudWatch's `CW:`."""
REGIONLESS = frozenset({"AmazonCloudFront", "AmazonRoute53"})
"""The services whose products belong to no Region."""
LIKE = {
    "LoadBalancerUsage": "TS-LoadBalancerUsage",
    "Aurora:ServerlessV2Usage": "Aurora:ServerlessV2IOOptimizedUsage",
    "NatGateway-Hours": "RegionalNatGateway-Hours",
    "Fargate-vCPU-Hours:perCPU": "Windows-Fargate-vCPU-Hours:perCPU",
    "TimedStorage-ByteHrs": "IA-TimedStorage-ByteHrs",
}
"""By usage type: another usage type with the same ending, or nearly, and another price."""
TWIN = {("ap-southeast-1", "DataTransfer-Out-Bytes"): "APS4"}
"""By Region and usage type: the prefix of a second product with another price (infracost/infracost#1141)."""
INSTANCE = {
    "operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used",
    "licenseModel": "No License required", "operation": "RunInstances",
}  # fmt: skip

Product = dict[str, Any]


def answer(environ: Environ, operation: str) -> Answer:
    """Answer one call."""
    if calls.scope(environ)[1] not in ENDPOINTS:
        return unknown_region(environ)
    if operation != "GetProducts":
        return unknown_operation(environ, operation)
    asked = json.loads(environ["wsgi.input"].getvalue() or b"{}")
    filters = asked.get("Filters") or []
    found = [one for one in products().get(asked.get("ServiceCode"), ()) if matches(one, filters)]
    try:
        start = int(asked.get("NextToken") or 0)
    except ValueError:
        return error_answer(environ, 400, "InvalidNextTokenException", "The pagination token is invalid. Try again.")
    end = start + min(int(asked.get("MaxResults") or PAGE), PAGE)
    told: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": [json.dumps(one) for one in found[start:end]]}
    if end < len(found):
        told["NextToken"] = str(end)
    return 200, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(told).encode()


def matches(product: Product, filters: Sequence[Mapping[str, str]]) -> bool:
    """Return whether a product passes all filters."""
    attributes = product["product"]["attributes"]
    return all(_passes(attributes.get(one["Field"]), one["Type"], one["Value"]) for one in filters)


def _passes(value: str | None, how: str, wanted: str) -> bool:
    if value is None:
        return how == "NONE_OF"
    if how == "CONTAINS":
        return wanted in value
    if how in ("ANY_OF", "NONE_OF"):
        return (value in wanted.split(",")) is (how == "ANY_OF")
    return value.casefold() == wanted.casefold()


@cache
def products() -> dict[str, list[Product]]:
    """Return all products by the code of their service."""
    table = json.loads(TABLE.read_text())
    found: dict[str, list[Product]] = {}
    for region, prices in table["regions"].items():
        for key, (amount, _) in prices.items():
            told = table["keys"].get(key) or _instance(key)
            of_all = region == EVERYWHERE and told["service"] not in REGIONLESS
            for one in table["prefixes"] if of_all else [region]:
                prefix = table["prefixes"].get(one, "")
                found.setdefault(told["service"], []).extend(_of(one, prefix, told, amount, table["version"]))
    return found


def _instance(key: str) -> dict[str, Any]:
    name = key.removeprefix("ec2.")
    attributes = {**INSTANCE, "instanceType": name}
    return {"unit": "Hrs", "service": "AmazonEC2", "usage": f"BoxUsage:{name}", "attributes": attributes}


def _of(region: str, prefix: str, key: Mapping[str, Any], amount: float, date: str) -> Iterator[Product]:
    """Yield the product of a price, and the products with nearly the same name."""
    usage = key["usage"]
    bare = region == "us-east-1" and (key["service"] not in PREFIXED or usage.startswith("CW:"))
    before = "" if region == EVERYWHERE or bare else f"{prefix}-"
    usages = {f"{before}{usage}": 1.0}
    if usage in LIKE:
        usages[f"{before}{LIKE[usage]}"] = 1.3
    if (region, usage) in TWIN:
        usages[f"{TWIN[region, usage]}-{usage}"] = 1.1
    for usage_type, factor in usages.items():
        attributes = {
            "servicecode": key["service"],
            "usagetype": usage_type,
            "operation": key.get("operation", ""),
            **(key.get("attributes") or {}),
        }
        if region != EVERYWHERE:
            attributes["fromRegionCode" if key["service"] == "AWSDataTransfer" else "regionCode"] = region
        each = {"unit": key["unit"], "beginRange": "0", "endRange": "Inf"}
        price = {"USD": f"{amount * factor / key.get('per', 1):.10f}"}
        terms = {"1": {"priceDimensions": {"1": {**each, "pricePerUnit": price}}}}
        yield {
            "product": {"sku": usage_type, "attributes": attributes},
            "serviceCode": key["service"],
            "terms": {"OnDemand": terms},
            "version": "1",
            "publicationDate": f"{date}T00:00:00Z",
        }
