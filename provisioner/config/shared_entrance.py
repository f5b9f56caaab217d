"""Check the settings of a stack whose public services answer at an existing listener, which others use too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from provisioner.config.base import Problem
from provisioner.config.path_patterns import ALL

if TYPE_CHECKING:
    from provisioner.config.network import Network
    from provisioner.config.services import Service
    from provisioner.config.tables import Dns


def problems(public: Mapping[str, Service], dns: Dns, network: Network) -> Iterator[Problem]:
    """Yield rules that would take the requests of others, and settings that need a listener of the stack's own."""
    if not public:
        yield "load_balancer.listener", "has no effect, as no service has public = true: remove it"
    if network.vpc is None:
        yield "load_balancer.listener", "sends requests into the VPC of its load balancer only: add network.vpc, its id"
    if "allow" in network.model_fields_set:
        why = "has no effect with load_balancer.listener, as its owner decides from where requests may come"
        yield "network.allow", f"{why}: remove it"
    if dns.certificate:
        why = "has no effect with load_balancer.listener, as its owner gives it certificates"
        yield "dns.certificate", f"{why}: remove it"
    for name, service in public.items():
        key = f"services.{name}"
        if service.path == (ALL,) and not service.hosts and not dns.domain:
            why = "takes all requests of load_balancer.listener, those for others too"
            yield f"{key}.path", f'{why}: add hosts = ["shop.example.com"], dns.domain, or a path such as "/{name}/*"'
        if not dns.domain and (label := next((one for one in service.hosts if "." not in one), "")):
            yield (
                f"{key}.hosts",
                f'"{label}" needs dns.domain: write a whole name such as "shop.example.com", or add that',
            )
        if service.deployment.test_port:
            why = "needs a listener of the stack's own, and load_balancer.listener is another's"
            yield f"{key}.deployment.test_port", f"{why}: remove test_port"
