"""Samples of the network's resource types: VPC, subnets, routes, security groups, endpoints, flow logs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from provisioner.engine.declaration import Handle, ready
from provisioner.engine.resource import Resource
from provisioner.resources.ec2.endpoints import VpcEndpoint
from provisioner.resources.ec2.entry_rules import SecurityGroupRule
from provisioner.resources.ec2.flow_logs import FlowLog
from provisioner.resources.ec2.nat import ElasticIp, NatGateway
from provisioner.resources.ec2.network import InternetGateway, RouteTable, Subnet, Vpc
from provisioner.resources.ec2.security import (
    DefaultSecurityGroup,
    SecurityGroup,
    SecurityGroupEgress,
    SecurityGroupIngress,
    allow,
)
from provisioner.resources.guardduty import GuardDutyEndpoints, GuardDutyGroups
from provisioner.resources.iam import Role
from provisioner.resources.logs import LogGroup
from provisioner.resources.policies import policy
from tests.cloud.samples.sample import NAME, ByHand, Here, Sample

ANYWHERE = "0.0.0.0/0"


def subnets(here: Here, zones: str = "ac") -> list[Handle]:
    """The sample's subnet, in zone a, and one in each further zone."""
    made = [here[Subnet]]
    for zone in zones[1:]:
        block = f"10.0.{ord(zone)}.0/24"
        made.append(here.ensure(Subnet(zone, here[Vpc].id, f"{here.stack.facts.region}{zone}", block)))
    return made


def closed(here: Here, name: str) -> Handle:
    """A security group without any rule."""
    return here.ensure(SecurityGroup(name, here[Vpc].id, name, "Closed", [], []))


def sending(here: Here, name: str) -> Handle:
    """A security group whose members reach AWS: nobody comes in."""
    return here.ensure(SecurityGroup(name, here[Vpc].id, name, "Reaches AWS", [], [allow(443, "AWS", cidr=ANYWHERE)]))


def _rule(port: int) -> list[dict[str, Any]]:
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}]


def _no_dns(hand: ByHand) -> None:
    for name in ("EnableDnsHostnames", "EnableDnsSupport"):
        hand("ec2").modify_vpc_attribute(VpcId=hand.id, **{name: {"Value": False}})


def _detach(hand: ByHand) -> None:
    hand("ec2").detach_internet_gateway(InternetGatewayId=hand.id, VpcId=hand[Vpc])


def _unused(hand: ByHand) -> None:
    (table,) = hand("ec2").describe_route_tables(RouteTableIds=[hand.id])["RouteTables"]
    hand("ec2").disassociate_route_table(AssociationId=table["Associations"][0]["RouteTableAssociationId"])


def _open(hand: ByHand, direction: str, group: str = "") -> None:
    authorize = getattr(hand("ec2"), f"authorize_security_group_{direction}")
    authorize(GroupId=group or hand.id, IpPermissions=_rule(4711))


def _endpoint(hand: ByHand, **change: Any) -> None:
    hand("ec2").modify_vpc_endpoint(VpcEndpointId=hand.id, **change)


def _egress(here: Here) -> Handle:
    group = here.ensure(SecurityGroup("open", here[Vpc].id, "open", "Whose way out is said apart", [], None))
    return here.ensure(SecurityGroupEgress(NAME, group.id, [allow(443, "out", cidr=ANYWHERE)]))


def _ingress(here: Here) -> Handle:
    group = here.ensure(SecurityGroup("shut", here[Vpc].id, "shut", "Whose way in is said apart", None, []))
    return here.ensure(SecurityGroupIngress(NAME, group.id, [allow(443, "in", cidr=ANYWHERE)]))


def _entry(here: Here) -> Handle:
    theirs = here.ensure(SecurityGroup("theirs", here[Vpc].id, "theirs", "Whose way in others say", None, []))
    return here.ensure(SecurityGroupRule(NAME, theirs.id, closed(here, "clients").id, 5432, "tasks of the sample"))


def _redescribe(hand: ByHand) -> None:
    hand("ec2").update_security_group_rule_descriptions_ingress(
        GroupId=hand["security_group/theirs"],
        SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": hand.id, "Description": "somebody's"}],
    )


def _nat(here: Here) -> Handle:
    """A NAT gateway in a VPC of its own: its address keeps an internet gateway from being detached."""
    vpc = here.ensure(Vpc("nat", "10.9.0.0/16"))
    gateway = here.ensure(InternetGateway("nat", vpc.id))
    subnet = here.ensure(Subnet("nat", vpc.id, f"{here.stack.facts.region}a", "10.9.0.0/24"))
    return here.ensure(NatGateway(NAME, subnet.id, here[ElasticIp].id), after=[ready(gateway)])


def _endpoint_of(here: Here, service: str) -> str:
    return f"com.amazonaws.{here.stack.facts.region}.{service}"


def _endpoints(here: Here) -> Handle:
    routes, (first, _) = here[RouteTable].id, subnets(here)
    here.ensure(VpcEndpoint("gateway", here[Vpc].id, _endpoint_of(here, "s3"), "Gateway", route_table_ids=[routes]))
    return here.ensure(
        VpcEndpoint(
            NAME,
            # private DNS needs the VPC's host names, which are an update of it
            ready(here[Vpc]).id,
            _endpoint_of(here, "logs"),
            "Interface",
            subnet_ids=[first.id],
            security_group_ids=[closed(here, "endpoints").id],
            private_dns_enabled=True,
        )
    )


def _flow_log(here: Here) -> Handle:
    trusted = {"Service": "vpc-flow-logs.amazonaws.com"}
    trust = policy({"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"})
    role = here.ensure(Role("flow", "flow", trust))
    group = here.ensure(LogGroup("flow", "/vpc/flow", 7))
    return here.ensure(FlowLog(NAME, here[Vpc].id, group.id, ready(role).arn))


ONLY_READ = json.dumps(policy({"Effect": "Allow", "Principal": "*", "Action": "logs:Get*", "Resource": "*"}))

NETWORK: Mapping[type[Resource], Sample] = {
    Vpc: Sample(
        lambda here: here.ensure(Vpc(NAME, "10.0.0.0/16")),
        {
            "enable_dns_hostnames": lambda hand: hand("ec2").modify_vpc_attribute(
                VpcId=hand.id, EnableDnsHostnames={"Value": False}
            ),
            # host names need the support
            "enable_dns_support enable_dns_hostnames": _no_dns,
        },
    ),
    InternetGateway: Sample(lambda here: here.ensure(InternetGateway(NAME, here[Vpc].id)), {"vpc_id": _detach}),
    Subnet: Sample(
        lambda here: here.ensure(Subnet(NAME, here[Vpc].id, f"{here.stack.facts.region}a", "10.0.0.0/24")),
        {
            "map_public_ip_on_launch": lambda hand: hand("ec2").modify_subnet_attribute(
                SubnetId=hand.id, MapPublicIpOnLaunch={"Value": True}
            )
        },
    ),
    RouteTable: Sample(
        lambda here: here.ensure(
            RouteTable(NAME, here[Vpc].id, [here[Subnet].id], {ANYWHERE: here[InternetGateway].id})
        ),
        {
            "subnet_ids": _unused,
            "routes": lambda hand: hand("ec2").delete_route(RouteTableId=hand.id, DestinationCidrBlock=ANYWHERE),
        },
    ),
    ElasticIp: Sample(lambda here: here.ensure(ElasticIp(NAME))),
    NatGateway: Sample(_nat),
    SecurityGroup: Sample(
        lambda here: here.ensure(
            SecurityGroup(NAME, here[Vpc].id, NAME, "Sample", [allow(80, "users", cidr="10.0.0.0/8")], [])
        ),
        {"ingress": lambda hand: _open(hand, "ingress"), "egress": lambda hand: _open(hand, "egress")},
    ),
    SecurityGroupIngress: Sample(_ingress, {"rules": lambda hand: _open(hand, "ingress")}),
    SecurityGroupRule: Sample(_entry, {"description": _redescribe}),
    SecurityGroupEgress: Sample(_egress, {"rules": lambda hand: _open(hand, "egress")}),
    DefaultSecurityGroup: Sample(
        lambda here: here.ensure(DefaultSecurityGroup(NAME, here[Vpc].id)),
        {"ingress": lambda hand: _open(hand, "ingress"), "egress": lambda hand: _open(hand, "egress")},
    ),
    VpcEndpoint: Sample(
        _endpoints,
        {
            "gateway:route_table_ids": lambda hand: _endpoint(hand, RemoveRouteTableIds=[hand[RouteTable]]),
            "subnet_ids": lambda hand: _endpoint(hand, AddSubnetIds=[hand["subnet/c"]]),
            "security_group_ids": lambda hand: _endpoint(hand, AddSecurityGroupIds=[hand[SecurityGroup]]),
            "private_dns_enabled": lambda hand: _endpoint(hand, PrivateDnsEnabled=False),
            "policy_document": lambda hand: _endpoint(hand, PolicyDocument=ONLY_READ),
        },
    ),
    FlowLog: Sample(_flow_log),
    GuardDutyGroups: Sample(lambda here: here.ensure(GuardDutyGroups(here.stack.name, here[Vpc].id))),
    GuardDutyEndpoints: Sample(
        lambda here: here.ensure(
            GuardDutyEndpoints(here.stack.name, here[Vpc].id, [here[Subnet].id]), after=[here[GuardDutyGroups]]
        )
    ),
}
