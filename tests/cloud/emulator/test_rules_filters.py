"""EC2's filters: every name that the API references document, on an account with something in each list."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

import ecs_emulator
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.ec2_rig import furnished
from tests.cloud.rules_rig import net, refused

TABLE: dict[str, dict[str, str | None]] = json.loads(
    (Path(ecs_emulator.__file__).parent / "services" / "ec2" / "filters.json").read_text()
)
PAGES = {"DescribeInstanceTypes", "DescribeInstanceTypeOfferings", "DescribeSpotPriceHistory"}
"""Lists of which only the first page is looked at."""
PAGE_OF_IT = Path(__file__).parents[3] / "docs" / "developers" / "cloud.md"


class Names(HTMLParser):
    """The names at the beginnings of the items of a reference's outer list."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self._depth, self._begins, self._inside = 0, False, False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._depth += tag == "ul"
        if tag == "li":
            self._begins = self._depth == 1
        self._inside = tag == "code" and self._begins

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "ul"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.names.append(data.strip())
        if data.strip():
            self._begins = self._inside = False


def documented(shape: Any) -> list[str]:
    """The names of an operation's filters, except on tags."""
    member = shape.members.get("Filters") or shape.members["Filter"]
    return [name for name in Names(member.documentation).names if not re.match("tag(:.*|-key)?$", name)]


def at(item: Any, path: list[str]) -> Iterator[str]:
    """Yield the texts at the end of a path."""
    if isinstance(item, list):
        for one in item:
            yield from at(one, path)
    elif path:
        yield from at(item[path[0]], path[1:]) if path[0] in item else ()
    elif isinstance(item, bool):
        yield str(item).lower()
    else:
        yield f"{item:%Y-%m-%dT%H:%M:%S}.000Z" if isinstance(item, datetime) else str(item)


def items(ec2: Any, operation: str, name: str = "", value: str = "") -> list[Any]:
    """The list of an operation, filtered; instances without their reservations, whose members they have as `^`."""
    shape = ec2.meta.service_model.operation_model(operation).input_shape
    member = "Filters" if "Filters" in shape.members else "Filter"
    wanted = {member: [{"Name": name, "Values": [value]}]} if name else {}
    answer = getattr(ec2, xform_name(operation))(**wanted, **MORE.get(operation, _nothing)(ec2))
    key = next(key for key, one in answer.items() if isinstance(one, list) and not (one and isinstance(one[0], str)))
    if operation == "DescribeInstances":
        return [{**one, "^": group} for group in answer[key] for one in group["Instances"]]
    return list(answer[key])


def first(ec2: Any, operation: str, key: str, name: str) -> dict[str, Any]:
    """A request for the first of a list."""
    return {name: getattr(ec2, xform_name(operation))()[key][0][name]}


def _nothing(_: Any) -> dict[str, Any]:
    return {}


MORE: dict[str, Callable[[Any], dict[str, Any]]] = {
    "DescribeFleetInstances": lambda ec2: first(ec2, "DescribeFleets", "Fleets", "FleetId"),
    "DescribeInstanceCreditSpecifications": lambda ec2: {
        "InstanceIds": [items(ec2, "DescribeInstances")[0]["InstanceId"]]
    },
    "DescribeLaunchTemplateVersions": lambda _: {"LaunchTemplateName": "one"},
    "DescribeVpcEndpointServicePermissions": lambda ec2: first(
        ec2, "DescribeVpcEndpointServiceConfigurations", "ServiceConfigurations", "ServiceId"
    ),
}
EMPTY = {"DescribeCapacityReservations", "DescribePlacementGroups", "DescribeReservedInstances"}
"""Lists in which this account has nothing."""


@pytest.fixture(scope="module")
def ec2(running_cloud: EmbeddedCloud) -> Any:
    running_cloud.reset()
    furnished(running_cloud)
    return running_cloud.client("ec2")


def test_the_table_has_the_documented_names(ec2: Any) -> None:
    model = ec2.meta.service_model
    told = {name: [*filters] for name, filters in TABLE.items()}
    assert told == {name: documented(model.operation_model(name).input_shape) for name in TABLE}
    for name in (name for name in model.operation_names if name.startswith("Describe") and name not in TABLE):
        shape = model.operation_model(name).input_shape
        if {"Filter", "Filters"} & shape.members.keys() and not shape.required_members:
            refused(getattr(ec2, xform_name(name)), "InvalidAction")


@pytest.mark.slow
@pytest.mark.parametrize("operation", sorted(TABLE))
def test_each_filter_narrows_or_is_refused_by_name(ec2: Any, operation: str) -> None:
    everything = items(ec2, operation)
    assert bool(everything) == (operation not in EMPTY)
    for name, path in TABLE[operation].items():
        if path is None:
            refused(partial(items, ec2, operation, name, "x"), "InvalidParameterValue", f"the filter {name} of")
            continue
        assert items(ec2, operation, name, "no-such-value") == [], name
        values = Counter(text for one in everything for text in {*at(one, path.split("."))})
        if values:
            value, number = values.most_common()[-1]
            found = items(ec2, operation, name, re.sub(r"([*?\\\\])", r"\\\1", value))
            assert all(value in at(one, path.split(".")) for one in found), name
            assert len(found) == number or operation in PAGES, name


def names(ec2: Any, *filters: tuple[str, list[str]]) -> set[str]:
    """The networks of the subnets that pass filters."""
    wanted = [{"Name": name, "Values": values} for name, values in filters]
    return {one["CidrBlock"] for one in ec2.describe_subnets(Filters=wanted)["Subnets"]}


def test_filters_are_joined_and_have_wildcards(running_cloud: EmbeddedCloud, ec2: Any) -> None:
    place = net(running_cloud)
    of_vpc = ("vpc-id", [place.vpc])
    ec2.create_tags(Resources=place.subnets[:2], Tags=[{"Key": "Name", "Value": "a*b"}])
    ec2.create_tags(Resources=place.subnets[2:], Tags=[{"Key": "Name", "Value": "axb"}, {"Key": "Owner", "Value": ""}])
    first, second, third = "10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20"
    assert names(ec2, of_vpc, ("cidr-block", [first, third])) == {first, third}
    assert names(ec2, of_vpc, ("tag:Name", ["a*b"])) == {first, second, third}
    assert names(ec2, of_vpc, ("tag:Name", ["a\\*b"])) == {first, second}
    assert names(ec2, of_vpc, ("tag:Name", ["a?b"]), ("availabilityZone", [f"{running_cloud.region}?"])) == {
        first,
        second,
        third,
    }
    assert names(ec2, of_vpc, ("tag:Name", ["A*"])) == set()
    assert names(ec2, of_vpc, ("tag-key", ["Own*"])) == {third}
    assert names(ec2, of_vpc, ("tag:Owner", [""])) == {third}
    assert names(ec2, of_vpc, ("tag:Owner", [])) == set()
    assert names(ec2, of_vpc, ("tag:Name", ["axb"]), ("cidr-block", [first])) == set()


def test_the_page_tells_how_many_filters_are_evaluated() -> None:
    whole = [path for filters in TABLE.values() for path in filters.values()]
    words = f"of {len(whole)} documented names it evaluates {len(whole) - whole.count(None)}"
    assert words in PAGE_OF_IT.read_text(encoding="utf-8")
