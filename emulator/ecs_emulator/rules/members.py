"""Members that AWS sends and moto does not, or that moto sends and AWS does not, where no other rule is about them.

Each was seen in recorded answers of AWS: `tests/contract` holds the whole cloud's answers against those.
"""

from __future__ import annotations

import secrets
from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.ec2.models.availability_zones_and_regions import Zone
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.managed_prefixes import ManagedPrefixList
from moto.ec2.models.route_tables import RouteTable
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.responses import EC2Response
from moto.elbv2.responses import ELBV2Response

from ecs_emulator.patch import add, wrap
from ecs_emulator.sent_members import change_members

SUSPENDED = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


def _show(cls: type, **members: Any) -> None:
    """Let answers show these of every object of a class: values, or functions of the object."""
    for name, value in members.items():
        add(cls, name)(property(value) if callable(value) else value)


# -- EC2: DescribeSubnets, DescribeRouteTables, DescribeVpcEndpoints, DescribeAvailabilityZones, interfaces ------------

_show(Subnet, enable_dns64=False, map_customer_owned_ip_on_launch=False)
_show(RouteTable, propagating_vgws=[])
_show(
    VPCEndPoint,
    ip_address_type="ipv4",
    requester_managed=False,
    dns_options=lambda endpoint: {
        "DnsRecordIpType": "ipv4" if endpoint.vpc_endpoint_type == "Interface" else "service-defined"
    },
)
_show(
    Zone,
    opt_in_status="opt-in-not-required",
    group_name=lambda zone: f"{zone.region_name}-zg-1",
    group_long_name=lambda zone: f"{zone.region_name} 1",
    network_border_group=lambda zone: zone.region_name,
)
# DescribeInstances: a reason is that of a stop
change_members(EC2Response, {"Instance.StateReason": lambda reason: reason if reason.code else None})


@wrap(NetworkInterface, "association")
def association(original: Any, self: Any) -> Any:
    """DescribeNetworkInterfaces: no member, and not an empty one, where no address is associated."""
    return original(self) or None


@wrap(ManagedPrefixList, "__init__")
def prefix_list(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """DescribePrefixLists: those that AWS keeps have ids of eight digits."""
    original(self, *args, **kwargs)
    if self.resource_owner_id == "AWS":
        self.id = f"pl-{secrets.token_hex(4)}"
        self.prefix_list_arn = self.arn(kwargs["region"], self.owner_id)


# -- the other services whose answers moto writes by the model --------------------------------------------------------

# DescribeListeners: the policy is of TLS listeners only, which are a network load balancer's
change_members(
    ELBV2Response,
    {
        "Listeners.Listener.AlpnPolicy": lambda policy: policy or None,
        "AvailabilityZones.AvailabilityZone.LoadBalancerAddresses": lambda addresses: addresses or [],
    },
)


@wrap(ApplicationAutoscalingBackend, "register_scalable_target")
def register_scalable_target(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """RegisterScalableTarget: it acts by its service-linked role, and nothing of it is suspended."""
    target = original(self, *args, **kwargs)
    service = "ecs.application-autoscaling.amazonaws.com"
    role = f"role/aws-service-role/{service}/AWSServiceRoleForApplicationAutoScaling_ECSService"
    target.role_arn = target.role_arn or f"arn:aws:iam::{self.account_id}:{role}"
    target.suspended_state = dict.fromkeys(SUSPENDED, False) | (target.suspended_state or {})
    return target
