"""Who may talk to whom: a group each for the load balancer, endpoints, instances, every service, the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from provisioner.engine.step import Stack, step
from provisioner.kinds.ec2_security import Rule, SecurityGroup, allow, allow_all
from steps.network import Network

HTTPS, MYSQL = 443, 3306


@dataclass(frozen=True)
class SecurityGroups:
    """Ids of the groups; those of the services by service name."""

    load_balancer: str
    endpoints: str
    instances: str
    services: dict[str, str]
    database: str


@step
def security_groups(stack: Stack, network: Network) -> SecurityGroups:
    """Declare the groups in the direction of the traffic, so that each refers only to those before it."""
    config = stack.config

    def group(name: str, description: str, ingress: Sequence[Rule], egress: Sequence[Rule]) -> str:
        full_name = f"{stack.name}-{name}"
        return stack.ensure(SecurityGroup(name, network.vpc_id, full_name, description, ingress, egress)).id

    def anywhere(why: str) -> list[Rule]:
        return [allow_all(why)]

    users = [allow(port, "users", cidr=cidr) for cidr in stack.facts.allow for port in (80, HTTPS)]
    load_balancer = group("alb", "Load balancer", users, anywhere("targets and their health checks"))
    inside = [allow(HTTPS, "everything in the VPC", cidr=config.network.cidr)]
    endpoints = group("endpoints", "VPC endpoints", inside, [])
    instances = group("ecs-instance", "Container instances", [], anywhere("endpoints and image layers"))

    services: dict[str, str] = {}
    callers = {name: [c for c, s in config.services.items() if name in s.calls] for name in config.services}
    for name in TopologicalSorter(callers).static_order():
        port = config.services[name].port
        ingress = [allow(port, f"calls of {caller}", group=services[caller]) for caller in callers[name]]
        if config.services[name].public:
            ingress.append(allow(port, "load balancer", group=load_balancer))
        out = anywhere("endpoints, other services, database")
        services[name] = group(name, f"Tasks of service {name}", ingress, out)

    clients = [allow(MYSQL, f"service {n}", group=services[n]) for n, s in config.services.items() if s.database]
    database = group("database", "Aurora", clients, [])
    return SecurityGroups(load_balancer, endpoints, instances, services, database)
