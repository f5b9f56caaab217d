"""Permissions for the network and what is found by name: EC2, Route 53, Cloud Map, load balancer, certificate.

What an action can be limited to is in the Service Authorization Reference, a page a service. An action that names no
resource there takes `*`, and a condition key that AWS does not have for an action would deny it for ever.
"""

from __future__ import annotations

from provisioner.aws.permissions import (
    ASKED,
    ASKED_BEFOREHAND,
    OURS,
    TAGS_AT_ONCE,
    Conditions,
    Permission,
    Use,
    creating,
    grants,
    retagging,
)
from provisioner.config.models import Config
from provisioner.resources.ecs.account import FORMER_TAG

_TAGGED = (
    *("internet-gateway/*", "launch-template/*", "route-table/*", "security-group/*", "subnet/*"),
    *("vpc/*", "vpc-endpoint/*"),
)
_RETAGGED = (*_TAGGED, "vpc-flow-log/*")
_GUARDDUTY: Conditions = (("StringEquals", "aws:ResourceTag/GuardDutyManaged", ("true",)),)
"""GuardDuty user guide, runtime-monitoring-agent-resource-clean-up."""
_GUARDDUTY_ENDPOINT: Conditions = (*_GUARDDUTY, ("StringLike", "ec2:VpceServiceName", ("*.guardduty-data",)))
_FORMER: Conditions = (("ForAllValues:StringLike", "aws:TagKeys", (f"{FORMER_TAG}*",)),)
"""Nothing but the note of an account's setting is written, or removed."""


_CHANGED = "a setting changes in place"
_LEFT = "what GuardDuty has left in the VPC"
_TAGS = "tags that the bulk read does not show yet"
_PROOF = "_" + "?" * 32
"""The label that ACM asks for: 32 hexadecimal digits after `_` (ACM user guide, dns-validation)."""
_LAUNCH = "https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html"
_REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference/"


def _records(types: str, *names: str, but: tuple[str, ...] = ()) -> Conditions:
    """Return the conditions that let records of these names and types be written, and no others.

    Names are compared in small letters and without the last dot; `?` and `*` stand for dots as well, which `but` takes
    away again (Route 53 developer guide, "Using IAM policy conditions for fine-grained access control"). A condition
    for all values is true of none, but AWS takes no batch without a change, and no change without a name and a type.
    """
    name, type_ = (f"route53:ChangeResourceRecordSets{key}" for key in ("NormalizedRecordNames", "RecordTypes"))
    without: Conditions = (("ForAllValues:StringNotLike", name, but),) if but else ()
    of_type = ("ForAllValues:StringEquals", type_, tuple(types.split()))
    return (("ForAllValues:StringLike", name, names), *without, of_type)


def trunking(config: Config) -> bool:
    """The account's setting is the stack's to make."""
    return config.account.trunking


def spot(config: Config) -> bool:
    """The stack's instances are Spot."""
    return config.capacity.spot


EC2: tuple[Permission, ...] = (
    *grants(
        "ec2",
        "DescribeAvailabilityZones DescribeImages DescribeInstanceTypeOfferings DescribeInstanceTypes "
        "DescribeInstances DescribeInternetGateways DescribeLaunchTemplateVersions DescribeLaunchTemplates "
        "DescribePrefixLists DescribeRouteTables DescribeSecurityGroups DescribeSubnets "
        "DescribeVpcEndpointServices DescribeVpcEndpoints DescribeVpcs",
    ),
    *grants("ec2", "DescribeVpcAttribute", "vpc/*"),
    *grants("ec2", "DescribeNetworkInterfaces", use=Use.OTHER, why="what keeps something from being removed"),
    *grants("ec2", "DescribeTags", use=Use.OTHER, why="import", reader=False),
    # a subnet is made in a VPC: AWS asks for both, and of the VPC for the tags that it has
    *grants("ec2", "CreateVpc", "vpc/*", conditions=ASKED),
    *grants("ec2", "CreateSubnet", "subnet/*", conditions=ASKED),
    *grants("ec2", "CreateRouteTable", "route-table/*", conditions=ASKED),
    *grants("ec2", "CreateSecurityGroup", "security-group/*", conditions=ASKED),
    *grants("ec2", "CreateInternetGateway", "internet-gateway/*", conditions=ASKED),
    *grants("ec2", "CreateLaunchTemplate", "launch-template/*", conditions=ASKED),
    *grants("ec2", "CreateVpcEndpoint", "vpc-endpoint/*", conditions=ASKED),
    *grants("ec2", "CreateSubnet CreateRouteTable CreateSecurityGroup", "vpc/*", conditions=OURS),
    *grants("ec2", "CreateVpcEndpoint", "vpc/*", "route-table/*", "security-group/*", "subnet/*", conditions=OURS),
    *grants(
        "ec2",
        "CreateTags",
        *_TAGGED,
        conditions=creating(
            "ec2:CreateAction",
            *("CreateInternetGateway", "CreateLaunchTemplate", "CreateRouteTable", "CreateSecurityGroup"),
            *("CreateSubnet", "CreateVpc", "CreateVpcEndpoint"),
        ),
        **TAGS_AT_ONCE,
    ),
    *retagging("ec2", "CreateTags", *_RETAGGED),
    *grants("ec2", "AttachInternetGateway DetachInternetGateway", "internet-gateway/*", "vpc/*", conditions=OURS),
    *grants("ec2", "AssociateRouteTable DisassociateRouteTable", "route-table/*", "subnet/*", conditions=OURS),
    *grants("ec2", "DeleteInternetGateway", "internet-gateway/*", conditions=OURS),
    *grants("ec2", "CreateRoute DeleteRouteTable", "route-table/*", conditions=OURS),
    *grants(
        "ec2", "DeleteRoute ReplaceRoute", "route-table/*", conditions=OURS, use=Use.OTHER, why="a route was changed"
    ),
    *grants(
        "ec2",
        "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress DeleteSecurityGroup",
        "security-group/*",
        conditions=OURS,
    ),
    *grants(
        "ec2",
        "UpdateSecurityGroupRuleDescriptionsEgress UpdateSecurityGroupRuleDescriptionsIngress",
        "security-group/*",
        conditions=OURS,
        use=Use.OTHER,
        why=_CHANGED,
    ),
    # also on the VPC's default group, which AWS makes without tags
    *grants("ec2", "RevokeSecurityGroupEgress RevokeSecurityGroupIngress", "security-group/*"),
    *grants("ec2", "DeleteSubnet", "subnet/*", conditions=OURS),
    *grants("ec2", "ModifySubnetAttribute", "subnet/*", conditions=OURS, use=Use.OTHER, why=_CHANGED),
    *grants("ec2", "ModifyVpcAttribute DeleteVpc", "vpc/*", conditions=OURS),
    # the former value of the account's setting is a tag of the VPC
    *grants("ec2", "CreateTags DeleteTags", "vpc/*", conditions=(*OURS, *_FORMER), wanted=trunking),
    *grants("ec2", "DeleteVpcEndpoints", "vpc-endpoint/*", conditions=OURS),
    *grants(
        "ec2",
        "ModifyVpcEndpoint",
        "vpc-endpoint/*",
        "route-table/*",
        "security-group/*",
        "subnet/*",
        conditions=OURS,
        use=Use.OTHER,
        why=_CHANGED,
    ),
    *grants("ec2", "DeleteVpcEndpoints", "vpc-endpoint/*", conditions=_GUARDDUTY_ENDPOINT, use=Use.OTHER, why=_LEFT),
    *grants("ec2", "DeleteSecurityGroup", "security-group/*", conditions=_GUARDDUTY, use=Use.OTHER, why=_LEFT),
    *grants("ec2", "DeleteLaunchTemplate", "launch-template/*", conditions=OURS),
    *grants(
        "ec2",
        "CreateLaunchTemplateVersion ModifyLaunchTemplate",
        "launch-template/*",
        conditions=OURS,
        use=Use.OTHER,
        why=_CHANGED,
    ),
    *grants("ec2", "TerminateInstances", "instance/*", conditions=OURS, use=Use.OTHER, why="instances without a group"),
    *grants(
        "ec2",
        "RunInstances",
        "launch-template/*",
        "security-group/*",
        "subnet/*",
        conditions=OURS,
        use=Use.IMPLIED,
        why="CreateAutoScalingGroup and UpdateAutoScalingGroup with a launch template",
        source=_LAUNCH,
    ),
    *grants(
        "ec2",
        "RunInstances",
        "arn:{partition}:ec2:{region}::image/*",
        "instance/*",
        "network-interface/*",
        "volume/*",
        use=Use.IMPLIED,
        why="CreateAutoScalingGroup and UpdateAutoScalingGroup with a launch template",
        source=_LAUNCH,
    ),
    *grants(
        "ec2",
        "CreateTags",
        *("instance/*", "volume/*"),
        conditions=(*ASKED, ("StringEquals", "ec2:CreateAction", ("RunInstances",))),
        use=Use.IMPLIED,
        why="CreateAutoScalingGroup and UpdateAutoScalingGroup with a template that tags what it launches",
        source="https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-api-permissions.html",
    ),
    *grants(
        "ec2",
        "RunInstances",
        "spot-instances-request/*",
        use=Use.IMPLIED,
        why="CreateAutoScalingGroup and UpdateAutoScalingGroup with Spot instances",
        source=_LAUNCH,
        wanted=spot,
    ),
    # AWS checks it at CreatePrivateDnsNamespace as well (Cloud Map developer guide, API permissions)
    *grants("ec2", "DescribeRegions", parts=ASKED_BEFOREHAND),
    *grants(
        "ec2",
        "DescribeAccountAttributes DescribeAddresses",
        use=Use.IMPLIED,
        why="CreateLoadBalancer",
        source="https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-permissions.html",
        reader=False,
    ),
    *grants(
        "ec2",
        "GetSecurityGroupsForVpc",
        use=Use.IMPLIED,
        why="CreateLoadBalancer",
        # a release of 2024 made it necessary (aws-load-balancer-controller#3917)
        source="https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/managed-policies.html",
        reader=False,
    ),
)

ROUTE53: tuple[Permission, ...] = (
    *grants("route53", "ListHostedZones ListHostedZonesByName ListHostedZonesByVPC"),
    *grants("route53", "GetHostedZone ListResourceRecordSets ListTagsForResources", "hostedzone/*"),
    *grants("route53", "GetChange", "change/*"),
    *grants("route53", "ListTagsForResource", "hostedzone/*", use=Use.OTHER, why="import", reader=False),
    # the public name, and for the certificate's names the records that prove them: one label more, and not two
    *grants("route53", "ChangeResourceRecordSets", "hostedzone/*", conditions=_records("A", "{fqdn}")),
    *grants(
        "route53",
        "ChangeResourceRecordSets",
        "hostedzone/*",
        conditions=_records("CNAME", f"{_PROOF}.{{fqdn}}", but=("*.*.{fqdn}",)),
    ),
    *grants(
        "route53",
        "ChangeResourceRecordSets",
        "hostedzone/*",
        conditions=_records("CNAME", f"{_PROOF}.{{domain}}", but=("*.*.{domain}",)),
    ),
    *grants("route53", "ChangeResourceRecordSets", "hostedzone/*", conditions=_records("CNAME", "database.{private}")),
    # what Cloud Map writes for the caller: its zone's SOA, and the tasks' addresses (developer guide, API permissions)
    *grants(
        "route53",
        "ChangeResourceRecordSets",
        "hostedzone/*",
        conditions=_records("A SOA", "{discovery}", "*.{discovery}"),
    ),
    *grants("route53", "CreateHostedZone"),
    *grants("route53", "ChangeTagsForResource DeleteHostedZone", "hostedzone/*"),
    *grants(
        "route53",
        "AssociateVPCWithHostedZone",
        "hostedzone/*",
        use=Use.IMPLIED,
        why="CreateVpcEndpoint with a private name",
        source=_REFERENCE + "list_amazonec2.html",
    ),
)

NETWORK = (*EC2, *ROUTE53)
