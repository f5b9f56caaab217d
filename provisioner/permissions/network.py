"""Permissions for the network that belong to no resource type: EC2's reads and launches, the records of Route 53.

The Service Authorization Reference, a page for each service, says how to limit an action. An action without a resource
there takes `*`. A condition key that AWS does not have for an action would always deny it.
"""

from __future__ import annotations

from provisioner.aws.permissions import (
    ASKED,
    ASKED_BEFOREHAND,
    CHANGED,
    OURS,
    TAGS_AT_ONCE,
    Conditions,
    Permission,
    Use,
    creating,
    grants,
)
from provisioner.config.models import Config
from provisioner.resources.route53.handover import LEADING

_PROOF = "_" + "?" * 32
"""The label of ACM's validation records: 32 hexadecimal digits after `_` (ACM user guide, dns-validation)."""
_LAUNCH = "https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html"
_REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference/"


def _records(types: str, *names: str, but: tuple[str, ...] = ()) -> Conditions:
    """Return the conditions that allow changes of records with these names and types only.

    AWS compares names in small letters and without the last dot. `?` and `*` match dots too, which `but` excludes again
    (Route 53 developer guide, "Using IAM policy conditions for fine-grained access control"). A condition for all
    values is also true without any value, but AWS accepts no batch without a change, and each change has a name and a
    type.
    """
    name, type_ = (f"route53:ChangeResourceRecordSets{key}" for key in ("NormalizedRecordNames", "RecordTypes"))
    without: Conditions = (("ForAllValues:StringNotLike", name, but),) if but else ()
    of_type = ("ForAllValues:StringEquals", type_, tuple(types.split()))
    return (("ForAllValues:StringLike", name, names), *without, of_type)


_IN_VPC: Conditions = (
    ("ForAllValues:StringLike", "route53:VPCs", ("VPCId={known_vpc},VPCRegion={region}",)),
    ("Null", "route53:VPCs", ("false",)),
)
"""A private zone of the stack's VPC, by its ID where the configuration or the caller names it, else of the Region.

Source: Route 53 developer guide, specifying-conditions-route53. Without `Null` the first one fits public zones as well.
"""
_PUBLIC: Conditions = (("Null", "route53:VPCs", ("true",)),)


def _makes_zone(config: Config) -> bool:
    """Return whether the public zone is the stack's."""
    return config.dns.create_zone


def named(config: Config) -> bool:
    """Return whether the stack can have a public name."""
    return config.dns.domain is not None


def _certified(config: Config) -> bool:
    """Return whether the stack uses existing certificates."""
    return bool(config.dns.certificate)


def spot(config: Config) -> bool:
    """Return whether the stack's instances are Spot."""
    return config.capacity.spot


def with_redis(config: Config) -> bool:
    """Return whether the stack has Valkey."""
    return config.redis is not None


def distributed(config: Config) -> bool:
    """Return whether the stack has CloudFront in front."""
    return config.cloudfront is not None


def at_listener(config: Config) -> bool:
    """Return whether public services answer at an existing listener."""
    return config.listener is not None


def _existing_vpc(config: Config) -> bool:
    """Return whether the stack uses an existing VPC."""
    return config.network.vpc is not None


EC2: tuple[Permission, ...] = (
    # in the ARNs of a shared VPC and its subnets is the account of their owner
    *grants(
        "ec2",
        "CreateSecurityGroup DescribeVpcAttribute",
        "arn:{partition}:ec2:{region}:*:vpc/{vpc}",
        wanted=_existing_vpc,
    ),
    *grants(
        "ec2",
        "RunInstances",
        # no subnet of that VPC has the stack's tags
        "arn:{partition}:ec2:{region}:*:subnet/*",
        use=Use.IMPLIED,
        why="CreateAutoScalingGroup and UpdateAutoScalingGroup with a launch template",
        source=_LAUNCH,
        wanted=_existing_vpc,
    ),
    *grants(
        "ec2",
        "DescribeAvailabilityZones DescribeImages DescribeInstanceTypeOfferings DescribeInstanceTypes "
        "DescribePrefixLists DescribeVpcEndpointServices",
    ),
    *grants("ec2", "DescribeManagedPrefixLists", use=Use.OPTION, why="`[cloudfront]`", wanted=distributed),
    *grants("ec2", "DescribeNetworkInterfaces", use=Use.OTHER, why="what keeps something from being removed"),
    *grants("ec2", "DescribeTags", use=Use.OTHER, why="import", reader=False),
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
        conditions=(("StringEquals", "ec2:Owner", ("amazon",)),),
        use=Use.IMPLIED,
        why="CreateAutoScalingGroup and UpdateAutoScalingGroup with a launch template",
        source=_LAUNCH,
    ),
    *grants(
        "ec2",
        "RunInstances",
        "instance/*",
        # the template names no type, and the types of its group may be no key then
        conditions=(("StringEqualsIfExists", "ec2:InstanceType", ("{instance_types}",)),),
        use=Use.IMPLIED,
        why="CreateAutoScalingGroup and UpdateAutoScalingGroup with a launch template",
        source=_LAUNCH,
    ),
    *grants(
        "ec2",
        "RunInstances",
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
    # the public name, with all record types that a takeover from another system needs; and the validation records
    # of the certificate's names: one label more, and not two
    *grants(
        "route53",
        "ChangeResourceRecordSets",
        "hostedzone/*",
        conditions=_records(" ".join(LEADING), "{fqdn}"),
        wanted=named,
    ),
    *grants(
        "route53",
        "ChangeResourceRecordSets",
        "hostedzone/*",
        conditions=_records("CNAME", f"{_PROOF}.{{proven}}", but=("*.*.{proven}",)),
        wanted=named,
    ),
    *grants(
        "route53",
        "ChangeResourceRecordSets",
        "hostedzone/*",
        conditions=(
            # certificates of earlier versions had the domain's wildcard: `down` deletes its record, and none is written
            *_records("CNAME", f"{_PROOF}.{{domain}}", but=("*.*.{domain}",)),
            ("ForAllValues:StringEquals", "route53:ChangeResourceRecordSetsActions", ("DELETE",)),
        ),
        wanted=named,
    ),
    *grants("route53", "ChangeResourceRecordSets", "hostedzone/*", conditions=_records("CNAME", "database.{private}")),
    # Cloud Map writes as the caller: its zone's SOA, and the tasks' addresses (developer guide, API permissions)
    *grants(
        "route53",
        "ChangeResourceRecordSets",
        "hostedzone/*",
        conditions=_records("A SOA", "{discovery}", "*.{discovery}"),
    ),
    *grants("route53", "CreateHostedZone", conditions=_IN_VPC),
    *grants("route53", "CreateHostedZone", conditions=_PUBLIC, wanted=_makes_zone),
    *grants("route53", "ChangeTagsForResource DeleteHostedZone", "hostedzone/*"),
    *grants(
        "route53",
        "AssociateVPCWithHostedZone",
        "hostedzone/*",
        conditions=_IN_VPC,
        use=Use.IMPLIED,
        why="CreateVpcEndpoint with a private name",
        source=_REFERENCE + "list_amazonec2.html",
    ),
)

ACM: tuple[Permission, ...] = (
    # read the certificates of somebody else; change nothing of them
    *grants(
        "acm",
        "DescribeCertificate",
        "{certificate}",
        use=Use.OPTION,
        why="`[dns] certificate`",
        wanted=_certified,
        parts=ASKED_BEFOREHAND,
    ),
)

_LISTENER = "`[load_balancer] listener`"

# of another's listener the stack reads everything, and changes its own rules: no tag of theirs is the stack's
LISTENER: tuple[Permission, ...] = (
    *grants(
        "elasticloadbalancing",
        "DescribeListenerCertificates DescribeListeners DescribeLoadBalancers DescribeRules DescribeTags",
        use=Use.OPTION,
        why=_LISTENER,
        wanted=at_listener,
        parts=ASKED_BEFOREHAND,
    ),
    *grants(
        "acm",
        "DescribeCertificate",
        "certificate/*",
        use=Use.OPTION,
        why=_LISTENER,
        wanted=at_listener,
        parts=ASKED_BEFOREHAND,
    ),
    *grants(
        "elasticloadbalancing",
        "CreateRule",
        "{listener}",
        conditions=ASKED,
        use=Use.OPTION,
        why=_LISTENER,
        wanted=at_listener,
    ),
    *grants(
        "elasticloadbalancing",
        "AddTags",
        "{listener_rules}",
        conditions=creating("elasticloadbalancing:CreateAction", "CreateRule"),
        **TAGS_AT_ONCE,
        wanted=at_listener,
    ),
    *grants(
        "elasticloadbalancing",
        "AddTags",
        "{listener_rules}",
        conditions=(*ASKED, *OURS),
        use=Use.OTHER,
        why="a resource has another address",
        wanted=at_listener,
    ),
    *grants(
        "elasticloadbalancing",
        "DeleteRule ModifyRule",
        "{listener_rules}",
        conditions=OURS,
        use=Use.OPTION,
        why=_LISTENER,
        wanted=at_listener,
    ),
    # no tag can limit it (Service Authorization Reference): only when a path of another length changes a rule's place
    *grants(
        "elasticloadbalancing",
        "SetRulePriorities",
        "{listener_rules}",
        use=Use.OTHER,
        why=CHANGED,
        wanted=at_listener,
    ),
)


def _uses_database(config: Config) -> bool:
    """Return whether the stack uses a database of somebody else."""
    return config.used_database is not None


# of another's database the stack reads where it is, and changes nothing
DATABASE: tuple[Permission, ...] = (
    *grants(
        "rds",
        "DescribeDBClusters DescribeDBInstances DescribeDBSubnetGroups",
        use=Use.OPTION,
        why="`[database] cluster` or `instance_id`",
        wanted=_uses_database,
        parts=ASKED_BEFOREHAND,
    ),
    *grants(
        "ec2",
        "DescribeSecurityGroupRules",
        use=Use.OTHER,
        why="`security_group` leaves [database]",
        wanted=_uses_database,
        parts=ASKED_BEFOREHAND,
    ),
)

NETWORK = (*EC2, *ROUTE53, *ACM, *LISTENER, *DATABASE)
