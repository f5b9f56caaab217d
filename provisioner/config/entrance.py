"""Check requests in clear from everybody, and settings that need HTTPS or contradict HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from provisioner.config.base import Problem

if TYPE_CHECKING:
    from provisioner.config.network import Network
    from provisioner.config.services import Service
    from provisioner.config.tables import Dns, LoadBalancer


def problems(
    public: Mapping[str, Service], dns: Dns, network: Network, load_balancer: LoadBalancer
) -> Iterator[Problem]:
    """Yield requests in clear from everybody that nobody has allowed, and settings that HTTP contradicts."""
    if public and not dns.domain and network.open_to_everybody and not load_balancer.http:
        why = "without dns.domain there is no HTTPS, and passwords and cookies would cross the internet in clear"
        yield "network.allow", f"lets everybody in, but {why}: add dns.domain, or write load_balancer.http = true"
    if "tls_policy" in load_balancer.model_fields_set and not dns.domain:
        yield "load_balancer.tls_policy", "has no effect without HTTPS: add dns.domain, or remove tls_policy"
    for name, service in public.items():
        if service.deployment.test_port and not dns.domain:
            yield f"services.{name}.deployment.test_port", "needs HTTPS: add dns.domain, or remove test_port"
        if service.deployment.shifts and dns.domain and load_balancer.http:
            # ECS API, AdvancedConfiguration: one productionListenerRule
            why = f'services.{name} has deployment "{service.deployment.strategy}", and ECS shifts one rule\'s traffic'
            yield "load_balancer.http", f"needs a rule for HTTP beside that for HTTPS, but {why}: remove one of them"
