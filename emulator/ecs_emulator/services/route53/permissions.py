"""Permissions of Route 53, by call (Service Authorization Reference)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping

from ecs_emulator.authorization.api_call import ApiCall
from ecs_emulator.authorization.policy import Check


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to Route 53."""
    text = call.raw.decode("utf-8", "replace")
    if call.operation in ("CreateHostedZone", "ListHostedZonesByVPC"):
        yield call.check(more=_vpc(text))
        if call.operation == "ListHostedZonesByVPC" or "<VPC>" in text:
            yield call.check(action="ec2:DescribeVpcs")
        return
    zones = [found[1]] if (found := re.search(r"hostedzone/([A-Z0-9]+)", call.path)) else []
    zones += re.findall(r"<ResourceId>([^<]+)</ResourceId>", text)
    more: Mapping[str, tuple[str, ...]] = {}
    if call.operation == "ChangeResourceRecordSets":
        more = _changes(text)
    elif call.operation == "AssociateVPCWithHostedZone":
        more = _vpc(text)
    for zone in zones:
        yield call.check(call.arn(f"hostedzone/{zone}"), more)
    if not zones:
        change = re.search(r"/change/(\w+)", call.path)
        yield call.check(call.arn(f"change/{change[1]}") if change else "*")


def _vpc(text: str) -> Mapping[str, tuple[str, ...]]:
    """Return the VPC in a request's body as its condition key; nothing for a public zone."""
    named = [re.search(rf"<VPC>.*?<{member}>([^<]+)<.*?</VPC>", text, re.DOTALL) for member in ("VPCId", "VPCRegion")]
    return vpc_of_zone(named[0][1], named[1][1]) if named[0] and named[1] else {}


def vpc_of_zone(vpc: str, region: str) -> Mapping[str, tuple[str, ...]]:
    """Return the condition key of a private zone's VPC (Route 53 developer guide, specifying-conditions-route53)."""
    return {"route53:VPCs": (f"VPCId={vpc},VPCRegion={region}",)}


def _changes(batch: str) -> Mapping[str, tuple[str, ...]]:
    """Return a batch's names, types and actions as condition keys (Service Authorization Reference)."""
    names, types, actions = (
        [html.unescape(text) for text in re.findall(rf"<(?:\w+:)?{member}>([^<]+)<", batch)]
        for member in ("Name", "Type", "Action")
    )
    return changed(map(normalized, names), types, actions)


def changed(names: Iterable[str], types: Iterable[str], actions: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the condition keys of a change of records: names, types and actions."""
    values = (("NormalizedRecordNames", names), ("RecordTypes", types), ("Actions", actions))
    return {f"route53:ChangeResourceRecordSets{key}": tuple(sorted({*texts})) for key, texts in values}


def normalized(name: str) -> str:
    """Return a record's name as the condition key has it (Route 53 developer guide, specifying-conditions-route53).

    The key has small letters, no last dot, and octal codes for all but letters, digits, `-`, `_` and `.`. Needless
    codes in a name do not change its meaning (developer guide, DomainNameFormat).
    """
    plain = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), name).lower().removesuffix(".")
    return re.sub(r"[^a-z0-9_.-]", lambda other: f"\\{ord(other[0]):03o}", plain)
