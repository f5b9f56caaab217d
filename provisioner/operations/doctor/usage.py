"""Count the account's current use of each quota, and this stack's share. Makes only read calls."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.aws.client import Aws
from provisioner.aws.tagging import tag_map
from provisioner.config.facts import balancer_of
from provisioner.config.group_rules import weight
from provisioner.operations.prerequisites.instance_sizes import sizes
from provisioner.resources.acm.certificates import KEY_TYPES
from provisioner.resources.cloudfront.api import listed
from provisioner.resources.ec2.network import Vpc
from provisioner.resources.ec2.security import SecurityGroup
from provisioner.resources.ecs.cluster import tasks
from provisioner.resources.ecs.progress import progress_of
from provisioner.resources.ecs.service import Service
from provisioner.resources.elbv2.listeners import Listener, ListenerRule

if TYPE_CHECKING:
    from provisioner.operations.doctor.context import Context

STANDARD = re.compile(r"(a|c|d|h|i|im|is|m|r|t|z)\d.*")
"""The instance types that count towards the Standard quotas (EC2 user guide, On-Demand Instance quotas)."""
GROUP_TAG = "aws:autoscaling:groupName"


@dataclass(frozen=True)
class Shares:
    """The use of a quota in the Region: by the whole account, and by this stack."""

    all: float = 0
    ours: float = 0


def counted(service: str, operation: str, key: str, context: Context, **arguments: Any) -> float:
    """Return the number of resources in a list of AWS."""
    return float(sum(1 for _ in context.aws.pages(service, operation, key, **arguments)))


def balancers(context: Context) -> float:
    """Return the number of Application Load Balancers."""
    found = context.aws.pages("elbv2", "describe_load_balancers", "LoadBalancers")
    return float(sum(one.get("Type") == "application" for one in found))


def endpoints(kind: str, context: Context) -> float:
    """Return the number of gateway endpoints in the Region, or of interface endpoints in the stack's VPC."""
    filters = [{"Name": "vpc-endpoint-type", "Values": [kind]}]
    if kind == "Interface":
        vpcs = [vpc.id for vpc in context.live(Vpc) if vpc.owned]
        if not vpcs:
            return 0
        filters.append({"Name": "vpc-id", "Values": vpcs})
    return counted("ec2", "describe_vpc_endpoints", "VpcEndpoints", context, Filters=filters)


def nat_gateways(context: Context) -> float:
    """Return the largest number of NAT gateways in one of the stack's zones.

    Gateways in creation or deletion count too (VPC quotas).
    """
    there = [{"Name": "state", "Values": ["pending", "available", "deleting"]}]
    gateways = [*context.aws.pages("ec2", "describe_nat_gateways", "NatGateways", Filter=there)]
    subnets = {one.get("SubnetId") for one in gateways} - {None}
    if not subnets:
        return 0
    which = [{"Name": "subnet-id", "Values": sorted(subnets)}]
    found = context.aws.pages("ec2", "describe_subnets", "Subnets", Filters=which)
    zones = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in found}
    counts = Counter(zones.get(one.get("SubnetId")) for one in gateways)
    return float(max((counts[zone] for zone in context.zones.names), default=0))


def rules_of_largest_group(context: Context) -> float:
    """Return the number of rules that the largest of the stack's security groups has in one direction."""
    groups = [live for live in context.live(SecurityGroup) if live.owned]
    there = (live.attributes.get(way, ()) for live in groups for way in ("ingress", "egress"))
    return max((sum(map(weight, rules)) for rules in there), default=0)


def distributions(context: Context) -> float:
    """Return the number of distributions of the account."""
    return sum(1 for _ in listed(context.aws, "list_distributions", "DistributionList", known=True))


def listeners(context: Context) -> float:
    """Return the number of listeners of the stack's load balancer."""
    return sum(live.owned for live in context.live(Listener))


def rules(context: Context) -> float:
    """Return the number of rules of the stack's load balancer, without the default ones; all, if it is another's."""
    if context.config.listener is None:
        return sum(live.owned for live in context.live(ListenerRule))
    balancer = balancer_of(context.config.listener)
    listeners = [
        one["ListenerArn"]
        for one in context.aws.pages("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=balancer)
    ]
    each = context.aws.each(
        lambda arn: counted("elbv2", "describe_rules", "Rules", context, ListenerArn=arn), listeners
    )
    # each listener has a default rule
    return sum(each) - len(listeners)


def certificates(context: Context) -> float:
    """Return the number of certificates of all key types."""
    every_type = {"keyTypes": KEY_TYPES}
    return counted("acm", "list_certificates", "CertificateSummaryList", context, Includes=every_type)


def roles(context: Context) -> float:
    """Return the number of IAM roles."""
    return float(context.aws.client("iam").get_account_summary()["SummaryMap"]["Roles"])


def services(context: Context) -> float:
    """Return the number of ECS services in the stack's cluster."""
    answer = context.aws.client("ecs").describe_clusters(clusters=[context.config.name])
    found = [one for one in answer.get("clusters", ()) if one.get("status") == "ACTIVE"]
    return float(found[0].get("activeServicesCount", 0)) if found else 0.0


def zones(context: Context) -> float:
    """Return the number of hosted zones, public and private."""
    return float(context.aws.client("route53").get_hosted_zone_count()["HostedZoneCount"])


def targets(context: Context) -> float:
    """Return the number of running tasks of the stack's public services: each is a target of the load balancer."""
    services = [live for live in context.live(Service) if live.owned]
    return float(sum(progress_of(live).running_count for live in services if live.attributes["load_balancers"]))


def interfaces(context: Context) -> Shares:
    """Return the number of network interfaces in the Region, and in the stack's VPC."""
    return context.once("interfaces", lambda: _interfaces(context))


def _interfaces(context: Context) -> Shares:
    vpcs = {vpc.id for vpc in context.live(Vpc) if vpc.owned}
    found = [one.get("VpcId") for one in context.aws.pages("ec2", "describe_network_interfaces", "NetworkInterfaces")]
    return Shares(float(len(found)), float(sum(vpc in vpcs for vpc in found)))


# -- vCPUs -----------------------------------------------------------------------------------------------------------


def vcpus(aws: Aws, types: Iterable[str]) -> dict[str, int]:
    """Return the vCPUs of instance types, by name."""
    return {name: size.cpu // 1024 for name, size in sizes(aws, types).items()}


def instances(context: Context) -> dict[bool, Shares]:
    """Return the vCPUs of running or starting standard instances, for Spot instances (True) and others (False)."""
    return context.once("instances", lambda: _instances(context.aws, context.config.name))


def _instances(aws: Aws, group: str) -> dict[bool, Shares]:
    filters = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    reservations = aws.pages("ec2", "describe_instances", "Reservations", Filters=filters)
    found = [one for reservation in reservations for one in reservation["Instances"]]
    standard = [one for one in found if STANDARD.fullmatch(one["InstanceType"])]
    sizes = vcpus(aws, {one["InstanceType"] for one in standard})

    def share(*, spot: bool) -> Shares:
        those = [one for one in standard if (one.get("InstanceLifecycle") == "spot") is spot]
        ours = [one for one in those if tag_map(one.get("Tags")).get(GROUP_TAG) == group]
        return Shares(*(float(sum(sizes.get(one["InstanceType"], 0) for one in some)) for some in (those, ours)))

    return {spot: share(spot=spot) for spot in (True, False)}


def fargate(context: Context) -> dict[bool, Shares]:
    """Return the vCPUs of Fargate tasks in all clusters, for tasks on Spot (True) and others (False).

    Pods of EKS on Fargate count for the quota too, and are not seen here.
    """
    return context.once("fargate", lambda: _fargate(context.aws, context.config.name))


def _fargate(aws: Aws, cluster: str) -> dict[bool, Shares]:
    clusters = [*aws.pages("ecs", "list_clusters", "clusterArns")]
    running = aws.each(lambda arn: tasks(aws, arn, "RUNNING", launchType="FARGATE"), clusters)
    found = [task for several in running for task in several]

    def share(*, spot: bool) -> Shares:
        those = [task for task in found if (task.get("capacityProviderName") == "FARGATE_SPOT") is spot]
        ours = [task for task in those if str(task.get("clusterArn")).rpartition("/")[2] == cluster]
        return Shares(*(sum(int(task.get("cpu") or 0) for task in some) / 1024 for some in (those, ours)))

    return {spot: share(spot=spot) for spot in (True, False)}
