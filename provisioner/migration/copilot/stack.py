"""Complete the tables of a Copilot environment from all its services and jobs together."""

from __future__ import annotations

import re
from collections.abc import Mapping

from provisioner.config import validators as values
from provisioner.config.call_variables import url_variable
from provisioner.migration.copilot.findings import SHELL, Gathered
from provisioner.migration.draft import Left, ordered


def finish(gathered: Gathered) -> None:
    """Add the keys that depend on all workloads: the egress, the host name, and one public service for each path."""
    _egress(gathered)
    _host(gathered)
    _callers(gathered)
    paths: dict[str, str] = {}
    for name, http in gathered.public.items():
        service = gathered.table["services"][name]
        first = paths.setdefault(str(service.get("path", "/*")), name)
        if first != name:
            for key in ("public", "path", "deregistration_delay", "sticky"):
                service.pop(key, None)
            if not isinstance(service.get("health"), Mapping) or "command" not in service["health"]:
                service.pop("health", None)
            why = f"services.{first} has this path already under this name: {name} is not public until it has hosts"
            gathered.found.leave(http, "http", why)
    for kind in ("services", "jobs"):
        if kind in gathered.table:
            # services and jobs come last, behind the tables of the whole stack
            gathered.table[kind] = {name: ordered(one) for name, one in gathered.table.pop(kind).items()}


def _callers(gathered: Gathered) -> None:
    """Note variables with the address of another service, which has a different address in the new stack."""
    services = gathered.table.get("services", {})
    for workload, name, value in gathered.variables:
        host = re.match(r"\w+://([a-z0-9-]+)(?=[.:/]|$)", value.text or "")
        if host and host[1] != workload and "port" in services.get(host[1], {}):
            url = url_variable(host[1])
            why = f'{host[1]} has another address here: write calls = ["{host[1]}"], and use {url} instead'
            gathered.found.leave(value, f"variables.{name}", why)


def _egress(gathered: Gathered) -> None:
    """Write `network.egress`; in an existing VPC, the routes of the private subnets decide instead."""
    network = gathered.table.setdefault("network", {})
    outside = [name for name, placement in gathered.placements.items() if placement == "public"]
    if outside and len(outside) == len(gathered.placements):
        network["egress"] = "public"
    elif gathered.placements and "vpc" not in network:
        network["egress"] = "nat"
    if outside and network.get("egress") != "public":
        why = f"{', '.join(outside)}: public there; here all tasks of a stack with private ones are private"
        gathered.found.note(Left("copilot", 0, "network.vpc.placement", why))
    if not network:
        del gathered.table["network"]


def _host(gathered: Gathered) -> None:
    if gathered.public and not gathered.hosts:
        first = next(iter(gathered.public.values()))
        why = "has no alias: it answers by HTTP under the load balancer's own name; for HTTPS write dns.domain"
        gathered.found.leave(first, "http", why)
    if gathered.public and "allow" not in gathered.table.get("network", {}):
        first = next(iter(gathered.public.values()))
        clear = "" if gathered.hosts else " and, without dns.domain, load_balancer.http = true"
        why = (
            f'is open to everybody; here only to your own address, until you write network.allow = ["0.0.0.0/0"]{clear}'
        )
        gathered.found.leave(first, "http", why)
    chosen = next((name for name, _ in gathered.hosts if _below(name)), "")
    if chosen:
        label, _, domain = chosen.partition(".")
        gathered.table["dns"] = {"domain": domain, "host": label}
    for name, where in gathered.hosts:
        if name != chosen:
            why = f"for other names than {chosen} write hosts" if chosen else "write dns.domain and dns.host"
            gathered.found.leave(
                where, "http.alias", f"{name}: {why if _below(name) else f'is no host below a domain; {why}'}"
            )


def _below(name: str) -> bool:
    """Return whether a name is a host below a domain, without shell variables."""
    label, _, domain = name.partition(".")
    return "." in domain and not SHELL.search(name) and bool(re.fullmatch(values.LABEL, label))
