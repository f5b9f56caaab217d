"""Count the rules of the security groups, and refuse a configuration that exceeds the quota."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioner.config.models import Config
from provisioner.engine import words

DEFAULT = 60
"""The most rules of a group in each direction, unless AWS has raised the quota (VPC quotas)."""
QUOTA = "L-0EA8095F"
"""The code of that quota in Service Quotas, of the service `vpc`."""
CLOUDFRONT = 55
"""The rules as which one with the list of CloudFront's addresses counts (VPC guide, aws-managed-prefix-list-weight)."""
FIXED = 2
"""Outbound rules of a service besides its calls: to VPC endpoints, and to image layers in S3."""


def largest(config: Config) -> int:
    """Return how many rules the largest group would have if each peer had a rule of its own."""
    services = config.services.values()
    workloads = config.workloads.values()
    called = [sum(name in workload.calls for workload in workloads) + 1 for name in config.services]
    return max(
        CLOUDFRONT if config.distributed else users(config) * len(config.network.allow),
        sum(service.public for service in services),
        sum(workload.database for workload in workloads),
        sum(workload.redis for workload in workloads),
        *called,
        *(FIXED + len(workload.calls) + workload.database + workload.redis for workload in workloads),
    )


def weight(rule: Mapping[str, Any]) -> int:
    """Return as how many rules one counts: on port 80 a prefix list is that of CloudFront's servers."""
    return CLOUDFRONT if "PrefixListId" in rule and rule.get("FromPort") == 80 else 1


def users(config: Config) -> int:
    """Return how many rules the load balancer's group has for each source in `network.allow`."""
    return len(ports(config))


def ports(config: Config) -> tuple[int, ...]:
    """Return the load balancer's ports: 80, and with HTTPS 443 and those at which new tasks are tried."""
    return (80, 443, *config.test_ports) if config.dns.domain else (80,)


def problems(config: Config, most: int) -> Iterator[str]:
    """Yield settings that need too many rules in a group, even if subnet addresses replace one rule for each peer.

    Args:
        most: the most rules of a group in each direction.
    """
    raised = f"or request an increase of the quota {QUOTA} of VPC"
    sources = config.network.allow
    each = users(config)
    if config.distributed:
        if most < CLOUDFRONT:
            yield (
                f"[cloudfront] takes {CLOUDFRONT} rules of the load balancer's security group, and that has {most}: "
                f"{raised.removeprefix('or ')}"
            )
    elif (rules := each * len(sources)) > most:
        taken = f"{rules} rules ({_listed(ports(config))} of each)"
        yield (
            f"network.allow has {len(sources)} sources, which take {taken}, and a "
            f"security group has {most}: use {most // each} or fewer, such as larger networks, {raised}"
        )
    entries = {service.entry for service in config.services.values() if service.public}
    if len(entries) > most:
        yield (
            f"services.*.port has {len(entries)} values in public services, each of which takes a rule of the load "
            f"balancer's security group, and that has {most}: let several use the same port, {raised}"
        )
    for name, workload in config.workloads.items():
        called = {config.services[callee].entry for callee in workload.calls}
        if (rules := FIXED + len(called) + workload.database + workload.redis) > most:
            yield (
                f"{config.key(name)}.calls leads to {len(called)} ports, which takes up to {rules} rules of its "
                f"security group, and that has {most}: let several of the called services use the same port, {raised}"
            )


def _listed(each: Sequence[int]) -> str:
    return f"{'port' if len(each) == 1 else 'ports'} {words.listed([str(port) for port in each])}"
