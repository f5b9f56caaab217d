"""How many rules the security groups have, and which peers are let in by the addresses of the subnets instead."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.config.models import Config

DEFAULT = 60
"""Rules that a group has in each direction, unless AWS has raised the quota (VPC quotas)."""
QUOTA = "L-0EA8095F"
"""That quota's code; of the API `vpc`."""
PORTS = 2
"""Rules for each of `network.allow`, besides those for `test_port`: ports 80 and 443."""
FIXED = 2
"""Rules for what a service sends to besides what it calls: endpoints, and image layers in S3."""


def largest(config: Config) -> int:
    """Return how many rules the largest group would have if each peer had a rule of its own."""
    services = config.services.values()
    workloads = config.workloads.values()
    called = [sum(name in workload.calls for workload in workloads) + 1 for name in config.services]
    return max(
        users(config) * len(config.network.allow),
        sum(service.public for service in services),
        sum(workload.database for workload in workloads),
        *called,
        *(FIXED + len(workload.calls) + workload.database for workload in workloads),
    )


def users(config: Config) -> int:
    """Return how many rules the load balancer's group has for each of `network.allow`."""
    return PORTS + len(config.test_ports)


def problems(config: Config, most: int) -> Iterator[str]:
    """Yield what is more than a group takes, even where services are told by the addresses of their subnets.

    Args:
        most: how many rules a group may have in each direction.
    """
    raised = f"or request an increase of the quota {QUOTA} of VPC"
    sources = config.network.allow
    each = users(config)
    if (rules := each * len(sources)) > most:
        yield (
            f"network.allow has {len(sources)} sources, which take {rules} rules ({_listed(config)} of each), and a "
            f"security group has {most}: use {most // each} or fewer, such as larger networks, {raised}"
        )
    ports = {service.entry for service in config.services.values() if service.public}
    if len(ports) > most:
        yield (
            f"services.*.port has {len(ports)} values in public services, each of which takes a rule of the load "
            f"balancer's security group, and that has {most}: let several use the same port, {raised}"
        )
    for name, workload in config.workloads.items():
        called = {config.services[callee].entry for callee in workload.calls}
        if (rules := FIXED + len(called) + workload.database) > most:
            yield (
                f"{config.key(name)}.calls leads to {len(called)} ports, which takes up to {rules} rules of its "
                f"security group, and that has {most}: let several of the called services use the same port, {raised}"
            )


def _listed(config: Config) -> str:
    *first, last = map(str, (80, 443, *config.test_ports))
    return f"ports {', '.join(first)} and {last}"
