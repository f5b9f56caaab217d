"""Check the hosts of public services: their names, their number, and the requests that two services claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from provisioner.config import path_patterns
from provisioner.config.base import Problem
from provisioner.config.host_names import ANY, whole
from provisioner.config.path_patterns import ALL, MAX_VALUES, MAX_WILDCARDS, wildcards

if TYPE_CHECKING:
    from provisioner.config.services import Service
    from provisioner.config.tables import Dns

BAND_OF_ANY = 6
"""Rules for all names below the domain whose paths have one length: as many places as `steps.rules` has for them."""
MAX_RULES = 100
"""Rules of a load balancer, the default ones not counted (quotas of Application Load Balancers)."""
MOST_NAMES = 26
"""Names with a certificate of their own: a listener has one default certificate and 25 further ones (same quotas)."""
LONGEST, LONGEST_CERTIFIED = 128, 64
"""Characters of a host in a rule (ELBv2 API, HostHeaderConditionConfig), and of a certificate's first name (ACM API,
RequestCertificate)."""


def problems(
    public: Mapping[str, Service], dns: Dns, fqdn: str, *, clear: bool, shared: bool = False
) -> Iterator[Problem]:
    """Yield hosts without a domain, names that are too long or too many, and requests that two services claim.

    Args:
        fqdn: the stack's public name, under which services without hosts answer.
        clear: whether HTTP is answered too, where the load balancer's own name is one more host of these services.
        shared: whether the services answer at an existing listener, which has certificates of its own.
    """
    with_hosts = {name: service for name, service in public.items() if service.hosts}
    if dns.domain is None and not shared:
        for name in with_hosts:
            yield f"services.{name}.hosts", "has no effect without dns.domain, as there is no HTTPS: add that"
        yield from _twice(public, {})
        return
    names = {name: [whole(host, dns.domain or "") for host in one.hosts] for name, one in with_hosts.items()}
    yield from _twice(public, {name: names.get(name, [fqdn]) for name in public})
    certified = shared or bool(dns.certificate)
    for name, service in with_hosts.items():
        yield from ((f"services.{name}.{key}", text) for key, text in _unfit(service, names[name], certified=certified))
    if with_hosts or shared:
        yield from _crowded(public, bool(fqdn) + clear, 1 if shared else 2)
    different = {one for some in names.values() for one in some}
    if len(different) > MOST_NAMES and not certified:
        text = f"the services have {len(different)} hosts, and a load balancer shows {MOST_NAMES} certificates"
        yield "dns.certificate", f"{text}: name certificates for several hosts each"
    bare = next((name for name, service in public.items() if not service.hosts), None)
    for name, service in with_hosts.items() if fqdn else ():
        if ANY in service.hosts and bare:
            yield (
                f"services.{name}.hosts",
                f'"*" would take {fqdn} from services.{bare}, which has no hosts: give it hosts = ["{dns.host}"]',
            )


def _crowded(public: Mapping[str, Service], asked: int, listeners: int) -> Iterator[Problem]:
    """Yield too many rules, and too many patterns of services that answer under the stack's public name.

    Args:
        asked: the hosts in the rule of a service without hosts. listeners: those with a rule for each name; by HTTP
            each name is redirected to itself.
    """
    rules = sum(
        listeners * len({ANY in host for host in service.hosts}) + bool(service.sign_in_except) or 1
        for service in public.values()
    )
    if rules > MAX_RULES:
        yield "services", f"has public services that need {rules} rules, and AWS allows {MAX_RULES}: use fewer"
    lengths = (path_patterns.length(path_patterns.longest(one.path)) for one in public.values() if ANY in one.hosts)
    if (number := max(Counter(lengths).values(), default=0)) > BAND_OF_ANY:
        what = f'services with hosts = ["*"] and paths of one length, and there is room for {BAND_OF_ANY} rules'
        yield "services", f"has {number} {what}: use fewer"
    most = MAX_VALUES - asked
    beside = "the stack's public name" + (" and the load balancer's own" if asked > 1 else "")
    for name, service in public.items():
        if not service.hosts and len(service.path) > most:
            text = f"has {len(service.path)} patterns, and a rule takes {most} beside {beside}: join some with *"
            yield f"services.{name}.path", text


def _unfit(service: Service, names: Collection[str], *, certified: bool) -> Iterator[Problem]:
    """Yield hosts of a service that do not fit into rules, or into the certificates that the stack would request."""
    exact = len(service.hosts) - (ANY in service.hosts)
    paths = () if service.path == (ALL,) else service.path
    most = MAX_VALUES - len(paths)
    beside = "" if not paths else " beside a path" if len(paths) == 1 else f" beside {len(paths)} paths"
    if (number := max(exact, 1)) > most:
        yield (
            "hosts",
            f"has {number} host{'s' * (number > 1)}, and a rule takes {most}{beside}: split them over services",
        )
    if ANY in service.hosts and (found := 1 + wildcards(paths)) > MAX_WILDCARDS:
        what = f"{found} wildcards together with path, and AWS allows {MAX_WILDCARDS} in a rule"
        yield "hosts", f'has "*", which makes {what}: use fewer'
    if service.deployment.shifts and exact and ANY in service.hosts:
        what = f'deployment "{service.deployment.strategy}" shifts the traffic of one rule'
        yield "hosts", f'needs two rules for "*" and other hosts, and {what}: use only one of the two'
    for name in names:
        longest = LONGEST if certified else LONGEST_CERTIFIED
        if len(name) > longest:
            what = "a rule's host" if certified else "a certificate's name"
            yield "hosts", f"{name} has {len(name)} characters, and {what} has at most {longest}: use a shorter one"
        if not name.rpartition(".")[2].isalpha():
            # ELBv2 API, HostHeaderConditionConfig
            yield "hosts", f"{name} ends with a label that has more than letters, which rules refuse: use another"


def _twice(public: Mapping[str, Service], names: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Yield paths that services of the same host take from each other, each once."""
    at: dict[str, list[str]] = {}
    for name in public:
        for host in names.get(name, [""]):
            at.setdefault(host, []).append(name)
    several = any(service.hosts for service in public.values())
    found: dict[str, Problem] = {}
    for host, some in at.items():
        for key, text in path_patterns.problems({name: public[name].path for name in some}, host if several else ""):
            found.setdefault(key, (key, text))
    yield from found.values()
