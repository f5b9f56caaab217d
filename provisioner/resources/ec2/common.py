"""What EC2's resource types do alike: how they are listed, and what is in the way of their deletion."""

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
"""How many interfaces are named where many are in the way."""

Shows = Callable[[Aws, Mapping[str, Any]], Observed]
"""Turns what EC2 shows of a resource into an `Observed`."""


def read_by_id(aws: Aws, shows: Shows, operation: str, key: str, **ids: Sequence[str]) -> Observed | None:
    """Return what a describe operation of EC2 shows under `key` of one id, whoever it belongs to."""
    return next((shows(aws, shown) for shown in aws.pages("ec2", operation, key, **ids)), None)


def list_by_tags(
    resource_type: type[Resource], aws: Aws, shows: Shows, operation: str, key: str, by_id: str, by: str = "Filters"
) -> Iterator[Observed]:
    """Yield the resources that carry this stack's tags, and those recorded: somebody may have changed their tags.

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
    """Yield what a describe operation of EC2 shows of these VPCs and `more` filters; nothing of no VPC."""
    if vpc_ids:
        yield from aws.pages("ec2", operation, key, Filters=[{"Name": "vpc-id", "Values": [*vpc_ids]}, *more])


def check_all_done(answer: Mapping[str, Any], operation: str) -> None:
    """Raise what AWS refuses in an answer that is good otherwise, in `Unsuccessful`."""
    for item in answer.get("Unsuccessful", ()):
        raise refused(item["Error"], operation)


def as_one_resource(aws: Aws, states: Mapping[str, str], going: str, what: str) -> Iterator[Observed]:
    """Yield what has these states, by id, as one resource of the stack's name; its output `left` is to be deleted.

    Args:
        going: the state of what AWS is deleting.
        what: what they are, for the user.
    """
    if states:
        left = sorted(name for name, state in states.items() if state != going)
        named = ", ".join(f"{name} {state}" for name, state in sorted(states.items()))
        yield Observed(aws.name, {}, {"left": left}, status=f"{what} {named}", deleting=not left)


def interfaces(aws: Aws, filter: str, value: str) -> str:
    """Say which network interfaces are left there, for the user: `1 network interface: eni-1 of ELB app/…, in-use`."""
    filters = [{"Name": filter, "Values": [value]}]
    found = list(aws.pages("ec2", "describe_network_interfaces", "NetworkInterfaces", Filters=filters))
    if not found:
        return ""
    named = sorted(map(_named, found))
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{len(found)} network interface{'s' * (len(found) > 1)}: {'; '.join(named[:SHOWN])}{more}"


def _named(interface: Mapping[str, Any]) -> str:
    """Say of an interface which it is, of what, and since when."""
    owner = interface.get("Description") or interface.get("Attachment", {}).get("InstanceId") or "an unknown owner"
    attached = since(interface.get("Attachment", {}).get("AttachTime"))
    return f"{interface['NetworkInterfaceId']} of {owner}, {interface['Status']}{attached}"
