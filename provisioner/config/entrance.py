"""The public names of a stack, in each environment; checks of hosts, of requests in clear, and of HTTPS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.config import hosts, protocols, shared_entrance, sign_in
from provisioner.config.base import Problem
from provisioner.config.host_names import ANY, APEX, whole
from provisioner.config.places import Fault

if TYPE_CHECKING:
    from provisioner.config.network import Network
    from provisioner.config.services import Service
    from provisioner.config.tables import CloudFront, Dns, LoadBalancer


def problems(
    public: Mapping[str, Service],
    dns: Dns,
    network: Network,
    load_balancer: LoadBalancer,
    fqdn: str,
    *,
    cloudfront: bool = False,
) -> Iterator[Problem]:
    """Yield wrong hosts, requests in clear from everybody that nobody has allowed, and settings that HTTP contradicts.

    Args:
        fqdn: the stack's public name.
        cloudfront: whether clients come through CloudFront, by HTTPS.
    """
    yield from hosts.problems(public, dns, fqdn, clear=load_balancer.http, shared=load_balancer.listener is not None)
    if load_balancer.listener:
        yield from shared_entrance.problems(public, dns, network)
        return
    if public and not (dns.domain or cloudfront) and network.open_to_everybody and not load_balancer.http:
        why = "without dns.domain there is no HTTPS, and passwords and cookies would cross the internet in clear"
        yield "network.allow", f"lets everybody in, but {why}: add dns.domain, or write load_balancer.http = true"
    if "tls_policy" in load_balancer.model_fields_set and not dns.domain:
        yield "load_balancer.tls_policy", "has no effect without HTTPS: add dns.domain, or remove tls_policy"
    https, clear = dns.domain is not None, load_balancer.http
    yield from _without_https(public, https=https, clear=clear, cloudfront=cloudfront)
    yield from sign_in.without_https(public, https=https, clear=clear, cloudfront=cloudfront)
    for name, service in public.items():
        if service.deployment.test_port and not dns.domain:
            yield f"services.{name}.deployment.test_port", "needs HTTPS: add dns.domain, or remove test_port"
        if service.deployment.shifts and dns.domain and load_balancer.http:
            # ECS API, AdvancedConfiguration: one productionListenerRule
            why = f'services.{name} has deployment "{service.deployment.strategy}", and ECS shifts one rule\'s traffic'
            yield "load_balancer.http", f"needs a rule for HTTP beside that for HTTPS, but {why}: remove one of them"


def _without_https(public: Mapping[str, Service], *, https: bool, clear: bool, cloudfront: bool) -> Iterator[Problem]:
    """Yield protocols of public services that need a listener for HTTPS alone.

    Args:
        https: whether the load balancer has such a listener. clear: whether it serves requests by HTTP, too.
        cloudfront: whether clients come through CloudFront, which reaches it by HTTP.
    """
    for name, service in public.items():
        if service.protocol not in protocols.BY_HTTPS or (https and not clear):
            continue
        what = f'is "{service.protocol}", which a load balancer takes by HTTPS alone'
        if cloudfront:
            yield f"services.{name}.protocol", f"{what}, and [cloudfront] reaches it by HTTP: use dns.domain instead"
        elif clear and https:
            yield "load_balancer.http", f"contradicts services.{name}.protocol, which {what}: remove one of them"
        else:
            yield f"services.{name}.protocol", f'{what}: add dns.domain, or use "http"'


def behind_cloudfront(
    public: Mapping[str, Service],
    dns: Dns,
    network: Network,
    load_balancer: LoadBalancer,
    cloudfront: CloudFront,
    region: str,
) -> Iterator[Problem]:
    """Yield settings that contradict `[cloudfront]`, and clients that CloudFront cannot keep away."""
    if not public:
        yield "cloudfront", "has no effect, as no service is public: remove it, or write public = true in a service"
    if dns.domain:
        why = "answers under its own name, without certificates of yours, and dns.domain is for the load balancer"
        yield "cloudfront", f"{why}: remove one of them"
    if region.startswith(("cn-", "us-gov-", "us-iso")):
        yield "cloudfront", f"needs VPC origins, which AWS does not offer in {region}: remove it, and use dns.domain"
    if load_balancer.listener:
        why = "leads to a load balancer of the stack's own, and load_balancer.listener is of others"
        yield "cloudfront", f"{why}: remove one of them"
        return
    if load_balancer.http:
        yield "load_balancer.http", "has no effect with [cloudfront], which redirects HTTP to HTTPS: remove it"
    if load_balancer.waf_acl:
        why = "would see the addresses of CloudFront instead of its clients'"
        yield "load_balancer.waf_acl", f"{why}: use cloudfront.waf_acl, with a web ACL of scope CLOUDFRONT"
    if network.open_to_everybody:
        return
    if not cloudfront.waf_acl:
        why = "is not everybody, and CloudFront lets everybody in"
        fix = 'write allow = ["0.0.0.0/0"], or let a web ACL choose the clients: cloudfront.waf_acl'
        yield "network.allow", f"{why}: {fix}"
    elif "allow" in network.model_fields_set:
        yield "network.allow", "has no effect with cloudfront.waf_acl, which decides who may come: remove it"


def hosts_of(public: Mapping[str, Service], domain: str | None, *, shared: bool) -> dict[str, tuple[str, ...]]:
    """Return the whole names of public services that have `hosts`, by service; without a domain only at a listener.

    Args:
        shared: whether the services answer at an existing listener.
    """
    own = {name: service for name, service in public.items() if service.hosts and (domain or shared)}
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
