"""Translate the manifest of a Copilot environment: its network and its load balancer."""

from __future__ import annotations

import re
from typing import Any

from provisioner.config import validators as values
from provisioner.migration.copilot.findings import Gathered
from provisioner.migration.draft import Draft
from provisioner.migration.yaml_tree import Value

CDN = "CloudFront is no part of a stack here: it stays as it is, or point your own distribution at the load balancer"
UNKNOWN = "has no counterpart here"
CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+")


def fill(gathered: Gathered, manifest: Value) -> None:
    """Write the keys of an environment's manifest into its table, and note the rest."""
    table, found = gathered.table, gathered.found
    for key, value in manifest.table.items():
        if key == "network":
            _network(table, value, found)
        elif key == "http":
            _http(gathered, value)
        elif key == "observability":
            _observability(gathered, value)
        elif key == "cdn":
            if value.flag is not False:
                found.leave(value, "cdn", CDN)
        elif key not in ("name", "type"):
            found.leave(value, key, UNKNOWN)


def _observability(gathered: Gathered, observability: Value) -> None:
    gathered.insights = observability.at("container_insights")
    for key, value in observability.table.items():
        if key != "container_insights":
            gathered.found.leave(value, f"observability.{key}", UNKNOWN)
        elif value.text is not None and value.flag is None:
            gathered.found.leave(value, f"observability.{key}", "is neither true nor false")


def _network(table: dict[str, Any], network: Value, found: Draft) -> None:
    for key, value in network.table.items():
        if key != "vpc":
            found.leave(value, f"network.{key}", UNKNOWN)
            continue
        own = table.setdefault("network", {})
        for name, part in value.table.items():
            if name == "id" and part.text:
                own["vpc"] = part.text
            elif name == "subnets":
                _subnets(own, part, value.at("id") is not None, found)
            elif name == "cidr" and part.text:
                _cidr(own, part, found)
            elif name == "flow_logs" and part.flag is not None and not value.at("id"):
                own["flow_logs"] = part.flag
            elif name == "security_group":
                found.leave(part, "network.vpc.security_group", "each service has a security group of its own here")
            else:
                found.leave(part, f"network.vpc.{name}", UNKNOWN)
        if not own:
            del table["network"]


def _cidr(own: dict[str, Any], value: Value, found: Draft) -> None:
    try:
        own["cidr"] = values.vpc_cidr(str(value.text))
    except ValueError as error:
        found.leave(value, "network.vpc.cidr", f"{error}: the default is 10.0.0.0/16")


def _subnets(own: dict[str, Any], subnets: Value, imported: bool, found: Draft) -> None:
    if not imported:
        zones = max((len(part.values) for part in subnets.table.values()), default=0)
        own["zones"] = min(4, max(2, zones or 2))
        why = "the subnets of a new VPC, and their zones, follow from network.cidr and network.zones"
        found.leave(subnets, "network.vpc.subnets", why, cost="nothing")
        return
    chosen = {
        tier: [one.text for part in part_list.values if (one := part.at("id")) and one.text]
        for tier, part_list in subnets.table.items()
    }
    if any(chosen.values()):
        own["subnets"] = {tier: ids for tier, ids in chosen.items() if ids}


def _http(gathered: Gathered, http: Value) -> None:
    table, found = gathered.table, gathered.found
    for side, part in http.table.items():
        if side != "public":
            # Copilot makes that load balancer for Backend Services with http, each of which is noted
            why = "an internal load balancer is not made here: services that have http for it are named"
            found.leave(part, f"http.{side}", why, cost="nothing")
            continue
        for key, value in part.table.items():
            if key == "access_logs":
                if value.flag is not False:
                    table.setdefault("load_balancer", {})["access_logs"] = True
                for inner, setting in value.table.items():
                    found.leave(setting, f"http.public.{key}.{inner}", "the stack's own bucket has the access logs")
            elif key == "certificates" and all(CERTIFICATE.fullmatch(one) for one in value.texts):
                gathered.certificates = value
            elif key == "ssl_policy" and value.text:
                gathered.tls_policy = value
            elif key in ("ingress", "security_groups"):
                _ingress(table, value, f"http.public.{key}", found)
            else:
                found.leave(value, f"http.public.{key}", UNKNOWN)


def _ingress(table: dict[str, Any], value: Value, key: str, found: Draft) -> None:
    """Write the addresses that may reach the load balancer, and note the rest.

    `ingress` of `security_groups` is the former form (aws/copilot-cli, internal/pkg/manifest/deprecated.go).
    """
    rules = value.at("ingress", "restrict_to") or value
    for name, one in rules.table.items():
        if name == "source_ips" and one.texts:
            table.setdefault("network", {})["allow"] = one.texts
        elif name == "cdn" and one.flag is not False:
            why = "lets in CloudFront alone there; here network.allow lists the addresses"
            found.leave(one, f"{key}.{name}", why)
        elif name != "cdn":
            found.leave(one, f"{key}.{name}", UNKNOWN)
