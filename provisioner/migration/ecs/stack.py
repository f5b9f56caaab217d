"""Complete the tables of a cluster from all its services and jobs together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.config import validators as values
from provisioner.config.call_variables import url_variable
from provisioner.config.protocols import GRPC
from provisioner.migration import addresses
from provisioner.migration.ecs.answers import Answer
from provisioner.migration.ecs.findings import Gathered, Workload

_ADDRESS = re.compile(r"(?:\w+://)?(?P<host>[A-Za-z0-9][\w.-]*)(?::\d+)?(?:/.*)?")
"""A variable's value that is an address: a host, with or without scheme, port and path."""


def calls(gathered: Gathered) -> None:
    """Write a service to `calls` if a variable has the name and value that `calls` would set; note other addresses.

    AWS does not record calls, so nothing else counts as a call.
    """
    domain = addresses.domain_of({"network": {"vpc": "…"}}, f"{gathered.found.project}-{gathered.found.own}")
    known = {name: callee for callee in gathered.services.values() for name in _found_as(callee)}
    called = set[str]()
    for workload in (*gathered.services.values(), *gathered.jobs.values()):
        variables = workload.table.get("environment", {})
        for variable, value in list(variables.items()):
            address = _ADDRESS.fullmatch(value)
            callee = known.get(address["host"].lower()) if address else None
            if address is None or callee is None or callee is workload:
                continue
            called.add(callee.name)
            url, port = url_variable(callee.name), _entry(callee.table)
            if (variable, value) == (url, f"{addresses.scheme_of(callee.table)}://{address['host']}:{port}"):
                del variables[variable]
                workload.table.setdefault("calls", []).append(callee.name)
            else:
                why = f'{callee.name} has another address here: write calls = ["{callee.name}"]'
                why += f", which sets {url}" if variable == url else f", and {callee.name}.{domain} instead"
                workload.leave(f"environment.{variable}", why)
    for name, callee in known.items():
        if callee.name not in called:
            why = f"{name}: its callers are named nowhere: name {callee.name} in their calls"
            callee.tell("serviceRegistries", why)


def _entry(table: Mapping[str, Any]) -> int | None:
    """Return the port at which clients reach a service."""
    front: Mapping[str, Any] = table.get("sidecars", {}).get(table.get("target_container"), table)
    return front.get("port")


def _found_as(workload: Workload) -> Iterator[str]:
    """Yield the names by which programs find a service: in Cloud Map, and by Service Connect."""
    registries = workload.answers.registries
    for one in workload.raw.get("serviceRegistries") or ():
        if name := registries.get(str(one.get("registryArn"))):
            yield name.lower()
    for deployment in workload.raw.get("deployments") or ():
        connect = deployment.get("serviceConnectConfiguration") or {}
        for one in connect.get("services") or () if deployment.get("status") == "PRIMARY" else ():
            aliases: list[Answer] = list(one.get("clientAliases") or ())
            yield from (str(alias["dnsName"]).lower() for alias in aliases if alias.get("dnsName"))


def ports(gathered: Gathered) -> None:
    """Remove the variable PORT if it has the value that the stack sets anyway."""
    for workload in gathered.services.values():
        variables = workload.table.get("environment", {})
        if variables.get("PORT") == str(workload.table.get("port")):
            del variables["PORT"]


def paths(gathered: Gathered) -> None:
    """Keep one public service for each path: the draft has one host name, and forwards requests by path."""
    taken: dict[str, str] = {}
    for name, workload in gathered.services.items():
        if not workload.table.get("public"):
            continue
        first = taken.setdefault(str(workload.table.get("path", "/*")), name)
        if first == name:
            continue
        for key in ("public", "path", "deregistration_delay", "sticky", "protocol"):
            workload.table.pop(key, None)
        health = workload.table.get("health")
        if not isinstance(health, dict) or "command" not in health:
            workload.table.pop("health", None)
        else:
            for key in ("path", "codes", "healthy"):
                health.pop(key, None)
        deployment = workload.table.get("deployment")
        if isinstance(deployment, dict) and "strategy" in deployment:
            what = workload.table.pop("deployment")["strategy"]
            why = f"{what}: shifts traffic of a load balancer, which {name} does not have here"
            workload.leave("deploymentConfiguration.strategy", why)
        why = f"services.{first} has this path already under this name: {name} is not public until it has hosts"
        workload.leave("loadBalancers", why, "entrance")


def host(gathered: Gathered) -> dict[str, str]:
    """Return `dns` for the first host name below a domain; note the other host names, or that there is none."""
    public = [one for one in gathered.services.values() if one.table.get("public")]
    named = [(name.lower(), one) for one in public for name in one.hosts]
    chosen = next((name for name, _ in named if _below(name)), "")
    for name, workload in named:
        if name != chosen:
            why = f"for other names than {chosen} write hosts" if chosen else "write dns.domain and dns.host"
            workload.leave("rule.host-header", f"{name}: {why}")
    listeners = gathered.answers.balancing.listeners
    if public and not named and any(listener.get("Protocol") == "HTTPS" for listener in listeners):
        why = "no rule names a host, so the domain is not known: write dns.domain and dns.host"
        gathered.leave(f"cluster {gathered.answers.name}", "dns", why)
    if not chosen:
        return {}
    label, _, domain = chosen.partition(".")
    return {"domain": domain, "host": label}


def untested(gathered: Gathered) -> None:
    """Remove the ports for tests of new tasks and the protocols that need HTTPS, and so a domain; note them."""
    for workload in gathered.services.values():
        if workload.table.get("public") and (spoken := workload.table.pop("protocol", "")):
            if spoken == GRPC and isinstance(health := workload.table.get("health"), dict):
                workload.table["health"] = {key: one for key, one in health.items() if key not in ("path", "codes")}
            why = f'{spoken}: needs HTTPS: write dns.domain, and protocol = "{spoken}"'
            workload.leave("targetGroup.ProtocolVersion", why)
        deployment = workload.table.get("deployment")
        if isinstance(deployment, dict) and (port := deployment.pop("test_port", 0)):
            why = f"{port}: needs HTTPS: write dns.domain and deployment.test_port"
            workload.leave("loadBalancers.advancedConfiguration.testListenerRule", why)


def _below(name: str) -> bool:
    """Return whether a name is a host below a domain."""
    label, _, domain = name.partition(".")
    return "." in domain and "*" not in domain and bool(re.fullmatch(values.LABEL, label))
