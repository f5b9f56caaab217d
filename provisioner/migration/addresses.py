"""Find the addresses of other services in variables and commands, and write the addresses that these have here.

A service is found at `NAME.<dns.discovery_domain>` here, and only by the services that name it in `calls`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from provisioner.config import private_names
from provisioner.config.call_variables import url_variable
from provisioner.config.protocols import scheme
from provisioner.config.tables import Dns

_ADDRESS = re.compile(
    r"(?P<before>(?:[a-z][\w+.-]*://)?(?:[^/\s@,]*@)?)(?P<host>[a-z0-9_][\w.-]*)(?P<port>:\d+)?(?P<after>(?:[/?#]\S*)?)",
    re.ASCII | re.IGNORECASE,
)
_SAID = frozenset({
    "ADDR", "ADDRESS", "ADDRESSES", "BACKEND", "BASE", "BROKER", "BROKERS", "DSN", "ENDPOINT", "HOST", "HOSTNAME",
    "HOSTS", "NODES", "ORIGIN", "PROXY", "SERVER", "SERVERS", "UPSTREAM", "URI", "URL", "URLS",
})  # fmt: skip
"""Last words of a variable whose value is an address, even if it is one word such as `redis`."""
Kind = Literal["called", "written", "other-port", "no-port", "word", "inside", "gone", "gone-inside"]
"""The outcome for an address: `calls` sets the variable; the address of here was written; another port is named, or the
service has none; it may be a word instead; it is inside of other text; its service is left out, and it was removed, or
is inside of other text."""


@dataclass(frozen=True)
class Found:
    """A variable with the address of another service.

    Attributes:
        workload: the service or job with the variable, by its kind and name: `services`, `web`.
        callee: the other service. now: its address here, in the form of the variable.
    """

    workload: tuple[str, str]
    variable: str
    callee: str
    kind: Kind
    now: str = ""


def hosts(value: str) -> dict[str, int | None]:
    """Return the hosts in the value of a variable, with their ports; also a single word that may be a host."""
    parts = [_ADDRESS.fullmatch(part.strip()) for part in value.split(",")]
    return {part["host"].lower(): _port(part) for part in parts if part} if all(parts) else {}


def _port(part: re.Match[str]) -> int | None:
    return int(part["port"][1:]) if part["port"] else None


def mentioned(words: str | Sequence[str], names: Iterable[str]) -> list[str]:
    """Return the names that a command line has as hosts: with a port, or behind `//` or `@`."""
    text = words if isinstance(words, str) else " ".join(words)
    return [
        name
        for name in names
        if re.search(rf"(?<![\w.-]){re.escape(name)}:\d|(?://|@){re.escape(name)}(?![\w.-])", text, re.IGNORECASE)
    ]


def is_address(variable: str, value: str) -> bool:
    """Return whether a value is an address for certain: by its form, or by the name of its variable."""
    said = re.split(r"[^A-Za-z0-9]+", variable.upper())[-1] in _SAID
    return said or "://" in value or bool(re.search(r"[\w.-]:\d+", value))


def domain_of(table: Mapping[str, Any], stack: str) -> str:
    """Return the domain in which the services of a draft find each other."""
    named = table.get("dns", {}).get("discovery_domain")
    if named:
        return str(named)
    in_existing = table.get("network", {}).get("vpc")
    usual = str(Dns.model_fields["discovery_domain"].default)
    return private_names.default("discovery_domain", stack) if in_existing else usual


def settle(table: Mapping[str, Any], known: Mapping[str, str], gone: Mapping[str, str], stack: str) -> list[Found]:
    """Write the addresses of here into the variables of all services and jobs, with the calls that they need.

    Args:
        table: the table of an environment.
        known: the services that are carried over, by the hosts at which they are found in the other tool.
        gone: the services that are left out, likewise. Variables with their addresses are removed.
        stack: the name of the stack.
    """
    domain, found = domain_of(table, stack), list[Found]()
    for kind in ("services", "jobs"):
        for name, workload in table.get(kind, {}).items():
            for one in _workload((kind, name), workload, table.get("services", {}), known, gone, domain):
                found.append(one)
    return found


def _workload(
    place: tuple[str, str],
    workload: dict[str, Any],
    services: Mapping[str, Any],
    known: Mapping[str, str],
    gone: Mapping[str, str],
    domain: str,
) -> Iterator[Found]:
    for table in (workload, *workload.get("sidecars", {}).values()):
        variables = table.get("environment", {})
        for variable, value in list(variables.items()):
            asked = hosts(value)
            if not asked:
                yield from _inside(place, variable, value, known, gone, domain)
                continue
            if lost := next((gone[host] for host in asked if host in gone), ""):
                if is_address(variable, value):
                    del variables[variable]
                    yield Found(place, variable, lost, "gone")
                continue
            callees = {host: known[host] for host in asked if known.get(host, place[1]) != place[1]}
            if callees:
                yield _settled(place, workload, variables, variable, services, callees, domain)
        if "environment" in table and not variables:
            del table["environment"]


def _inside(
    place: tuple[str, str],
    variable: str,
    value: str,
    known: Mapping[str, str],
    gone: Mapping[str, str],
    domain: str,
) -> Iterator[Found]:
    """Yield the services whose addresses are inside of other text, such as the options of a program."""
    for host in mentioned(value, [*known, *gone]):
        if host in gone:
            yield Found(place, variable, gone[host], "gone-inside")
        elif known[host] != place[1]:
            yield Found(place, variable, known[host], "inside", f"{known[host]}.{domain}")


def scheme_of(service: Mapping[str, Any]) -> str:
    """Return the scheme of the URLs that callers of a drafted service get."""
    return scheme(service.get("protocol", "http"), tls=service.get("tls", False))


def _settled(
    place: tuple[str, str],
    workload: dict[str, Any],
    variables: dict[str, str],
    variable: str,
    services: Mapping[str, Any],
    callees: Mapping[str, str],
    domain: str,
) -> Found:
    """Write one variable's addresses of here, if that is possible; return the outcome."""
    value, (host, callee) = variables[variable], next(iter(callees.items()))
    now = ",".join(_written(part, callees, domain) for part in value.split(","))
    ports = {one: entry(services.get(service, {})) for one, service in callees.items()}
    if not is_address(variable, value):
        return Found(place, variable, callee, "word", now)
    asked = hosts(value)
    if wrong := next((one for one in callees if not ports[one] or asked[one] not in (None, ports[one])), ""):
        del variables[variable]
        return Found(place, variable, callees[wrong], "other-port" if ports[wrong] else "no-port", now)
    calls = list(dict.fromkeys([*workload.get("calls", ()), *callees.values()]))
    url = f"{scheme_of(services.get(callee, {}))}://{host}:{ports[host]}"
    if variable == url_variable(callee) and value.rstrip("/") == url:
        del variables[variable]
        workload["calls"] = calls
        return Found(place, variable, callee, "called", now)
    workload["calls"], variables[variable] = calls, now
    return Found(place, variable, callee, "written", now)


def entry(service: Mapping[str, Any]) -> int | None:
    """Return the port at which clients reach a service."""
    front: Mapping[str, Any] = service.get("sidecars", {}).get(service.get("target_container"), service)
    return front.get("port")


def _written(part: str, callees: Mapping[str, str], domain: str) -> str:
    found = _ADDRESS.fullmatch(part.strip())
    if found is None or found["host"].lower() not in callees:
        return part
    return f"{found['before']}{callees[found['host'].lower()]}.{domain}{found['port'] or ''}{found['after']}"


def moved(table: Mapping[str, Any], stack: str) -> None:
    """Change the addresses that were written for a VPC of the stack's own into those for an existing VPC."""
    usual = str(Dns.model_fields["discovery_domain"].default)
    here = domain_of(table, stack)
    for kind in ("services", "jobs"):
        for workload in table.get(kind, {}).values():
            for one in (workload, *workload.get("sidecars", {}).values()):
                variables = one.get("environment", {})
                for callee in workload.get("calls", ()):
                    for variable, value in variables.items():
                        variables[variable] = value.replace(f"{callee}.{usual}", f"{callee}.{here}")


_TOLD: Mapping[Kind, tuple[str, bool]] = {
    "called": ("", False),
    "written": ("{callee} has another address here, which is written, with calls", False),
    "word": ("is carried over as it is: if it is the address of {callee}, write {now}, and calls", False),
    "inside": ("has the address of {callee} in it, which is {now} here: write it, and calls", True),
    "other-port": ("names another port of {callee}, and others reach one port of it here: write both", True),
    "no-port": ("is the address of {callee}, which has no port here: write its port, {now}, and calls", True),
    "gone": ("{callee} is left out: write the address of its replacement", True),
    "gone-inside": (
        "has the address of {callee} in it, which is left out: write the address of its replacement",
        True,
    ),
}
"""The note about each outcome, and whether it tells of a loss."""


def told(one: Found) -> tuple[str, bool]:
    """Return the note about a variable, and whether it tells of a loss; empty if there is nothing to say."""
    text, loss = _TOLD[one.kind]
    return text.format(callee=one.callee, now=one.now), loss


def found_at(domain: str) -> str:
    """Return the note that services have other names here than in the other tool."""
    return f"a service is found at NAME.{domain} here, and not at NAME: see to the files in images that name one"
