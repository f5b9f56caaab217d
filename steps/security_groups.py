"""Who may talk to whom: a group each for the load balancer, endpoints, instances, every service, the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from provisioner import Handle, Network, Stack, step
from provisioner.config.group_rules import QUOTA
from provisioner.resources.ec2.security import Rule, SecurityGroup, SecurityGroupEgress, allow

HTTPS, MYSQL = 443, 3306


@dataclass(frozen=True)
class SecurityGroups:
    """Ids of the groups; those of services and jobs by their names."""

    load_balancer: str
    endpoints: str
    instances: str
    services: dict[str, str]
    database: str


@step
def security_groups(stack: Stack, network: Network) -> SecurityGroups:
    """Declare the groups in the direction of the traffic, each naming only those before it; then what may go out.

    Nothing goes out but to what is needed. Groups do not filter the VPC's DNS, time and metadata (VPC user guide,
    "Control traffic to your AWS resources using security groups").
    """
    config, cidr = stack.config, stack.config.network.cidr
    services, workloads = config.services, config.workloads

    def group(name: str, description: str, ingress: Sequence[Rule], *, sends: bool) -> Handle:
        egress = None if sends else ()
        return stack.ensure(SecurityGroup(name, network.vpc_id, f"{stack.name}-{name}", description, ingress, egress))

    def out(name: str, of: Handle, egress: Sequence[Rule]) -> str:
        return stack.ensure(SecurityGroupEgress(name, of.id, egress)).id if egress else of.id

    # not the endpoints' group: GuardDuty, if it is on, brings an endpoint of its own
    to_endpoints = allow(HTTPS, "endpoints of AWS", cidr=cidr)
    to_layers = allow(HTTPS, "image layers in S3", prefix_list=stack.facts.s3_prefix_list)
    public = [name for name, service in services.items() if service.public]

    users = [allow(port, "users", cidr=source) for source in stack.facts.allow for port in (80, HTTPS)]
    balancer = group("alb", "Load balancer", users, sends=bool(public))
    endpoints = group("endpoints", "VPC endpoints", [allow(HTTPS, "everything in the VPC", cidr=cidr)], sends=False)
    instances = group("ecs-instance", "Container instances", [], sends=True)

    own: dict[str, list[Rule]] = {}
    for name, workload in workloads.items():
        # on an instance ECS's agent fetches image, secrets and credentials from outside the task
        fargate = workload.launch == "fargate"
        calls_aws = config.exec_on(name) or bool(stack.given.of(name))
        reaches = [to_endpoints] if fargate or calls_aws else []
        own[name] = [*reaches, *([to_layers] if fargate else [])]

    groups: dict[str, Handle] = {}
    callers = {name: [c for c, w in workloads.items() if name in w.calls] for name in workloads}
    for name in TopologicalSorter(callers).static_order():
        workload = workloads[name]
        from_balancer = [allow(config.port_of(name), "load balancer", group=balancer.id)] if name in public else []
        calls = [allow(config.port_of(name), f"calls of {one}", group=groups[one].id) for one in callers[name]]
        sends = bool(own[name] or workload.calls or workload.database)
        ingress = [*_fitting(stack, name, calls, from_balancer), *from_balancer]
        groups[name] = group(name, f"Tasks of {_kind(stack, name)} {name}", ingress, sends=sends)

    clients = [
        allow(MYSQL, f"{_kind(stack, name)} {name}", group=groups[name].id)
        for name, workload in workloads.items()
        if workload.database
    ]
    database = group("database", "Aurora", _fitting(stack, "database", clients), sends=False)

    for name, workload in workloads.items():
        own[name] += [allow(MYSQL, "database", group=database.id)] if workload.database else []
        calls = [allow(config.port_of(c), f"service {c}", group=groups[c].id) for c in workload.calls]
        own[name] += _fitting(stack, name, calls, own[name])
    targets = [allow(config.port_of(n), f"service {n}", group=groups[n].id) for n in public]
    return SecurityGroups(
        out("alb", balancer, _fitting(stack, "alb", targets)),
        endpoints.id,
        out("ecs-instance", instances, [to_endpoints, to_layers]),
        {name: out(name, groups[name], own[name]) for name in workloads},
        database.id,
    )


def _kind(stack: Stack, workload: str) -> str:
    return "job" if workload in stack.config.jobs else "service"


def _fitting(stack: Stack, group: str, peers: Sequence[Rule], others: Sequence[Rule] = ()) -> Sequence[Rule]:
    """Return the rules with a service each; where a group has no room for them, one for each port of all services.

    That is one with the range of the private subnets: all tasks are in these, and nothing else that may send to tasks
    or database. The group on the other side of each connection still names the service, unless it has no room either.

    Args:
        others: what the group has besides in the same direction.
    """
    most = stack.facts.group_rules
    if len(peers) + len(others) <= most:
        return peers
    private = stack.config.network.range_of("private")
    stack.notice(
        f"security group {stack.name}-{group} has {private}, which all tasks are in, instead of {len(peers)} services, "
        f"since a group may have {most} rules: request an increase of the quota {QUOTA} of VPC for a rule each"
    )
    return [allow(port, "services", cidr=private) for port in sorted({rule["FromPort"] for rule in peers})]
