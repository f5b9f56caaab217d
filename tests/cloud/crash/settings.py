"""Inventories in a form that is equal for equal stacks: references by name, made-up ids and moments taken out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.cloud.inventory import NEVER_REMOVED, Inventory, called, names

PLACED = ("instances", "volumes", "network_interfaces", "container_instances", "tasks", "discovery_instances")
"""Sorts that Auto Scaling and ECS place as they see fit: the same number of them under the same names is the same."""

_IDS = {
    "vpcs": "VpcId",
    "subnets": "SubnetId",
    "internet_gateways": "InternetGatewayId",
    "route_tables": "RouteTableId",
    "security_groups": "GroupId",
    "endpoints": "VpcEndpointId",
    "launch_templates": "LaunchTemplateId",
    "zones": "Id",
    "namespaces": "Id",
    "discovery_services": "Id",
    "certificates": "CertificateArn",
    "load_balancers": "LoadBalancerArn",
    "target_groups": "TargetGroupArn",
    "listeners": "ListenerArn",
}
"""The member that holds the id by which others refer to a resource."""
_SCALED = ("instances", "volumes", "container_instances")
"""Sorts of which more may be there for a while: managed scaling removes idle ones only after 15 minutes of AWS's."""
_PRIMARY = "Primary network interface"
"""EC2's name for the network interface of an instance."""
_VOLATILE = {
    *("AvailableIpAddressCount", "creationTime", "events", "targets", "Targets", "NetworkInterfaceIds"),
    *("DesiredCapacity", "Instances", "registeredContainerInstancesCount"),
}
"""Members that are moments or follow from where tasks were placed, and on how many instances."""
_MADE_UP = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?"
    r"|\d{4}(-\d\d){4}"
    r"|[0-9a-f]{2}(:[0-9a-f]{2}){11,}"
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|ns-\d+\.awsdns-\d+\.[a-z]+(\.uk)?"
    r"|\b\d+\.\d+\.\d+\.\d+\b(?!/)"
    r"|(?<=cluster-)[a-z0-9]{12}|(?<=cluster-ro-)[a-z0-9]{12}"
    r"|(?<=-)[0-9a-f]{8}(?=[-.a-z0-9]*\.vpce\.)"
    # a service deployment's, in small and capital letters
    r"|(?<=/)(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{21}(?![\w-])"
    # EC2's ids, of which one in 2,600 has no digit among its eight
    r"|(?<=-)([0-9a-f]{8}|[0-9a-f]{17})(?![A-Za-z0-9-])"
    r"|(?<![A-Za-z0-9])((?=[a-z]*\d)[a-z0-9]{8,}|[a-z0-9]{16,})(-[0-9a-f]{4,})*(?![A-Za-z0-9])"
    r"|\b((?=[A-Z]*\d)[A-Z0-9]{12,}|[A-Z0-9]{16,})\b"
)


def settings(found: Inventory) -> dict[str, list[str]]:
    """Return every resource's settings as text, by sort; only the names of resources that are placed freely."""
    known = dict(_known(found))
    calls = names(found)
    return {
        sort: _placed(sort, calls[sort])
        if sort in PLACED
        else sorted(json.dumps(_steady(resource, known), sort_keys=True) for resource in resources)
        for sort, resources in found.items()
    }


def whatever_is_idle(found: Inventory) -> dict[str, list[str]]:
    """Return the names of all resources, by sort, however many instances there are."""
    return {sort: _placed(sort, called) for sort, called in names(found).items()}


def _placed(sort: str, called: list[str]) -> list[str]:
    """Return the names of freely placed resources, each once where the number says nothing."""
    if sort in _SCALED:
        return sorted(set(called))
    once = [_PRIMARY] if _PRIMARY in called else []
    return [*(name for name in called if name != _PRIMARY), *once]


def differing(before: Mapping[str, list[str]], after: Mapping[str, list[str]], *aside: str) -> list[str]:
    """Return one line for everything that one of the two has and the other has not."""
    lines = []
    for sort in before:
        if sort in aside:
            continue
        old, new = list(before[sort]), list(after[sort])
        for resource in before[sort]:
            if resource in new:
                old.remove(resource)
                new.remove(resource)
        lines += [f"{sort}: lacking {resource}" for resource in old] + [f"{sort}: added {resource}" for resource in new]
    return lines


def left(before: Mapping[str, list[str]], after: Mapping[str, list[str]], *aside: str) -> list[str]:
    """Return the resources that a teardown left, or should have left; leave the sorts `aside` out."""
    return differing(before, after, *NEVER_REMOVED, *aside)


def _known(found: Inventory) -> list[tuple[str, str]]:
    """Pairs of an id and a name that says the same, longest ids first, since some ids hold others."""
    pairs = [
        (str(resource[member]), f"<{sort} {called(sort, resource)}>")
        for sort, member in _IDS.items()
        for resource in found.get(sort, ())
    ]
    return sorted(pairs, key=lambda pair: -len(pair[0]))


def _steady(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {_plain(key, known): _steady(item, known) for key, item in value.items() if key not in _VOLATILE}
    if isinstance(value, list):
        return sorted((_steady(item, known) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return _plain(value, known) if isinstance(value, str) else value


def _plain(text: str, known: Mapping[str, str]) -> str:
    for made_up, name in known.items():
        text = text.replace(made_up, name)
    return _MADE_UP.sub("*", text)
