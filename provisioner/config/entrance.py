"""The public names of a stack, in each environment; checks of hosts, of requests in clear, and of HTTPS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.config import hosts
from provisioner.config.base import Problem
from provisioner.config.host_names import ANY, APEX, whole
from provisioner.config.places import Fault

if TYPE_CHECKING:
    from provisioner.config.network import Network
    from provisioner.config.services import Service
    from provisioner.config.tables import Dns, LoadBalancer


def problems(
    public: Mapping[str, Service], dns: Dns, network: Network, load_balancer: LoadBalancer, fqdn: str
) -> Iterator[Problem]:
    """Yield wrong hosts, requests in clear from everybody that nobody has allowed, and settings that HTTP contradicts.

    Args:
        fqdn: the stack's public name.
    """
    yield from hosts.problems(public, dns, fqdn, clear=load_balancer.http)
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


def hosts_of(public: Mapping[str, Service], domain: str | None) -> dict[str, tuple[str, ...]]:
    """Return the whole names of public services that have `hosts`, by service; none without a domain."""
    own = {name: service for name, service in public.items() if service.hosts and domain}
    return {name: tuple(whole(one, domain or "") for one in service.hosts) for name, service in own.items()}


def address_of(names: tuple[str, ...]) -> str:
    """Return the first name without a wildcard; empty if there is none."""
    return next((name for name in names if ANY not in name), "")


def apart(services: Any, given: Any, env: str, own: str, *, other_domain: bool) -> tuple[Any, list[Fault]]:
    """Return the services of another environment, with other names than in the file's own environment.

    A label becomes `LABEL-ENV`, as `dns.host` does. Other names must be in the environment's table: they would be the
    same in all environments.

    Args:
        services: the merged tables of the services. given: those of the environment's own table.
        own: the name of the file's own environment.
        other_domain: whether the environment has a domain of its own, below which no name is shared.

    Returns:
        The tables, and the errors.
    """
    if not isinstance(services, Mapping):
        return services, []
    found, wrong = dict(services), list[Fault]()
    for name, table in services.items():
        given_hosts = table.get("hosts") if isinstance(table, Mapping) else None
        there = given.get(name) if isinstance(given, Mapping) else None
        if not isinstance(given_hosts, list) or (isinstance(there, Mapping) and "hosts" in there):
            continue
        same = () if other_domain else (APEX, ANY)
        shared = [one for one in given_hosts if isinstance(one, str) and ("." in one or one in same)]
        if shared:
            fix = f"give it hosts in [environments.{env}.services.{name}]"
            said = f'"{shared[0]}" is the name of environment {own} too: {fix}'
            wrong.append(Fault(("services", name, "hosts"), said))
        plain = [isinstance(one, str) and one not in (APEX, ANY) and "." not in one for one in given_hosts]
        derived = [f"{one}-{env}" if label else one for one, label in zip(given_hosts, plain, strict=True)]
        found[name] = {**table, "hosts": derived}
    return found, wrong
