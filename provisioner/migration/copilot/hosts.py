"""Translate the aliases of Copilot's services into `dns` and `hosts`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from provisioner.config import host_names
from provisioner.config import validators as values
from provisioner.config.host_names import ANY, APEX
from provisioner.config.tables import HOST
from provisioner.migration.copilot.findings import SHELL, Gathered
from provisioner.migration.yaml_tree import Value

ALL = "/*"
NAME = re.compile(rf"(\*\.)?({values.LABEL}\.)+{values.LABEL}")
SHARED = re.compile(r"(ac|co|com|edu|gov|ltd|me|net|nhs|nom|or|org|plc|sch)\.[a-z]{2}|[a-z]+")
"""Domains under which anybody registers, such as `com` and `co.uk`: no hosted zone of a user's."""


def write(gathered: Gathered) -> str:
    """Write the domain and the names of public services, and return the stack's public name, empty without a domain.

    One label below the domain becomes `dns.host`; several names, and the domain itself, become `hosts` of a service.
    """
    named = list(_usable(gathered))
    if not named:
        return ""
    domain = domain_of([name for _, name, _ in named])
    dns = gathered.table["dns"] = {"domain": domain}
    hosts: dict[str, list[str]] = {}
    for service, name, _ in named:
        host = _below(name, domain)
        if host not in hosts.setdefault(service, []):
            hosts[service].append(host)
    where = "the public zone of these names: it has to be in the account"
    gathered.found.leave(named[0][2], "http.alias", f"dns.domain is taken as {domain}, {where}", cost="nothing")
    labels = [one for some in hosts.values() for one in some if one not in (APEX, ANY) and "." not in one]
    bare = [name for name in gathered.public if name not in hosts]
    if len({name for _, name, _ in named}) == 1 and labels and not _contested(gathered, bare, hosts):
        dns["host"] = labels[0]
        return f"{labels[0]}.{domain}"
    for service, some in hosts.items():
        gathered.table["services"][service]["hosts"] = some
    if bare and labels and not _contested(gathered, bare, hosts):
        dns["host"] = labels[0]
    return f"{dns.get('host', HOST)}.{domain}"


def _usable(gathered: Gathered) -> Iterator[tuple[str, str, Value]]:
    """Yield each alias that is a name, behind its service and before its place; note the others."""
    for service, alias, where in gathered.hosts:
        name = alias.lower().rstrip(".")
        if NAME.fullmatch(name):
            yield service, name, where
            continue
        why = "is filled in from the shell that Copilot runs in" if SHELL.search(alias) else "is no name of a host"
        fix = f"{alias}: {why}: write hosts of the service, and dns.domain"
        gathered.found.leave(where, "http.alias", fix, f"services.{service}")


def domain_of(names: Sequence[str]) -> str:
    """Return the domain above the first name: the shortest of the domains that these names suggest.

    From a name follows the part after its label; names such as `example.com` and `example.co.uk` are zones themselves.
    """
    zones = []
    for name in names:
        parent = name.partition(".")[2]
        zones.append(name if SHARED.fullmatch(parent) else parent)
    return min((one for one in zones if f".{names[0]}".endswith(f".{one}")), key=len)


def _below(name: str, domain: str) -> str:
    """Return a name in the form of `hosts`."""
    if name == domain:
        return APEX
    label, _, parent = name.partition(".")
    return label if parent == domain else name


def _contested(gathered: Gathered, bare: Sequence[str], hosts: dict[str, list[str]]) -> bool:
    """Return whether a service without an alias has a path of one with aliases."""
    services = gathered.table["services"]
    paths = [str(services[name].get("path", ALL)) for name in (*hosts, *bare)]
    return len(paths) != len(set(paths))


def claimed(gathered: Gathered, service: str, bare: str) -> list[tuple[str, str]]:
    """Return the requests that a public service answers, as pairs of a whole name and a path.

    Args:
        bare: the stack's public name, under which services without hosts answer.
    """
    table = gathered.table["services"][service]
    domain = gathered.table.get("dns", {}).get("domain", "")
    names = [host_names.whole(one, domain) for one in table.get("hosts", ())] or [bare]
    return [(name, str(table.get("path", ALL))) for name in names]
