"""Complete the tables of a Copilot environment from all its services and jobs together."""

from __future__ import annotations

from provisioner.config import validators as values
from provisioner.config.network import CONNECT
from provisioner.config.protocols import GRPC
from provisioner.migration import addresses
from provisioner.migration.copilot import hosts
from provisioner.migration.copilot.findings import Gathered
from provisioner.migration.copilot.http import DEFAULT_PATH
from provisioner.migration.draft import Cost, Left, ordered

USUAL_RETENTION = 30
"""Days that Copilot keeps logs (Copilot's manual, logging.retention)."""
USUAL_ZONES = 2
"""Zones of a VPC of Copilot's (aws/copilot-cli, internal/pkg/deploy/cloudformation/stack/env.go)."""
USUAL_TLS = "ELBSecurityPolicy-2016-08"
"""The TLS policy of listeners for which a template names none (ELBv2 API, CreateListener; Copilot's cf.yml)."""
OF_COPILOT = "COPILOT_APPLICATION_NAME, COPILOT_ENVIRONMENT_NAME, COPILOT_SERVICE_NAME, COPILOT_LB_DNS"


def finish(gathered: Gathered) -> None:
    """Add the keys that depend on all workloads: the egress, the host name, calls, and a public service a path."""
    _egress(gathered)
    public_name = _host(gathered)
    _addresses(gathered)
    _connect(gathered)
    _logs(gathered)
    _defaults(gathered)
    answered: dict[tuple[str, str], str] = {}
    for name, http in gathered.public.items():
        service = gathered.table["services"][name]
        claimed = hosts.claimed(gathered, name, public_name)
        first = next((answered[one] for one in claimed if one in answered), name)
        answered |= dict.fromkeys(claimed, first)
        if first != name:
            for key in ("public", "path", "hosts", "deregistration_delay", "sticky"):
                service.pop(key, None)
            if "command" not in service.get("health", {}):
                service.pop("health", None)
            why = f"services.{first} has this path already under this name: {name} is not public until it has hosts"
            gathered.found.leave(http, "http", why, f"services.{name}", "entrance")
    for kind in ("services", "jobs"):
        if kind in gathered.table:
            # services and jobs come last, behind the tables of the whole stack
            gathered.table[kind] = {name: ordered(one) for name, one in gathered.table.pop(kind).items()}


def _addresses(gathered: Gathered) -> None:
    """Write the addresses that services have here into the variables of others, with `calls`; note the rest.

    In Copilot a service is found by its name with Service Connect, and below the environment's domain by DNS.
    """
    found, env = gathered.found, gathered.env
    known = {name: name for name in gathered.table.get("services", {})} | gathered.aliases
    known |= {f"{name}.{env}.{found.application}.local": name for name in gathered.table.get("services", {}) if env}
    stack = f"{found.project}-{env or found.own}"
    for one in addresses.settle(gathered.table, known, {}, stack):
        kind, workload = one.workload
        why, loss = addresses.told(one)
        if one.kind in ("called", "other-port", "no-port"):
            found.dropped.add((workload, one.variable))
        place = gathered.variables.get((workload, one.variable))
        if why and place:
            cost: Cost = "part" if loss else "nothing"
            found.leave(place, f"variables.{one.variable}", why, f"{kind}.{workload}", cost)
    for caller, key, value in gathered.commands:
        for host in addresses.mentioned(value.words, known):
            why = f"names {host}: write {known[host]}.{addresses.domain_of(gathered.table, stack)}, and calls"
            caller.leave(value, key, why)


def _connect(gathered: Gathered) -> None:
    """Write calls of services with Service Connect, which may connect to each other, where the files name no caller."""
    services = gathered.table.get("services", {})
    called = {
        callee
        for kind in ("services", "jobs")
        for one in gathered.table.get(kind, {}).values()
        for callee in one.get("calls", ())
    }
    for name in gathered.connected:
        callee = services.get(name, {})
        callers = [one for one in gathered.connected if one != name and one in services]
        if "port" not in callee or callee.get("public") or name in called or not callers:
            continue
        for one in callers:
            services[one]["calls"] = [*services[one].get("calls", ()), name]
        why = (
            f"{', '.join(callers)} may connect to {name} there, and name it in calls here, as no file names its callers"
        )
        gathered.found.note(Left("copilot", 0, "network.connect", why, cost="nothing"))


def _logs(gathered: Gathered) -> None:
    """Write how long logs are kept: the longest time of all services, or Copilot's default; and Container Insights."""
    # Copilot turns Container Insights off unless a manifest turns it on
    insights = bool(gathered.insights and gathered.insights.flag)
    longest = max((days for _, days, _ in gathered.retention), default=USUAL_RETENTION)
    try:
        gathered.table["logs"] = {"retention_days": values.retention(longest), "insights": insights}
    except ValueError as error:
        for workload, _, value in gathered.retention:
            workload.leave(value, "logging.retention", str(error))
        gathered.table["logs"] = {"insights": insights}
        return
    for workload, days, value in gathered.retention:
        if days != longest:
            why = f"{days} days there; here all logs are kept {longest} days, the longest time of all"
            workload.tell(value, "logging.retention", why)


def _defaults(gathered: Gathered) -> None:
    """Note Copilot's defaults that no key here can restore."""
    workloads = [*gathered.table.get("services", {}), *gathered.table.get("jobs", {})]
    if not workloads:
        return
    if gathered.connected:
        why = f"{', '.join(gathered.connected)}: {CONNECT}; without it, calls go by DNS to one of the tasks"
        gathered.found.note(Left("copilot", 0, "network.connect", why, cost="nothing"))
    if len([one for one in gathered.table.get("services", {}).values() if "port" in one]) > 1:
        stack = f"{gathered.found.project}-{gathered.env or gathered.found.own}"
        why = addresses.found_at(addresses.domain_of(gathered.table, stack))
        gathered.found.note(Left("copilot", 0, "network.connect", why, cost="nothing"))
    names = ", ".join(sorted(workloads))
    why = "drop none of Docker's capabilities there; here a container keeps fewer: name its capabilities"
    gathered.found.note(Left("copilot", 0, "capabilities", f"{names}: {why} (docs/images.md)", cost="nothing"))
    why = "and the other variables that Copilot sets by itself are not set here: write the variables that programs read"
    gathered.found.note(Left("copilot", 0, "variables", f"{OF_COPILOT} {why}", cost="nothing"))


def _egress(gathered: Gathered) -> None:
    """Write `network.egress`; in an existing VPC, the routes of the private subnets decide instead."""
    network = gathered.table.setdefault("network", {})
    outside = [name for name, placement in gathered.placements.items() if placement == "public"]
    if outside and len(outside) == len(gathered.placements):
        network["egress"] = "public"
    elif gathered.placements and "vpc" not in network:
        # Copilot makes a NAT gateway for each of its private subnets
        network["egress"] = "nat-per-zone"
    if gathered.placements and "vpc" not in network:
        network.setdefault("zones", USUAL_ZONES)
    if outside and network.get("egress") != "public":
        why = f"{', '.join(outside)}: public there; here all tasks of a stack with private ones are private"
        gathered.found.note(Left("copilot", 0, "network.vpc.placement", why, cost="nothing"))
    if not network:
        del gathered.table["network"]


def _host(gathered: Gathered) -> str:
    """Write the public names, and note allowed addresses and protocols; return the stack's public name."""
    chosen = hosts.write(gathered)
    balanced = [http for name, http in gathered.public.items() if name not in gathered.on_app_runner]
    if balanced and not gathered.hosts:
        first = balanced[0]
        why = (
            "has no alias: it answers by HTTP under the load balancer's own name, as there, unless the application has "
            "a domain by `copilot app init --domain`, which is in no file: then write dns.domain"
        )
        gathered.found.leave(first, "http", why, cost="nothing")
    if gathered.public and "allow" not in gathered.table.get("network", {}):
        first = next(iter(gathered.public.values()))
        clear = "" if gathered.hosts else " and, without dns.domain, load_balancer.http = true"
        why = (
            f'is open to everybody; here only to your own address, until you write network.allow = ["0.0.0.0/0"]{clear}'
        )
        gathered.found.leave(first, "http", why, cost="nothing")
    if chosen:
        for name, http in gathered.public.items():
            if name not in {service for service, _, _ in gathered.hosts}:
                why = f"answers by HTTP under the load balancer's name there; here under {chosen} as well"
                gathered.found.leave(http, "http", why, f"services.{name}", "nothing")
    if chosen and gathered.in_clear:
        gathered.table.setdefault("load_balancer", {})["http"] = True
        if others := ", ".join(name for name in gathered.public if name not in gathered.in_clear):
            value = next(iter(gathered.in_clear.values()))
            why = f"is for the whole load balancer here: {others} too answers by HTTP instead of redirecting to HTTPS"
            gathered.found.leave(value, "http.redirect_to_https", why, cost="nothing")
    _https(gathered, named=bool(chosen))
    if not chosen:
        _without_https(gathered)
    return chosen


def _without_https(gathered: Gathered) -> None:
    """Remove protocols that need HTTPS, and so a domain, from services; note them."""
    for name, http in gathered.public.items():
        service = gathered.table["services"][name]
        if spoken := service.pop("protocol", ""):
            if spoken == GRPC:
                service["health"] = {**service["health"], "path": DEFAULT_PATH}
                service["health"].pop("codes", None)
            why = f'{spoken} needs HTTPS: write dns.domain, and protocol = "{spoken}" in the service'
            gathered.found.leave(http, "http.version", why, f"services.{name}")


def _https(gathered: Gathered, *, named: bool) -> None:
    """Write the certificates and the TLS policy of the environment's load balancer.

    Args:
        named: whether a service has an alias: without one there is no HTTPS.
    """
    found, idle = gathered.found, "no service has an alias, so that there is no HTTPS here"
    if policy := gathered.tls_policy:
        if named:
            gathered.table.setdefault("load_balancer", {})["tls_policy"] = policy.text
        else:
            found.leave(policy, "http.public.ssl_policy", f"{policy.text}: {idle}", cost="nothing")
    elif named:
        why = f"ELB's {USUAL_TLS} there, also for TLS 1.0; here the newer default of load_balancer.tls_policy"
        found.note(Left("copilot", 0, "http.public.ssl_policy", why, cost="nothing"))
    if gathered.certificates is None:
        return
    arns = gathered.certificates.texts
    if not named:
        found.leave(gathered.certificates, "http.public.certificates", idle, cost="nothing")
        return
    gathered.table["dns"]["certificate"] = arns[0] if len(arns) == 1 else arns
    why = (
        "with certificates of your own, Copilot makes no records of aliases, unless hosted_zone says in which zone; "
        "here the stack makes them"
    )
    found.leave(gathered.certificates, "http.public.certificates", why, cost="nothing")
