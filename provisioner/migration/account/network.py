"""Read the resources around the services of a cluster: load balancers, subnets, security groups, Cloud Map names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from provisioner.aws.client import batches
from provisioner.migration.account import schedules
from provisioner.migration.account.reader import Reader
from provisioner.migration.ecs.answers import Answer, Balancing, Run, Subnet, placed
from provisioner.operations.network import vpc_subnets

GROUPS, BALANCERS, SUBNETS = 1, 20, 200
"""The most resources of one call; for target groups one, since a deleted one makes the whole call fail."""


def balancing(reader: Reader, services: Sequence[Answer]) -> Balancing:
    """Return the load balancers, listeners, rules and target groups that forward requests to the services."""
    what = "public services, their paths and their health checks"
    arns = _once(one.get("targetGroupArn") for each in services for one in each.get("loadBalancers") or ())
    if not arns:
        return Balancing()
    groups = reader.batches("elbv2", "describe_target_groups", "TargetGroups", what, "TargetGroupArns", arns, GROUPS)
    before = _once(arn for one in groups for arn in one.get("LoadBalancerArns") or ())
    balancers = reader.batches(
        "elbv2", "describe_load_balancers", "LoadBalancers", what, "LoadBalancerArns", before, BALANCERS
    )
    listeners = [
        one
        for arn in before
        for one in reader.pages("elbv2", "describe_listeners", "Listeners", what, LoadBalancerArn=arn)
    ]
    rules = {
        str(one["ListenerArn"]): reader.pages("elbv2", "describe_rules", "Rules", what, ListenerArn=one["ListenerArn"])
        for one in listeners
    }
    return Balancing(
        {str(one["TargetGroupArn"]): one for one in groups},
        {arn: _attributes(reader, arn) for arn in _once(one.get("TargetGroupArn") for one in groups)},
        {str(one["LoadBalancerArn"]): one for one in balancers},
        listeners,
        rules,
    )


def _attributes(reader: Reader, group: str) -> dict[str, str]:
    what = "deregistration delays, and whether clients are kept on one task"
    found = reader.pages("elbv2", "describe_target_group_attributes", "Attributes", what, TargetGroupArn=group)
    return {str(one.get("Key")): str(one.get("Value")) for one in found}


def subnets(reader: Reader, services: Sequence[Answer], found: Sequence[Run]) -> dict[str, Subnet]:
    """Return the subnets of the tasks, with their VPC and the target of their default route."""
    of_services = [each for one in services for each in placed(one).get("subnets") or ()]
    named = _once([*of_services, *(each for one in found for each in schedules.subnets(one))])
    what = "the VPC of tasks, and their way to the internet"
    own: list[Answer] = []
    for some in batches(named, SUBNETS):
        # a filter, so that a deleted subnet is no error
        only = [{"Name": "subnet-id", "Values": list(some)}]
        own += reader.pages("ec2", "describe_subnets", "Subnets", what, Filters=only)
    leads: dict[str, str] = {}
    for vpc in _once(one.get("VpcId") for one in own):
        lines = reader.tried(what, partial(vpc_subnets.subnets, reader.aws, vpc)) or []
        leads |= {one.id: one.leads for one in lines}
    return {
        str(one["SubnetId"]): Subnet(str(one["SubnetId"]), str(one.get("VpcId", "")), leads.get(one["SubnetId"]))
        for one in own
    }


def security_groups(reader: Reader, vpcs: Iterable[str]) -> list[Answer]:
    """Return the security groups of VPCs, with their rules."""
    what = "by which groups tasks reach databases and the like"
    return [
        one
        for vpc in sorted(vpcs)
        for one in reader.pages(
            "ec2",
            "describe_security_groups",
            "SecurityGroups",
            what,
            Filters=[{"Name": "vpc-id", "Values": [vpc]}],
        )
    ]


def registries(reader: Reader, services: Sequence[Answer]) -> dict[str, str]:
    """Return the DNS name of each Cloud Map service, by its ARN."""
    what = "by which names services find each other"
    arns = _once(one.get("registryArn") for each in services for one in each.get("serviceRegistries") or ())
    if not arns:
        return {}
    domains = {
        one.get("Id"): one.get("Name")
        for one in reader.pages("servicediscovery", "list_namespaces", "Namespaces", what)
    }
    found: dict[str, str] = {}
    for arn in arns:
        service = reader.tried(what, partial(_registered, reader, arn)) or {}
        domain = domains.get(service.get("NamespaceId") or (service.get("DnsConfig") or {}).get("NamespaceId"))
        if service.get("Name") and domain:
            found[arn] = f"{service['Name']}.{domain}"
    return found


def _registered(reader: Reader, arn: str) -> Answer:
    client = reader.aws.client("servicediscovery")
    service: Answer = client.get_service(Id=arn.rpartition("/")[2])["Service"]
    return service


def _once(ids: Iterable[object]) -> list[str]:
    return list(dict.fromkeys(str(one) for one in ids if one))
