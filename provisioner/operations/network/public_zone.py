"""Find the zones of the public names, or refuse a domain that can have none; find names certified or taken over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provisioner.config.host_names import zone_of
from provisioner.engine.errors import ConfigurationError
from provisioner.resources.acm.certificates import Certificate, names_there
from provisioner.resources.route53.handover import former_of
from provisioner.resources.route53.pages import normal_name
from provisioner.resources.route53.zones import public_zones

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.state.model import Record

EXAMPLE = re.compile(r"(^|\.)(example\.(com|net|org)|example|test|invalid|localhost)$")
"""Domains that are reserved and cannot be registered (RFC 2606)."""
WITHOUT_PUBLIC_ZONES = "aws-us-gov"
"""The partition whose Route 53 has private hosted zones only (GovCloud guide, "Amazon Route 53"); China's has both."""
STARTED_FOR_ANOTHER = (
    ". The embedded cloud was started for another domain: run `provision cloud stop`, which deletes everything in it, "
    "then `provision up`"
)


def public_zone(aws: Aws, config: Config) -> str | None:
    """Return the id of the existing public zone; None if the stack creates its own, or needs none.

    Raises:
        ConfigurationError: there is no zone and the stack is not to create one, or there are several, or the domain or
            the partition can have none.
    """
    if not (domain := config.dns.domain) or not config.public_zone:
        return None
    if aws.partition == WITHOUT_PUBLIC_ZONES:
        raise ConfigurationError(
            f"{aws.region} is in AWS GovCloud (US), where Route 53 has no public hosted zones, so neither the public "
            f"name nor its certificate can be made: set region to one outside GovCloud, or remove dns.domain"
        )
    foreign = public_zones(aws, domain, own=config.dns.create_zone)
    if len(foreign) > 1:
        raise ConfigurationError(
            f"dns.domain is {domain}, and this account has {len(foreign)} public hosted zones of that name "
            f"({', '.join(foreign)}): delete the zones to which the registrar does not point"
        )
    if foreign:
        return foreign[0]
    if config.target == "aws" and EXAMPLE.search(domain):
        raise ConfigurationError(
            f"dns.domain is {domain}, which is reserved for examples: use your own domain, and set "
            f"dns.create_zone = true if it has no public hosted zone yet; or remove dns.domain, to answer by HTTP alone"
        )
    if not config.dns.create_zone:
        raise ConfigurationError(
            f"dns.domain is {domain}, but this account has no public hosted zone of that name: "
            f"create it, or set dns.create_zone = true{STARTED_FOR_ANOTHER if config.target == 'local' else ''}"
        )
    return None


def other_zones(aws: Aws, config: Config) -> dict[str, tuple[str, str]]:
    """Return the zone of each public name outside of the stack's own zone, by name: its domain and id.

    It is the longest public zone of the account that the name is in. Names in the stack's own zone are left out.

    Raises:
        ConfigurationError: no zone has the name, or several zones have the same domain.
    """
    if not (wanted := config.whole_names):
        return {}
    zones: dict[str, list[str]] = {}
    for zone in aws.pages("route53", "list_hosted_zones", "HostedZones"):
        if not zone["Config"]["PrivateZone"]:
            zones.setdefault(normal_name(zone["Name"]), []).append(zone["Id"].removeprefix("/hostedzone/"))
    found = {}
    for name in wanted:
        domain = zone_of(name, {*zones, str(config.dns.domain)})
        if domain is None:
            raise ConfigurationError(
                f'hosts has "{name}", but this account has no public hosted zone for it: create one, or use another'
            )
        if domain == config.dns.domain:
            continue
        if len(zones[domain]) > 1:
            raise ConfigurationError(
                f'hosts has "{name}", and this account has {len(zones[domain])} public hosted zones named {domain} '
                f"({', '.join(sorted(zones[domain]))}): delete the zones to which the registrar does not point"
            )
        found[name] = domain, zones[domain][0]
    return found


def certified_names(aws: Aws, config: Config, records: Iterable[Record]) -> tuple[str, ...]:
    """Return the names in the stack's certificate: the recorded names, or else the names that AWS shows."""
    if not config.public:
        return ()
    recorded = [one for one in records if one.address == f"{Certificate.type_name}/{config.fqdn}"]
    names = [names for one in recorded if (names := one.arguments.get("subject_alternative_names"))]
    return tuple(names[0]) if names else names_there(aws, config.fqdn)


def taken_names(aws: Aws, records: Iterable[Record]) -> frozenset[str]:
    """Return the names that are to be taken over, and the recorded names that were."""
    named = [(str(one.arguments.get("record_name", "")), one.outputs) for one in records if one.type == "record_set"]
    return frozenset({*aws.take_over, *(name for name, outputs in named if former_of(name, outputs))})
