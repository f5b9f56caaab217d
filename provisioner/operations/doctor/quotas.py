"""Compare the account's quotas with the resources that `up` still has to create, and with later scaling.

The codes are those of the General Reference ("Service endpoints and quotas", one page a service) and of Elastic Load
Balancing's guide ("Quotas for your Application Load Balancers"). Aurora's capacity units have no account quota.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from provisioner.config import group_rules, room
from provisioner.engine.resource import Resource
from provisioner.operations.doctor import usage
from provisioner.operations.doctor.verdicts import failed, ok, unknown, warning
from provisioner.operations.network.zones import endpoints_of
from provisioner.operations.prerequisites import account_quotas
from provisioner.resources.acm.certificates import Certificate
from provisioner.resources.autoscaling import MinimumSize
from provisioner.resources.cloudfront.distribution import Distribution
from provisioner.resources.ec2.endpoints import VpcEndpoint
from provisioner.resources.ec2.nat import ElasticIp, NatGateway
from provisioner.resources.ec2.network import InternetGateway, Vpc
from provisioner.resources.ec2.security import SecurityGroup, SecurityGroupEgress, SecurityGroupIngress
from provisioner.resources.ecr.repository import Repository
from provisioner.resources.ecs.job_run import JobRun
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.resources.elasticache.replication_group import ReplicationGroup
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.elbv2.listeners import Listener, ListenerRule
from provisioner.resources.elbv2.target_groups import TargetGroup
from provisioner.resources.iam import Role, ServiceLinkedRole
from provisioner.resources.rds.database import DbCluster, DbInstance
from provisioner.resources.rds.single import SingleDbInstance
from provisioner.resources.route53.zones import HostedZone
from provisioner.resources.servicediscovery import PrivateDnsNamespace

if TYPE_CHECKING:
    from provisioner.config.jobs import Job
    from provisioner.config.services import Service as Wanted
    from provisioner.engine.events import Checked
    from provisioner.operations.doctor.context import Context

OWN_NAMESPACES = [{"Name": "RESOURCE_OWNER", "Values": ["SELF"]}]
"""The filter for own namespaces: without it, namespaces shared by other accounts are listed too (API reference,
ListNamespaces)."""
GLOBAL = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1"}
"""The Region in which Service Quotas has the quotas of global services, by partition (Service Quotas user guide)."""


@dataclass(frozen=True)
class Need:
    """The further need of a quota: `least` now, and `most` after everything has scaled out."""

    least: float
    most: float


@dataclass(frozen=True)
class QuotaCheck:
    """One quota.

    Attributes:
        name: the kind of resource that it limits.
        service, code: its codes in Service Quotas.
        needed: returns the further need; None if the need counts towards another quota.
        used: returns the current use.
        everywhere: whether the quota counts for all Regions together.
    """

    name: str
    service: str
    code: str
    needed: Callable[[Context], Need | None]
    used: Callable[[Context], float]
    everywhere: bool = False


def check(quota: QuotaCheck, context: Context) -> Sequence[Checked]:
    """Compare one quota's limit with its current use and further need. Without a further need, no call is made."""
    name = f"quota {quota.name}"
    need = quota.needed(context)
    if need is None:
        return [unknown(name, f"{', '.join(context.config.capacity.instance_types)} count towards other quotas")]
    if not need.most:
        return [ok(name, "nothing more needed")]
    region = GLOBAL.get(context.aws.partition, context.aws.region) if quota.everywhere else context.aws.region
    limit = account_quotas.limit(context.aws, quota.service, quota.code, region)
    if limit is None:
        return [unknown(name, f"Service Quotas does not list {quota.service} {quota.code} in {region}")]
    return [judged(quota, limit, quota.used(context), need, region)]


def judged(quota: QuotaCheck, limit: float, used: float, need: Need, region: str) -> Checked:
    """Return the verdict on these numbers."""
    name = f"quota {quota.name}"
    text = f"{used:g} of {limit:g} used, {need.least:g} more needed"
    if need.most > need.least:
        text += f", {need.most:g} when scaled out"
    wanted = used + (need.least if used + need.least > limit else need.most)
    fix = (
        f"`aws service-quotas request-service-quota-increase --service-code {quota.service} "
        f"--quota-code {quota.code} --desired-value {ceil(wanted)} --region {region}`, or delete unused resources"
    )
    if used + need.least > limit:
        return failed(name, text, fix)
    return warning(name, text, fix) if used + need.most > limit else ok(name, text)


# -- needs of the stack ----------------------------------------------------------------------------------------------


def _created(*resource_types: type[Resource]) -> Callable[[Context], Need]:
    def needed(context: Context) -> Need:
        return _exactly(sum(len(context.missing(resource_type)) for resource_type in resource_types))

    return needed


def _exactly(number: float) -> Need:
    return Need(number, number)


def _endpoints(kind: str, context: Context) -> Need:
    return _exactly(sum(desired.vpc_endpoint_type == kind for desired in context.missing(VpcEndpoint)))


def _nat_gateways(context: Context) -> Need:
    """Return one if `up` creates any: the quota counts for each zone, and no zone gets more than one."""
    return _exactly(min(1, len(context.missing(NatGateway))))


def _rules(context: Context) -> Need:
    """Return the rules that the largest group still needs: the quota counts for each group and each direction."""
    rules = [rules for group in context.wanted(SecurityGroup) for rules in (group.ingress or (), group.egress or ())]
    rules += [into.rules for into in context.wanted(SecurityGroupIngress)]
    rules += [out.rules for out in context.wanted(SecurityGroupEgress)]
    largest = max((sum(map(group_rules.weight, some)) for some in rules), default=0)
    return _exactly(max(0, largest - usage.rules_of_largest_group(context)))


def _instances(context: Context, *, spot: bool) -> Need | None:
    """Return the vCPUs of the group initially and at its largest, less the vCPUs of running instances."""
    capacity, tasks = context.config.capacity, _services(context, "ec2")
    if capacity.spot is not spot or not (tasks or (capacity.min and context.wanted(MinimumSize))):
        return Need(0, 0)
    if not all(usage.STANDARD.fullmatch(name) for name in capacity.instance_types):
        return None
    sizes = usage.vcpus(context.aws, capacity.instance_types).values()
    units = sum(service.count * service.cpu for service in tasks) / 1024
    first = max(capacity.min, ceil(units / min(sizes)))
    ours = usage.instances(context)[spot].ours
    most = capacity.max * max(sizes)
    return Need(max(0, min(first * min(sizes), most) - ours), max(0, most - ours))


def _fargate(context: Context, *, spot: bool) -> Need:
    """Return the vCPUs of the tasks initially and after all scaling, less the vCPUs of running tasks.

    A job never runs on Spot. A job that runs before services are created needs its vCPUs first; later all jobs may run
    beside the services.
    """
    tasks, jobs, runs = _services(context, "fargate"), _jobs(context), context.missing(JobRun)
    least = sum(share(one, one.count, spot=spot) * one.cpu for one in tasks) / 1024
    most = sum(share(one, one.most, spot=spot) * one.cpu for one in tasks) / 1024
    first = 0.0
    if not spot:
        most += sum(job.cpu for job in jobs) / 1024
        first = max((context.config.jobs[run.name].cpu / 1024 for run in runs), default=0.0)
    ours = usage.fargate(context)[spot].ours if most else 0
    return Need(max(first, least - ours), max(first, most - ours))


def _targets(context: Context) -> Need:
    """Return the load balancer's further targets: public services' tasks initially, and scaled out in a deployment."""
    public = [service for service in context.config.services.values() if service.public]
    most = sum(room.scaled_out(service) for service in public)
    there = usage.targets(context) if most else 0
    return Need(max(0, sum(service.count for service in public) - there), max(0, most - there))


def _interfaces(context: Context) -> Need:
    """Return the interfaces of endpoints, load balancer, stores, NAT, tasks and instances, less existing ones.

    After scaling, all jobs may run beside the services. An instance has a second interface for its trunk (ECS developer
    guide, container-instance-eni).
    """
    config = context.config
    fixed = config.network.zones * len(endpoints_of(config))
    # CloudFront has one beside each of an internal load balancer's
    fixed += sum(len(one.subnets) * (1 + (one.scheme == "internal")) for one in context.wanted(LoadBalancer))
    fixed += len(context.wanted(DbInstance)) + len(context.wanted(NatGateway))
    fixed += sum(1 + one.multi_az for one in context.wanted(SingleDbInstance))
    fixed += sum(one.num_cache_clusters for one in context.wanted(ReplicationGroup))
    each, capacity = (2 if config.account.trunking else 1), config.capacity
    hosts = capacity.max if _services(context, "ec2") else capacity.min
    services = config.services.values()
    least = fixed + sum(service.count for service in services) + each * capacity.min
    most = fixed + sum(room.scaled_out(service) for service in services) + len(_jobs(context)) + each * hosts
    there = usage.interfaces(context).ours
    return Need(max(0, least - there), max(0, most - there))


def _services(context: Context, launch: str) -> list[Wanted]:
    services = [context.config.services[desired.name] for desired in context.wanted(Service)]
    return [service for service in services if service.launch == launch]


def _jobs(context: Context) -> list[Job]:
    jobs = context.config.jobs
    return [jobs[desired.name] for desired in context.wanted(TaskDefinition) if desired.name in jobs]


def share(service: Wanted, tasks: int, *, spot: bool) -> int:
    """Return the number of a service's tasks that run on Spot, or on demand with `spot=False`."""
    base = min(tasks, service.on_demand.base)
    sure = base + round((tasks - base) * service.on_demand.percent / 100)
    return tasks - sure if spot else sure


def _in_use(read: Callable[[Context], dict[bool, usage.Shares]], *, spot: bool) -> Callable[[Context], float]:
    return lambda context: read(context)[spot].all


QUOTAS = (
    QuotaCheck("VPCs", "vpc", "L-F678F1CE", _created(Vpc), partial(usage.counted, "ec2", "describe_vpcs", "Vpcs")),
    QuotaCheck("internet gateways", "vpc", "L-A4707A72", _created(InternetGateway),
        partial(usage.counted, "ec2", "describe_internet_gateways", "InternetGateways")),
    QuotaCheck("Elastic IPs", "ec2", "L-0263D0A3", _created(ElasticIp),
        partial(usage.counted, "ec2", "describe_addresses", "Addresses")),
    QuotaCheck("NAT gateways per zone", "vpc", "L-FE5A380F", _nat_gateways, usage.nat_gateways),
    QuotaCheck("interface endpoints per VPC", "vpc", "L-29B6F2EB", partial(_endpoints, "Interface"),
        partial(usage.endpoints, "Interface")),
    QuotaCheck("gateway endpoints", "vpc", "L-1B52E74A", partial(_endpoints, "Gateway"),
        partial(usage.endpoints, "Gateway")),
    QuotaCheck("security groups", "vpc", "L-E79EC296", _created(SecurityGroup),
        partial(usage.counted, "ec2", "describe_security_groups", "SecurityGroups")),
    QuotaCheck("rules per security group", "vpc", group_rules.QUOTA, _rules,
        usage.rules_of_largest_group),
    QuotaCheck("network interfaces", "vpc", "L-DF5E4CA3", _interfaces,
        lambda context: usage.interfaces(context).all),
    QuotaCheck("load balancers", "elasticloadbalancing", "L-53DA6B97", _created(LoadBalancer), usage.balancers),
    QuotaCheck("distributions", "cloudfront", "L-24B04930", _created(Distribution), usage.distributions,
        everywhere=True),
    QuotaCheck("target groups", "elasticloadbalancing", "L-B22855CB", _created(TargetGroup),
        partial(usage.counted, "elbv2", "describe_target_groups", "TargetGroups")),
    QuotaCheck("listeners per load balancer", "elasticloadbalancing", "L-B6DF7632", _created(Listener),
        usage.listeners),
    QuotaCheck("rules per load balancer", "elasticloadbalancing", "L-7EED9B64", _created(ListenerRule), usage.rules),
    QuotaCheck("targets per load balancer", "elasticloadbalancing", "L-7E6692B2", _targets, usage.targets),
    QuotaCheck("On-Demand vCPUs", "ec2", "L-1216C47A", partial(_instances, spot=False),
        _in_use(usage.instances, spot=False)),
    QuotaCheck("Spot vCPUs", "ec2", "L-34B43A08", partial(_instances, spot=True),
        _in_use(usage.instances, spot=True)),
    QuotaCheck("Fargate On-Demand vCPUs", "fargate", "L-3032A538", partial(_fargate, spot=False),
        _in_use(usage.fargate, spot=False)),
    QuotaCheck("Fargate Spot vCPUs", "fargate", "L-36FBB829", partial(_fargate, spot=True),
        _in_use(usage.fargate, spot=True)),
    QuotaCheck("certificates", "acm", "L-F141DD1D", _created(Certificate), usage.certificates),
    QuotaCheck("IAM roles", "iam", "L-FE177D64", _created(Role, ServiceLinkedRole), usage.roles, everywhere=True),
    QuotaCheck("ECS services per cluster", "ecs", "L-9EF96962", _created(Service), usage.services),
    QuotaCheck("database clusters", "rds", "L-952B80B8", _created(DbCluster),
        partial(usage.counted, "rds", "describe_db_clusters", "DBClusters")),
    QuotaCheck("database instances", "rds", "L-7B6409FD", _created(DbInstance, SingleDbInstance),
        partial(usage.counted, "rds", "describe_db_instances", "DBInstances")),
    QuotaCheck("repositories", "ecr", "L-CFEB8E8D", _created(Repository),
        partial(usage.counted, "ecr", "describe_repositories", "repositories")),
    # a namespace brings a hosted zone of its own (Cloud Map developer guide)
    QuotaCheck("hosted zones", "route53", "L-4EA4796A", _created(HostedZone, PrivateDnsNamespace), usage.zones,
        everywhere=True),
    QuotaCheck("namespaces", "AWSCloudMap", "L-0FE3F50E", _created(PrivateDnsNamespace),
        partial(usage.counted, "servicediscovery", "list_namespaces", "Namespaces", Filters=OWN_NAMESPACES)),
)  # fmt: skip
