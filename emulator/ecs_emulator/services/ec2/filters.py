"""Filters of EC2's lists: each name of AWS's, evaluated on the members of the answer.

`filters.json` has the names that the API references document, by operation, each with its place in the answer: a path
of members, `^.` for the reservation of an instance, and nothing where the answer does not show it. Filters on tags are
in none of them: they are allowed wherever the resources of a list have tags.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from botocore import xform_name
from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from ecs_emulator.patch import refuse, wrap
from ecs_emulator.services.ec2.answers import Listing, Reader

Match = Callable[[str], bool]

TABLE: dict[str, dict[str, str | None]] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
FURTHER: dict[str, dict[str, str]] = {
    # API reference, DescribeSubnets: "You can also use availabilityZone as the filter name", and so on
    "DescribeSubnets": {
        "availabilityZone": "AvailabilityZone",
        "availabilityZoneId": "AvailabilityZoneId",
        "cidr": "CidrBlock",
        "cidrBlock": "CidrBlock",
        "defaultForAz": "DefaultForAz",
    },
    # terraform-provider-aws, data source aws_vpc
    "DescribeVpcs": {"isDefault": "IsDefault"},
    # the former API references (2015-10-01)
    "DescribeAddresses": {"domain": "Domain"},
    "DescribeNetworkInterfaces": {"group-name": "Groups.GroupName"},
}
"""Further names that AWS takes, beside `filters.json`."""
_PROTOCOLS = {"icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58"}
_FILTERS, _VALUES = 50, 200
"""The most filters of a request, and the most values of a filter (EC2 user guide, "Find your Amazon EC2 resources")."""


@dataclass(frozen=True)
class Filter:
    """A filter of a request: the place of a member in the answer, and the test that one of its values has to pass.

    Attributes:
        path: the members that lead to it from an item; first `^` if it is a member of what holds the item.
        tag: the key of the tag that it is about; empty if it is about a member.
    """

    path: tuple[str, ...]
    matches: Match
    tag: str = ""


def _lay(operation: str) -> None:
    where = Listing(operation)

    @wrap(EC2Response, xform_name(operation))
    def filtered(original: Any, self: Any) -> Any:
        asked = [*(self.params.get("Filters") or ()), *(self.params.get("Filter") or ())]
        filters = [_read(where, one) for one in asked]
        if not filters:
            return original(self)
        if len(filters) > _FILTERS:
            refuse("FilterLimitExceeded", f"The maximum number of filters is {_FILTERS}")
        params = self.params
        self.params = _passed_on(operation, params)
        try:
            answer = cast(dict[str, Any], original(self).result)
        finally:
            self.params = params
        return ActionResult(_named({**answer, where.key: [*_chosen(where.reader(self), where, answer, filters)]}))


def _passed_on(operation: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return a request without filters; images that it names by id are made when they are asked for."""
    passed = {name: value for name, value in params.items() if name not in ("Filters", "Filter")}
    if operation == "DescribeImages":
        named = [one for one in params["Filters"] if one.get("Name") == "image-id"]
        plain = [one for one in named if not re.search(r"[*?\\]", "".join(one.get("Values") or "*"))]
        return {**passed, "Filters": plain}
    return passed


def _named(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer whose list of names is that of its details (DescribeVpcEndpointServices)."""
    if "ServiceNames" in answer:
        answer["ServiceNames"] = [*dict.fromkeys(one["ServiceName"] for one in answer["ServiceDetails"])]
    return answer


def _chosen(reader: Reader, where: Listing, answer: dict[str, Any], filters: list[Filter]) -> Iterator[Any]:
    """Yield the items that pass all filters; a reservation has only such instances (API reference)."""
    for item in answer.get(where.key) or ():
        if where.key != "Reservations":
            if all(_passes(reader, where.item, item, one) for one in filters):
                yield item
            continue
        holder = where.shape.members[where.key].member
        about = [one for one in filters if one.path[0] == "^"]
        if not all(_passes(reader, holder, item, Filter(one.path[1:], one.matches)) for one in about):
            continue
        own = [one for one in filters if one not in about]
        chosen = [it for it in item.instances if all(_passes(reader, where.item, it, one) for one in own)]
        if chosen:
            shown = copy.copy(item)
            shown.instances = chosen
            yield shown


def _passes(reader: Reader, shape: Any, item: Any, wanted: Filter) -> bool:
    if not wanted.tag:
        return any(map(wanted.matches, reader.texts(item, shape, wanted.path)))
    tags = shape.members[wanted.path[0]].member if wanted.path else shape
    for tag in (reader.member(item, shape, wanted.path[0]) or ()) if wanted.path else (item,):
        key, value = (next(reader.texts(tag, tags, (name,)), "") for name in ("Key", "Value"))
        if key == wanted.tag and wanted.matches(value):
            return True
    return False


def _read(where: Listing, asked: dict[str, Any]) -> Filter:
    """Return a filter of a request.

    Refuses names that AWS does not know (aws-cli#7225), and those about members that the embedded cloud does not show.
    Without values nothing passes (moto#8570).
    """
    name, values = asked.get("Name", "null"), asked.get("Values") or []
    if len(values) > _VALUES:
        refuse("FilterLimitExceeded", f"The maximum number of filter values specified on a single call is {_VALUES}")
    places = {**TABLE[where.operation], **FURTHER.get(where.operation, {})}
    if where.tags:
        tags = where.tags.removeprefix(".")
        if name.startswith("tag:"):
            return Filter((tags,) if tags else (), _matching(values), name.removeprefix("tag:"))
        if tags:
            places |= {"tag-key": f"{tags}.Key", "tag-value": f"{tags}.Value"}
    if name not in places:
        refuse("InvalidParameterValue", f"The filter '{name}' is invalid")
    if (path := places[name]) is None:
        refuse("InvalidParameterValue", f"The embedded cloud does not offer the filter {name} of {where.operation}")
    if name.endswith("protocol"):
        values = [*values, *(_PROTOCOLS[one] for one in values if one in _PROTOCOLS)]
        values += [word for word, number in _PROTOCOLS.items() if number in values]
    return Filter(tuple(path.split(".")), _matching(values))


def _matching(values: Iterable[str]) -> Match:
    """Return the test for one of some values; `*` is any text, `?` any character, and a backslash takes their meaning.

    Source: the former API references (2010-08-31). Letters count as they are written (API reference, Filter).
    """
    pattern = re.compile("|".join([*map(_pattern, values), "(?!)"]), re.DOTALL)
    return lambda text: pattern.fullmatch(text) is not None


def _pattern(value: str) -> str:
    signs = {"*": ".*", "?": "."}
    return "".join(signs.get(part) or re.escape(part[-1]) for part in re.findall(r"\\.|.", value, re.DOTALL))


for _operation in TABLE:
    _lay(_operation)
