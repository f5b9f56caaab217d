"""Security groups: one for the load balancer, endpoints, instances, each service, job and volume, and the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from provisioner import Handle, Network, Stack, step
from provisioner.config.circles import in_circles
from provisioner.config.group_rules import QUOTA, ports
from provisioner.config.redis import GROUP as REDIS_GROUP
from provisioner.config.redis import PORT as REDIS_PORT
from provisioner.config.volumes import GROUP as VOLUME_GROUP
from provisioner.config.volumes import NFS
from provisioner.engine.words import listed
from provisioner.resources.ec2.entry_rules import SecurityGroupRule
from provisioner.resources.ec2.security import (
    OPEN,
    Rule,
    SecurityGroup,
    SecurityGroupEgress,
    SecurityGroupIngress,
    allow,
)

HTTPS = 443
EVERYWHERE = "0.0.0.0/0"
INTERNET: Rule = {**OPEN, "Description": "the internet"}

CLIENTS = "database-clients"
"""The group of the tasks that use the database of somebody else."""


@dataclass(frozen=True)
class SecurityGroups:
    """Ids of the groups; of services and jobs, and of volumes, by name. None for parts that the stack does not have."""

    load_balancer: str | None
    endpoints: str | None
    instances: str | None
    services: dict[str, str]
    database: str | None
    redis: str | None
    volumes: dict[str, str]
    clients: dict[str, str]

    def of(self, workload: str, further: Sequence[str]) -> list[str]:
        """Return the groups of a workload's tasks: its own, that of clients of another's database, and further ones."""
        clients = [self.clients[workload]] if workload in self.clients else []
        return [self.services[workload], *clients, *further]


@step
def security_groups(stack: Stack, network: Network) -> SecurityGroups:
    """Declare the groups in the direction of the traffic, each naming only earlier ones; then their outgoing rules.

    Outgoing traffic is allowed to needed destinations only, or everywhere if there is internet access. Groups do not
    filter DNS, time and metadata (VPC user guide, "Control traffic to your AWS resources using security groups").
    """
    config = stack.config
    workloads, public, way_out = config.workloads, config.public, config.network.egress != "none"

    def group(name: str, description: str, ingress: Sequence[Rule] | None, *, sends: bool) -> Handle:
        egress = None if sends else ()
        return stack.ensure(SecurityGroup(name, network.vpc_id, f"{stack.name}-{name}", description, ingress, egress))

    def out(name: str, of: Handle, egress: Sequence[Rule]) -> str:
        return stack.ensure(SecurityGroupEgress(name, of.id, egress)).id if egress else of.id

    users = _users(stack)
    shared = stack.facts.listener
    balancer = group("alb", "Load balancer", users, sends=True) if public and not shared else None
    balancers = shared.security_groups if shared else (balancer.id,) if balancer else ()
    inside = [allow(HTTPS, "everything in the VPC", cidr=config.network.cidr)]
    endpoints = None if way_out else group("endpoints", "VPC endpoints", inside, sends=False)
    instances = group("ecs-instance", "Container instances", [], sends=True) if stack.config.on_instances else None

    own = {name: _to_aws(stack, name) for name in workloads}
    groups: dict[str, Handle] = {}
    callers = {name: [c for c, w in workloads.items() if name in w.calls] for name in workloads}
    circles = in_circles({name: workload.calls for name, workload in workloads.items()})

    def into(name: str) -> Sequence[Rule]:
        senders = balancers if name in public else ()
        from_balancer = [allow(config.port_of(name), "load balancer", group=one) for one in senders]
        calls = [allow(config.port_of(name), f"calls of {one}", group=groups[one].id) for one in callers[name]]
        return [*_fitting(stack, name, calls, from_balancer), *from_balancer]

    for name in TopologicalSorter({one: () if one in circles else callers[one] for one in callers}).static_order():
        workload = workloads[name]
        sends = bool(own[name] or workload.calls or workload.database or workload.redis or workload.volumes)
        ingress = None if name in circles else into(name)
        groups[name] = group(name, f"Tasks of {_kind(stack, name)} {name}", ingress, sends=sends)
    # in a circle each group would have to be there before the others
    entered = {name: stack.ensure(SecurityGroupIngress(name, groups[name].id, into(name))) for name in sorted(circles)}

    def clients(name: str, port: int, using: Iterable[str]) -> Sequence[Rule]:
        return _fitting(stack, name, [allow(port, f"{_kind(stack, one)} {one}", group=groups[one].id) for one in using])

    database_port = config.own_database.kind.port if config.own_database else 0
    with_database = clients("database", database_port, [name for name, one in workloads.items() if one.database])
    database = None
    if config.own_database:
        # the description never changes on a standing group (EC2 API, CreateSecurityGroup)
        server = "Aurora" if config.own_database.kind.aurora else "RDS"
        database = group("database", server, with_database, sends=False)
    with_redis = clients(REDIS_GROUP, REDIS_PORT, [name for name, one in workloads.items() if one.redis])
    redis = group(REDIS_GROUP, "Valkey", with_redis, sends=False) if config.redis else None
    volumes: dict[str, Handle] = {}
    for one in config.volumes:
        place = VOLUME_GROUP.format(one)
        volumes[one] = group(place, "Volume", clients(place, NFS, config.mounting(one)), sends=False)

    for name, workload in () if way_out else workloads.items():
        own[name] += [allow(NFS, f"volume {one}", group=volumes[one].id) for one in workload.volumes]
        own[name] += [allow(database_port, "database", group=database.id)] if database and workload.database else []
        own[name] += [allow(REDIS_PORT, "redis", group=redis.id)] if redis and workload.redis else []
        calls = [allow(config.port_of(c), f"service {c}", group=groups[c].id) for c in workload.calls]
        own[name] += _fitting(stack, name, calls, own[name])
    targets = [allow(config.port_of(n), f"service {n}", group=groups[n].id) for n in public]
    signing = any(service.sign_in for service in public.values())
    # the load balancer asks the provider for tokens and users itself, by IPv4, at addresses that nobody promises
    providers = [allow(HTTPS, "providers of sign-ins", cidr=EVERYWHERE)] if signing else []
    return SecurityGroups(
        out("alb", balancer, [*_fitting(stack, "alb", targets, providers), *providers]) if balancer else None,
        endpoints.id if endpoints else None,
        out("ecs-instance", instances, _starting_tasks(stack)) if instances else None,
        {name: out(name, entered.get(name, groups[name]), own[name]) for name in workloads},
        database.id if database else None,
        redis.id if redis else None,
        {name: one.id for name, one in volumes.items()},
        _clients(stack, network),
    )


def _clients(stack: Stack, network: Network) -> dict[str, str]:
    """Declare the group of all tasks that use the database of somebody else; return its id by workload.

    One group, so that its owner lets in one, and not a new one with each service. With `security_group` its id comes
    from the rule in there, so that tasks start once they are let in, and the rule goes after them.
    """
    if (used := stack.facts.database) is None:
        return {}
    # tasks with internet access reach everything by their own groups, and EC2 deletes no group that a rule names
    shut = stack.config.network.egress == "none"
    egress = [allow(used.port, "database", group=one) for one in used.security_groups] if shut else ()
    group = stack.ensure(
        SecurityGroup(CLIENTS, network.vpc_id, f"{stack.name}-{CLIENTS}", "Clients of the database", (), egress)
    )
    clients = group.id
    if (named := stack.config.used_database) and (theirs := named.security_group):
        # another group or port is another rule: the former one stays until no task needs it
        name, text = f"{theirs}-{used.port}", f"tasks of {stack.name}"
        clients = stack.ensure(SecurityGroupRule(name, theirs, group.id, used.port, text)).source_group
    return {name: clients for name, workload in stack.config.workloads.items() if workload.database}


def _users(stack: Stack) -> list[Rule]:
    """Return the incoming rules of the load balancer: from clients, or from CloudFront's servers.

    No other account's distribution comes from there: an internal load balancer is reached by VPC origins alone.
    """
    if listed := stack.facts.cloudfront_prefix_list:
        return [allow(80, "CloudFront", prefix_list=listed)]
    return [allow(port, "users", cidr=source) for source in stack.facts.allow for port in ports(stack.config)]


def _kind(stack: Stack, workload: str) -> str:
    return "job" if workload in stack.config.jobs else "service"


def _starting_tasks(stack: Stack) -> list[Rule]:
    """Return the outgoing rules for starting tasks: to AWS's endpoints and image layers, or to the whole internet.

    The endpoints' own group is not used: GuardDuty, if it is on, adds an endpoint of its own.
    """
    if stack.config.network.egress != "none":
        return [INTERNET]
    vpc = stack.facts.vpc
    blocks = vpc.of_endpoints if vpc and vpc.of_endpoints else [stack.config.network.cidr]
    to_endpoints = [allow(HTTPS, "endpoints of AWS", cidr=block) for block in blocks]
    return [*to_endpoints, allow(HTTPS, "image layers in S3", prefix_list=stack.facts.s3_prefix_list)]


def _to_aws(stack: Stack, name: str) -> list[Rule]:
    """Return the rules by which a workload's tasks reach AWS; with internet access, one rule for everything."""
    reaching = _starting_tasks(stack)
    # on an instance ECS's agent fetches image, secrets and credentials from outside the task
    if reaching == [INTERNET] or stack.config.workloads[name].launch == "fargate":
        return reaching
    policies = stack.config.workloads[name].policies
    calls_aws = stack.config.exec_on(name) or stack.given.of(name) or policies
    *to_endpoints, to_s3 = reaching
    return [*(to_endpoints if calls_aws else []), *([to_s3] if stack.config.s3_actions(name) else [])]


def _fitting(stack: Stack, group: str, peers: Sequence[Rule], others: Sequence[Rule] = ()) -> Sequence[Rule]:
    """Return the rules, one for each service; in a group without room for them, one for each port of all services.

    The latter rule has the address range of the tasks' subnets: all tasks are in them, and no other sender to tasks or
    database. The group at the other end of each connection still names the service, unless it has no room either.

    Args:
        others: further rules of the group in the same direction.
    """
    most = stack.facts.group_rules
    if len(peers) + len(others) <= most:
        return peers
    blocks = _of_tasks(stack)
    stack.notice(
        f"security group {stack.name}-{group} has {listed(blocks)}, which all tasks are in, instead of "
        f"{len(peers)} services, since a group may have {most} rules: request an increase of the quota {QUOTA} of VPC "
        f"for a rule each"
    )
    ports = sorted({rule["FromPort"] for rule in peers})
    return [allow(port, "services", cidr=block) for port in ports for block in blocks]


def _of_tasks(stack: Stack) -> Sequence[str]:
    """Return the address ranges of the tasks' subnets."""
    network, vpc = stack.config.network, stack.facts.vpc
    if vpc:
        return vpc.of_tasks or [network.cidr]
    return [network.range_of(network.tasks)]
