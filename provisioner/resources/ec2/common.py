"""Common code of EC2's resource types: list resources, and find network interfaces that block a deletion."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.errors import refused
from provisioner.engine.clock import since
from provisioner.engine.resource import Observed, Resource

ANYWHERE = "0.0.0.0/0"
"""The destination of a default route, and the peer of rules for everybody."""
SHOWN = 5
"""The most interfaces that a message names."""

Shows = Callable[[Aws, Mapping[str, Any]], Observed]
"""A function that turns a resource as EC2 shows it into an `Observed`."""


def read_by_id(aws: Aws, shows: Shows, operation: str, key: str, **ids: Sequence[str]) -> Observed | None:
    """Return the resource that a describe operation of EC2 shows for one id, even if it is not this stack's."""
    return next((shows(aws, shown) for shown in aws.pages("ec2", operation, key, **ids)), None)


def list_by_tags(
    resource_type: type[Resource], aws: Aws, shows: Shows, operation: str, key: str, by_id: str, by: str = "Filters"
) -> Iterator[Observed]:
    """Yield the resources with this stack's tags, and the recorded ones, whose tags somebody may have changed.

    Args:
        by_id: EC2's name of the filter by id.
        by: the operation's parameter for filters.
    """

    def described(filters: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        return (shows(aws, shown) for shown in aws.pages("ec2", operation, key, **{by: filters}))

    found = {live.id: live for live in described(aws.owner_filters())}
    yield from found.values()
    if missing := sorted(set(aws.recorded(resource_type)) - found.keys()):
        yield from described([{"Name": by_id, "Values": missing}])


def in_vpcs(
    aws: Aws, vpc_ids: Collection[str], operation: str, key: str, *more: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Yield the items of a describe operation of EC2 in these VPCs, filtered by `more`; nothing without VPCs."""
    if vpc_ids:
        yield from aws.pages("ec2", operation, key, Filters=[{"Name": "vpc-id", "Values": [*vpc_ids]}, *more])


def check_all_done(answer: Mapping[str, Any], operation: str) -> None:
    """Raise the error that AWS reports under `Unsuccessful` in a successful answer."""
    for item in answer.get("Unsuccessful", ()):
        raise refused(item["Error"], operation)


def as_one_resource(aws: Aws, states: Mapping[str, str], going: str, what: str) -> Iterator[Observed]:
    """Yield these resources (states by id) as one resource named after the stack; its output `left` has ids to delete.

    Args:
        going: the state of a resource that AWS is deleting.
        what: the user's word for the resources.
    """
    if states:
        left = sorted(name for name, state in states.items() if state != going)
        named = ", ".join(f"{name} {state}" for name, state in sorted(states.items()))
        yield Observed(aws.name, {}, {"left": left}, status=f"{what} {named}", deleting=not left)


def interfaces(aws: Aws, filter: str, value: str) -> str:
    """Describe the network interfaces that match a filter: `1 network interface: eni-1 of ELB app/…, in-use`."""
    filters = [{"Name": filter, "Values": [value]}]
    found = list(aws.pages("ec2", "describe_network_interfaces", "NetworkInterfaces", Filters=filters))
    if not found:
        return ""
    named = sorted(map(_named, found))
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{len(found)} network interface{'s' * (len(found) > 1)}: {'; '.join(named[:SHOWN])}{more}"


def _named(interface: Mapping[str, Any]) -> str:
    """Describe an interface by its id, owner, status and time of attachment."""
    owner = interface.get("Description") or interface.get("Attachment", {}).get("InstanceId") or "an unknown owner"
    attached = since(interface.get("Attachment", {}).get("AttachTime"))
    return f"{interface['NetworkInterfaceId']} of {owner}, {interface['Status']}{attached}"
