"""GetProducts, the one operation of the Price List API that the embedded cloud has; moto has none of it.

Each price is a product as the price list has it, among those whose names differ by little: load balancers with trust
stores, Aurora's I/O-Optimized capacity, reserved instances' hosts.
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
"""Products of a page (Pricing API, GetProducts, MaxResults)."""
ENDPOINTS = frozenset({"us-east-1", "eu-central-1", "ap-south-1"})
"""The Regions whose endpoints the API has; each has the products of all Regions (AWS General Reference)."""
PREFIXES = {
    "us-east-1": "USE1", "us-east-2": "USE2", "us-west-1": "USW1", "us-west-2": "USW2", "ca-central-1": "CAN1",
    "ca-west-1": "CAN2", "mx-central-1": "MXC1", "sa-east-1": "SAE1", "eu-west-1": "EU", "eu-west-2": "EUW2",
    "eu-west-3": "EUW3", "eu-central-1": "EUC1", "eu-central-2": "EUC2", "eu-north-1": "EUN1", "eu-south-1": "EUS1",
    "eu-south-2": "EUS2", "il-central-1": "ILC1", "me-central-1": "MEC1", "me-south-1": "MES1", "af-south-1": "AFS1",
    "ap-east-1": "APE1", "ap-east-2": "APE2", "ap-northeast-1": "APN1", "ap-northeast-2": "APN2",
    "ap-northeast-3": "APN3", "ap-south-1": "APS3", "ap-south-2": "APS5", "ap-southeast-1": "APS1",
    "ap-southeast-2": "APS2", "ap-southeast-3": "APS4", "ap-southeast-4": "APS6", "ap-southeast-5": "APS7",
    "ap-southeast-6": "APS8", "ap-southeast-7": "APS9",
}  # fmt: skip
"""What usage types of a Region begin with."""
PREFIXED = frozenset({"AmazonECS", "AmazonVPC", "AmazonCloudWatch"})
"""The services whose usage types begin so in us-east-1 too, but for CloudWatch's `CW:`; the others' have no prefix."""
REGIONLESS = frozenset({"AmazonRoute53"})
"""The services whose products belong to no Region."""
LIKE = {
    "LoadBalancerUsage": "TS-LoadBalancerUsage",
    "Aurora:ServerlessV2Usage": "Aurora:ServerlessV2IOOptimizedUsage",
    "NatGateway-Hours": "RegionalNatGateway-Hours",
    "Fargate-vCPU-Hours:perCPU": "Windows-Fargate-vCPU-Hours:perCPU",
    "TimedStorage-ByteHrs": "IA-TimedStorage-ByteHrs",
}
"""By a usage type, another one that ends the same way, or nearly, and has another price."""
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
            for one in PREFIXES if of_all else [region]:
                found.setdefault(told["service"], []).extend(_of(one, told, amount, table["version"]))
    return found


def _instance(key: str) -> dict[str, Any]:
    name = key.removeprefix("ec2.")
    attributes = {**INSTANCE, "instanceType": name}
    return {"unit": "Hrs", "service": "AmazonEC2", "usage": f"BoxUsage:{name}", "attributes": attributes}


def _of(region: str, key: Mapping[str, Any], amount: float, date: str) -> Iterator[Product]:
    """Yield the product of a price, and the one whose name is nearly the same."""
    usages = {key["usage"]: 1.0} | ({LIKE[key["usage"]]: 1.3} if key["usage"] in LIKE else {})
    for usage, factor in usages.items():
        prefix = _prefix(region, key["service"], usage)
        attributes = {
            "servicecode": key["service"],
            "usagetype": f"{prefix}{usage}",
            "operation": key.get("operation", ""),
            **(key.get("attributes") or {}),
        }
        if region != EVERYWHERE:
            attributes["fromRegionCode" if key["service"] == "AWSDataTransfer" else "regionCode"] = region
        each = {"unit": key["unit"], "beginRange": "0", "endRange": "Inf"}
        price = {"USD": f"{amount * factor / key.get('per', 1):.10f}"}
        terms = {"1": {"priceDimensions": {"1": {**each, "pricePerUnit": price}}}}
        yield {
            "product": {"sku": f"{prefix}{usage}", "attributes": attributes},
            "serviceCode": key["service"],
            "terms": {"OnDemand": terms},
            "version": "1",
            "publicationDate": f"{date}T00:00:00Z",
        }


def _prefix(region: str, service: str, usage: str) -> str:
    bare = region == "us-east-1" and (service not in PREFIXED or usage.startswith("CW:"))
    return "" if region == EVERYWHERE or bare else f"{PREFIXES[region]}-"
