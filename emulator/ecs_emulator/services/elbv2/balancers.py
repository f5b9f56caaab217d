"""Load balancers: allowed subnets, interfaces, states, attributes and deletion protection."""

from __future__ import annotations

import re
import secrets
from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.lag import mark_new, too_new
from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.services.ec2.interfaces import create_interface, release_later
from ecs_emulator.services.ec2.zones import LOCAL
from ecs_emulator.services.elbv2 import texts
from ecs_emulator.services.elbv2.certificates import free_certificates
from ecs_emulator.services.elbv2.logs import try_bucket
from ecs_emulator.services.elbv2.lookup import resource
from ecs_emulator.services.elbv2.rules import check_tags, forget_tags, rebind

# "Service endpoints" of Elastic Load Balancing in the AWS General Reference: zones of Application Load Balancers.
ZONE_IDS = {
    "af-south-1": "Z268VQBMOI5EKX",
    "ap-east-1": "Z3DQVH9N71FHZ0",
    "ap-northeast-1": "Z14GRHDCWA56QT",
    "ap-northeast-2": "ZWKZPGTI48KDX",
    "ap-northeast-3": "Z5LXEXXYW11ES",
    "ap-south-1": "ZP97RAFLXTNZK",
    "ap-southeast-1": "Z1LMS91P8CMLE5",
    "ap-southeast-2": "Z1GM3OXH4ZPM65",
    "ca-central-1": "ZQSVJUPU6J1EY",
    "eu-central-1": "Z215JYRZR1TBD5",
    "eu-north-1": "Z23TAZ6LKFMNIO",
    "eu-south-1": "Z3ULH7SSC9OV64",
    "eu-west-1": "Z32O12XQLNTSW2",
    "eu-west-2": "ZHURV8PSTC4K8",
    "eu-west-3": "Z3Q77PNBQS71R4",
    "me-south-1": "ZS929ML54UICD",
    "sa-east-1": "Z2P70J7HTTTPLU",
    "us-east-1": "Z35SXDOTRQ7X7K",
    "us-east-2": "Z3AADJGX6KTTL2",
    "us-west-1": "Z368ELLRRE2KJ0",
    "us-west-2": "Z1H1FL5HABSF5",
}

_PROTECTION = "deletion_protection.enabled"
_DEFAULT_ATTRIBUTES = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.prefix": "",
    _PROTECTION: "false",
    "idle_timeout.timeout_seconds": "60",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
_RANGES = {"idle_timeout.timeout_seconds": (1, 4000), "client_keep_alive.seconds": (60, 604800)}
_CHOICES = {
    "routing.http.desync_mitigation_mode": ("monitor", "defensive", "strictest"),
    "routing.http.xff_header_processing.mode": ("append", "preserve", "remove"),
}


@wrap(ELBv2Backend, "create_load_balancer")
def create_load_balancer(
    original: Any,
    self: Any,
    name: str,
    security_groups: list[str],
    subnet_ids: list[str],
    subnet_mappings: list[dict[str, str]] | None = None,
    scheme: str | None = "internet-facing",
    loadbalancer_type: str | None = None,
    ip_address_type: str = "ipv4",
    tags: list[dict[str, str]] | None = None,
) -> Any:
    """CreateLoadBalancer: check zones, groups and internet gateway; return an existing balancer of equal settings."""
    _check_name(name)
    scheme = scheme or "internet-facing"
    wanted = [*(subnet_ids or []), *(mapping["SubnetId"] for mapping in subnet_mappings or [])]
    settings = (scheme, sorted(wanted), sorted(security_groups or []), ip_address_type, _sorted(tags))
    for balancer in self.load_balancers.values():
        if balancer.name == name:
            if balancer.settings != settings:
                refuse(
                    "DuplicateLoadBalancerName",
                    f"A load balancer with the same name '{name}' exists, but with different settings",
                )
            return balancer
    check_tags(tags)
    subnets = _check_subnets(self, wanted)
    vpc_id = subnets[0].vpc_id
    if scheme == "internet-facing":
        _check_gateway(self.ec2_backend, vpc_id)
    groups = security_groups or [self.ec2_backend.get_default_security_group(vpc_id).id]
    _check_groups(self, groups)
    balancer = original(self, name, groups, wanted, None, scheme, loadbalancer_type, ip_address_type, tags)
    balancer.settings, balancer.ready_at = settings, later(durations.LOAD_BALANCER_CREATE)
    balancer.attrs = dict(_DEFAULT_ATTRIBUTES)
    balancer.canonical_hosted_zone_id = ZONE_IDS.get(self.region_name, ZONE_IDS["us-east-1"])
    host = f"{name}-{secrets.randbelow(10**10):010}.{self.region_name}.elb.amazonaws.com"
    balancer.dns_name = host if scheme == "internet-facing" else f"internal-{host}"
    balancer.interfaces = {subnet.id: _place(self, balancer, subnet) for subnet in subnets}
    mark_new(balancer)
    return balancer


@wrap(ELBv2Backend, "describe_load_balancer_attributes")
def describe_load_balancer_attributes(original: Any, self: Any, arn: str) -> Any:
    """DescribeLoadBalancerAttributes: may miss a new balancer for a while (terraform-provider-aws#15214)."""
    if too_new(resource(self, arn)):
        refuse("LoadBalancerNotFound", texts.NO_LOAD_BALANCER.format(arn))
    return original(self, arn)


def _check_name(name: str) -> None:
    if len(name) > 32:
        refuse("ValidationError", f"The load balancer name '{name}' cannot be longer than '32' characters")
    if not re.fullmatch(r"[a-zA-Z0-9-]+", name):
        refuse(
            "ValidationError",
            f"The load balancer name '{name}' can only contain characters that are alphanumeric characters and "
            "hyphens(-)",
        )
    if name.startswith("-") or name.endswith("-"):
        refuse("ValidationError", f"The load balancer name '{name}' cannot begin or end with a hyphen(-)")
    if name.startswith("internal-"):
        refuse("ValidationError", f"The load balancer name '{name}' cannot begin with 'internal-'")


def _sorted(tags: list[dict[str, str]] | None) -> list[tuple[str, str]]:
    return sorted((tag["Key"], tag.get("Value", "")) for tag in tags or [])


def _check_subnets(elb: Any, ids: list[str]) -> list[Any]:
    known = {subnet.id: subnet for subnet in elb.ec2_backend.describe_subnets()}
    for subnet_id in ids:
        if subnet_id not in known:
            refuse("SubnetNotFound", f"The subnet ID '{subnet_id}' is not found")
    zones = [known[subnet_id].availability_zone for subnet_id in ids]
    if len(set(zones)) < len(zones):
        refuse(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    sorts = {known[subnet_id]._availability_zone.zone_type for subnet_id in ids}
    if len(sorts) > 1:
        # the reference has one or the other (CreateLoadBalancer, Subnets); code and words by analogy
        refuse(
            "InvalidConfigurationRequest", "A load balancer cannot have subnets in Availability Zones and Local Zones"
        )
    if len(zones) < 2 and sorts != {LOCAL}:
        refuse("ValidationError", "At least two subnets in two different Availability Zones must be specified")
    return [known[subnet_id] for subnet_id in ids]


def _check_gateway(ec2: Any, vpc_id: str) -> None:
    if not any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in ec2.internet_gateways.values()):
        refuse("InvalidSubnet", f"VPC {vpc_id} has no internet gateway")


def _check_groups(elb: Any, groups: list[str]) -> None:
    for group_id in groups:
        if elb.ec2_backend.get_security_group_from_id(group_id) is None:
            refuse("InvalidSecurityGroup", f"One or more security groups are invalid: {group_id}")


def _place(elb: Any, balancer: Any, subnet: Any) -> str:
    path = balancer.arn.partition(":loadbalancer/")[2]
    public = balancer.scheme == "internet-facing"
    interface = create_interface(
        elb.ec2_backend, subnet, balancer.security_groups, f"ELB {path}", "amazon-elb", public=public
    )
    return str(interface.id)


@wrap(FakeLoadBalancer, "activate")
def activate(original: Any, self: Any) -> None:
    """Set a balancer to `active` once it has been `provisioning` for a while."""
    if passed(self.ready_at):
        original(self)


@replace(ELBv2Backend, "describe_load_balancers")
def describe_load_balancers(self: Any, arns: Any, names: Any) -> list[Any]:
    """DescribeLoadBalancers: refuse each unknown name or ARN (LoadBalancerNotFound)."""
    balancers = list(self.load_balancers.values())
    for balancer in balancers:
        balancer.activate()
    by_key = {key: balancer for balancer in balancers for key in (balancer.arn, balancer.name)}
    for key in [*(arns or []), *(names or [])]:
        if key not in by_key:
            refuse("LoadBalancerNotFound", texts.NO_LOAD_BALANCERS)
    wanted = [by_key[key] for key in dict.fromkeys([*(arns or []), *(names or [])])]
    return wanted if arns or names else balancers


@wrap(ELBv2Backend, "delete_load_balancer")
def delete_load_balancer(original: Any, self: Any, arn: str) -> None:
    """DeleteLoadBalancer: refuse while protected, and shortly after; accept a load balancer that does not exist.

    Listeners disappear at once, interfaces a moment later.
    """
    balancer = self.load_balancers.get(arn)
    if balancer is None:
        return
    lifted = passed(getattr(balancer, "free_at", 0.0))
    if balancer.attrs[_PROTECTION] == "true" or not lifted:
        refuse(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    for interface_id in balancer.interfaces.values():
        release_later(self.ec2_backend, interface_id, durations.LOAD_BALANCER_RELEASE)
    for listener in balancer.listeners.values():
        free_certificates(self, listener.certificates)
        forget_tags(self, listener.arn, *(rule.arn for rule in listener.rules.values()))
    original(self, arn)
    forget_tags(self, arn)
    rebind(self)


@replace(ELBv2Backend, "modify_load_balancer_attributes")
def modify_load_balancer_attributes(self: Any, arn: str, attrs: dict[str, str]) -> dict[str, str]:
    """ModifyLoadBalancerAttributes: refuse unknown keys, and values of a wrong type."""
    balancer = resource(self, arn)
    for key, value in attrs.items():
        _check_attribute(key, value)
    if any(key.startswith("access_logs.") for key in attrs):
        try_bucket(self, arn, {**balancer.attrs, **attrs})
    if balancer.attrs[_PROTECTION] == "true" and attrs.get(_PROTECTION) == "false":
        balancer.free_at = later(durations.PROTECTION_LIFTED)
    balancer.attrs.update(attrs)
    return dict(balancer.attrs)


def _check_attribute(key: str, value: str) -> None:
    if key not in FakeLoadBalancer.VALID_ATTRS:
        refuse("ValidationError", f"Load balancer attribute key '{key}' is not recognized")
    if key.endswith("enabled") and value not in ("true", "false"):
        refuse("ValidationError", f"'{key}' value '{value}' must be one of [true, false]")
    if key in _CHOICES and value not in _CHOICES[key]:
        refuse("ValidationError", f"'{key}' value '{value}' must be one of [{', '.join(_CHOICES[key])}]")
    if key in _RANGES:
        low, high = _RANGES[key]
        if not value.isdigit() or not low <= int(value) <= high:
            refuse("ValidationError", f"'{key}' value '{value}' must be between '{low}-{high}' inclusive")


def _check_active(balancer: Any) -> None:
    balancer.activate()
    if balancer.state != "active":
        refuse("OperationNotPermitted", f"Load balancer '{balancer.arn}' is in the '{balancer.state}' state")


@replace(ELBv2Backend, "set_security_groups")
def set_security_groups(self: Any, arn: str, sec_groups: list[str]) -> None:
    """SetSecurityGroups: refuse unless the balancer is active; change its interfaces too."""
    balancer = resource(self, arn)
    _check_active(balancer)
    _check_groups(self, sec_groups)
    balancer.security_groups = sec_groups
    for interface_id in balancer.interfaces.values():
        groups = [self.ec2_backend.get_security_group_from_id(group_id) for group_id in sec_groups]
        self.ec2_backend.enis[interface_id]._group_set = groups


@wrap(ELBv2Backend, "set_subnets")
def set_subnets(original: Any, self: Any, arn: str, subnets: list[str], subnet_mappings: list[dict[str, Any]]) -> Any:
    """SetSubnets: add interfaces in the new subnets, and release interfaces in removed subnets."""
    balancer = resource(self, arn)
    _check_active(balancer)
    wanted = _check_subnets(self, [*subnets, *(mapping["SubnetId"] for mapping in subnet_mappings)])
    zones = original(self, arn, [subnet.id for subnet in wanted], [])
    for subnet_id in set(balancer.interfaces) - {subnet.id for subnet in wanted}:
        release_later(self.ec2_backend, balancer.interfaces.pop(subnet_id), durations.LOAD_BALANCER_RELEASE)
    for subnet in wanted:
        if subnet.id not in balancer.interfaces:
            balancer.interfaces[subnet.id] = _place(self, balancer, subnet)
    return zones
