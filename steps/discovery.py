"""Service discovery: a private DNS namespace that has each task's address under its service's name."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Network, Stack, ready, step
from provisioner.resources.servicediscovery import DiscoveryService, PrivateDnsNamespace

TTL = 10
"""Seconds for which resolvers may cache a task's address: tasks come and go."""


@dataclass(frozen=True)
class Discovery:
    """The namespace, None without one, and its entries by service, for the services that others call."""

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
        # creating it fails while Route 53 does not see the VPC yet (aws-app-mesh-examples#432)
        after=[ready(network.vpc)] if network.vpc else [],
        keys={"namespace_name": "dns.discovery_domain"},
    )
    # each answer holds several healthy tasks; ECS itself reports which ones are healthy
    dns = {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": TTL}]}
    health = {"FailureThreshold": 1}
    services = {
        name: stack.ensure(DiscoveryService(name, name, namespace.id, dns, health)) for name in stack.config.called
    }
    return Discovery(namespace, services)
