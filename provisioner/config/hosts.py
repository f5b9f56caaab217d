"""Check the hosts of public services: their names, their number, and the requests that two services claim."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from provisioner.config.base import Problem
from provisioner.config.host_names import ANY, whole

if TYPE_CHECKING:
    from provisioner.config.services import Service
    from provisioner.config.tables import Dns

MAX_VALUES = 5
"""Values in all conditions of one rule, hosts and path together (quotas of Application Load Balancers)."""
MAX_RULES = 100
"""Rules of a load balancer, the default ones not counted (quotas of Application Load Balancers)."""
MOST_NAMES = 26
"""Names with a certificate of their own: a listener has one default certificate and 25 further ones (same quotas)."""
LONGEST, LONGEST_CERTIFIED = 128, 64
"""Characters of a host in a rule (ELBv2 API, HostHeaderConditionConfig), and of a certificate's first name (ACM API,
RequestCertificate)."""


def problems(public: Mapping[str, Service], dns: Dns, fqdn: str) -> Iterator[Problem]:
    """Yield hosts without a domain, names that are too long or too many, and requests that two services claim.

    Args:
        fqdn: the stack's public name, under which services without hosts answer.
    """
    with_hosts = {name: service for name, service in public.items() if service.hosts}
    if dns.domain is None:
        for name in with_hosts:
            yield f"services.{name}.hosts", "has no effect without dns.domain, as there is no HTTPS: add that"
        yield from _twice(public, {})
        return
    names = {name: [whole(host, dns.domain) for host in one.hosts] for name, one in with_hosts.items()}
    yield from _twice(public, {name: names.get(name, [fqdn]) for name in public})
    for name, service in with_hosts.items():
        yield from ((f"services.{name}.{key}", text) for key, text in _unfit(service, names[name], dns))
    different = {one for some in names.values() for one in some}
    if len(different) > MOST_NAMES and not dns.certificate:
        text = f"the services have {len(different)} hosts, and a load balancer shows {MOST_NAMES} certificates"
        yield "dns.certificate", f"{text}: name certificates for several hosts each"
    # by HTTP each name is redirected to itself, which is a rule too
    rules = sum(2 * len({ANY in host for host in service.hosts}) or 1 for service in public.values())
    if with_hosts and rules > MAX_RULES:
        yield (
            "services",
            f"has public services that need {rules} rules, and AWS allows {MAX_RULES}: use fewer",
        )
    bare = next((name for name, service in public.items() if not service.hosts), None)
    for name, service in with_hosts.items():
        if ANY in service.hosts and bare:
            yield (
                f"services.{name}.hosts",
                f'"*" would take {fqdn} from services.{bare}, which has no hosts: give it hosts = ["{dns.host}"]',
            )


def _unfit(service: Service, names: Collection[str], dns: Dns) -> Iterator[Problem]:
    exact = len(service.hosts) - (ANY in service.hosts)
    most = MAX_VALUES - (service.path != "/*")
    if exact > most:
        with_path = " beside a path" if service.path != "/*" else ""
        yield "hosts", f"has {exact} hosts, and a rule takes {most}{with_path}: split them over services"
    if service.deployment.shifts and exact and ANY in service.hosts:
        what = f'deployment "{service.deployment.strategy}" shifts the traffic of one rule'
        yield "hosts", f'needs two rules for "*" and other hosts, and {what}: use only one of the two'
    for name in names:
        longest = LONGEST if dns.certificate else LONGEST_CERTIFIED
        if len(name) > longest:
            what = "a rule's host" if dns.certificate else "a certificate's name"
            yield "hosts", f"{name} has {len(name)} characters, and {what} has at most {longest}: use a shorter one"
        if not name.rpartition(".")[2].isalpha():
            # ELBv2 API, HostHeaderConditionConfig
            yield "hosts", f"{name} ends with a label that has more than letters, which rules refuse: use another"


def _twice(public: Mapping[str, Service], names: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Yield paths that two services have at the same host."""
    claimed: dict[tuple[str, str], str] = {}
    for name, service in public.items():
        for host in names.get(name, [""]):
            if (other := claimed.setdefault((host, service.path), name)) != name:
                at = f" at {host}" if service.hosts else ""
                yield (
                    f"services.{name}.path",
                    f'"{service.path}"{at} is the path of services.{other} too: change one, such as "/{name}/*"',
                )
