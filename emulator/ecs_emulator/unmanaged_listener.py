"""Create somebody else's load balancer with one listener, under given ids, in a VPC that is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from ecs_emulator import clock
from ecs_emulator.routes import reaches_internet
from ecs_emulator.unmanaged_certificates import put_certificates
from ecs_emulator.unmanaged_vpc import put_group

POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
ANSWER = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "not found"}


def put_listeners(account: str, region: str, wanted: Iterable[Mapping[str, Any]]) -> None:
    """Create listeners that answer 404, with load balancers and security groups, unless they exist.

    Args:
        wanted: of each `arn`, `protocol`, `port`, `vpc` (an id), `groups` (ids of security groups), and for HTTPS
            `certified` (the names in its certificate); and perhaps `dns_name`, the load balancer's own name.

    Raises:
        KeyError: a member is missing, or the VPC.
    """
    for one in wanted:
        _put_listener(account, region, one)


def _put_listener(account: str, region: str, wanted: Mapping[str, Any]) -> None:
    elb, ec2 = elbv2_backends[account][region], ec2_backends[account][region]
    arn = wanted["arn"]
    if any(arn in balancer.listeners for balancer in elb.load_balancers.values()):
        return
    vpc, port = ec2.vpcs[wanted["vpc"]], str(wanted["port"])
    for group in wanted["groups"]:
        _let_everybody_in(account, region, vpc.id, group, port)
    balancer = _balancer(elb, ec2, vpc.id, wanted)
    certificate = None
    if wanted["protocol"] == "HTTPS":
        certificate = f"{arn.partition(':elasticloadbalancing:')[0]}:acm:{region}:{account}:certificate/{arn[-16:]}"
        put_certificates(account, region, {certificate: wanted["certified"]})
    action = {"Type": "fixed-response", "FixedResponseConfig": ANSWER}
    made = elb.create_listener(
        balancer.arn, wanted["protocol"], port, POLICY if certificate else "", certificate, [action]
    )
    del balancer.listeners[made.arn]
    made.arn = arn
    for rule in made.rules.values():
        rule.listener_arn = arn
    balancer.listeners[arn] = made


def _balancer(elb: Any, ec2: Any, vpc: str, wanted: Mapping[str, Any]) -> Any:
    """Create an active load balancer in a subnet of each zone of the VPC, a public one if there is one."""
    arn = wanted["arn"].rpartition("/")[0].replace(":listener/", ":loadbalancer/")
    if arn in elb.load_balancers:
        return elb.load_balancers[arn]
    there = [one for one in ec2.describe_subnets() if one.vpc_id == vpc]
    public = [one for one in there if reaches_internet(ec2, one.id)]
    by_zone = {one.availability_zone: one.id for one in reversed([*public, *there])}
    scheme = "internet-facing" if public else "internal"
    subnets = [*by_zone.values()]
    made = elb.create_load_balancer(arn.split("/")[-2], [*wanted["groups"]], subnets, None, scheme, "application")
    del elb.load_balancers[made.arn]
    made.arn, made.ready_at = arn, clock.now()
    made.dns_name = wanted.get("dns_name") or made.dns_name
    elb.load_balancers[arn] = made
    made.activate()
    return made


def _let_everybody_in(account: str, region: str, vpc: str, group: str, port: str) -> None:
    """Create a security group under this id that lets everybody in at a port, unless it exists."""
    ec2 = ec2_backends[account][region]
    if group not in ec2.groups[vpc]:
        put_group(account, region, group, vpc)
        everybody = [{"CidrIp": "0.0.0.0/0"}]
        ec2.authorize_security_group_ingress(group, "tcp", port, port, ip_ranges=everybody, vpc_id=vpc)
