"""Service Connect: the services that have an endpoint or a proxy, and checks of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioner.config.base import Problem
from provisioner.config.circles import in_circles
from provisioner.config.network import Network
from provisioner.config.services import SMALLEST_CONTAINER, Service
from provisioner.config.workload import PROXY_MEMORY
from provisioner.engine.words import listed


def endpoints(services: Mapping[str, Service], network: Network) -> tuple[str, ...]:
    """Return the services that other services call by Service Connect: jobs cannot (ECS API, RunTask)."""
    if network.connect == "dns":
        return ()
    callees = {callee for service in services.values() for callee in service.calls}
    return tuple(name for name in services if name in callees)


def proxied(services: Mapping[str, Service], network: Network) -> dict[str, Service]:
    """Return the services whose tasks have a proxy of Service Connect: all that call services or are called."""
    if network.connect == "dns":
        return {}
    called = endpoints(services, network)
    return {name: one for name, one in services.items() if one.calls or name in called}


def problems(services: Mapping[str, Service], network: Network, region: str) -> Iterator[Problem]:
    """Yield a useless Service Connect, and services whose tasks lack the memory or the network for its proxy."""
    called = endpoints(services, network)
    if network.connect == "service-connect" and not called:
        why = "no service calls another one, and jobs find services by DNS"
        yield "network.connect", f'"service-connect" has no effect: {why}. Remove it'
    if called and (circle := in_circles({name: one.calls for name, one in services.items()})):
        # ECS developer guide, "Service Connect": a task's proxy knows the services of the namespace at its start
        why = f"{listed(sorted(circle))} call each other, and a proxy reaches only services that were there before it"
        yield "network.connect", f"{why}: remove a call, or network.connect"
    for name, service in proxied(services, network).items():
        least = PROXY_MEMORY + SMALLEST_CONTAINER + sum(one.memory or 0 for one in service.sidecars.values())
        if service.memory < least:
            why = f"the proxy of Service Connect takes {PROXY_MEMORY} of it"
            yield f"services.{name}.memory", f"{service.memory} MiB is too small: {why}. Use {least} or more"
        if service.launch == "ec2" and network.egress == "none" and not network.vpc:
            # proxies get their configuration there (ECS API, DiscoverPollEndpoint, serviceConnectEndpoint)
            where = f"ecs-sc.{region}.api.aws, for which AWS documents no VPC endpoint"
            why = (
                f'services.{name} has launch = "ec2", and its proxies get the endpoints of other services from {where}'
            )
            yield "network.connect", f'{why}: use launch = "fargate", or another network.egress'
