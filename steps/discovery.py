"""How services find each other: by name, in a private namespace that knows the address of each task."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Network, Stack, ready, step
from provisioner.resources.servicediscovery import DiscoveryService, PrivateDnsNamespace

TTL = 10
"""Seconds that a task's address may be remembered: tasks come and go."""


@dataclass(frozen=True)
class Discovery:
    """The namespace, None without one, and the entries in it, by service: of those that are called."""

    namespace: Handle | None
    services: dict[str, Handle]


@step
def discovery(stack: Stack, network: Network) -> Discovery:
    """Declare the namespace in the VPC, and an entry in it for each service that others call."""
    if not stack.config.called:
        return Discovery(None, {})
    domain = stack.config.dns.discovery_domain
    namespace = stack.ensure(
        PrivateDnsNamespace("main", domain, network.vpc_id, f"Services of {stack.name}"),
        # its operation fails where Route 53 does not see the VPC yet (aws-app-mesh-examples#432)
        after=[ready(network.vpc)] if network.vpc else [],
        keys={"namespace_name": "dns.discovery_domain"},
    )
    # each answer holds several healthy tasks; ECS itself says which are healthy
    dns = {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": TTL}]}
    health = {"FailureThreshold": 1}
    services = {
        name: stack.ensure(DiscoveryService(name, name, namespace.id, dns, health)) for name in stack.config.called
    }
    return Discovery(namespace, services)
