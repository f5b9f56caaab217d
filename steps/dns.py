"""The DNS zones: the public one, with a check of its delegation, and the private one of the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner import Handle, Network, Stack, step
from provisioner.resources.route53.delegation import Delegation
from provisioner.resources.route53.zones import HostedZone

NAME = "hosted_zone_name"


@dataclass(frozen=True)
class Dns:
    """Ids of the zones, and the delegation, which is ready once the parent zone points to the public zone.

    The public zone is None without a public name or `dns.create_zone`, the private one without a database, and the
    delegation without a public name.

    Attributes:
        zones: by public name, the id of the zone that its records are in, and the delegation of that zone.
    """

    public_zone_id: str | None
    private_zone_id: str | None
    delegation: Handle | None
    zones: Mapping[str, tuple[str, Handle]] = field(default_factory=dict)


@step
def dns(stack: Stack, network: Network) -> Dns:
    """Declare the private zone, and the public one unless it exists: an existing zone is used, and never deleted."""
    settings = stack.config.dns
    public = private = delegation = None
    zones = dict[str, tuple[str, Handle]]()
    if settings.domain and stack.config.public_zone:
        public = stack.facts.public_zone_id
        public = public or stack.ensure(HostedZone("public", settings.domain), keys={NAME: "dns.domain"}).id
    # Route 53 refuses a private zone for a VPC of another account (CreateHostedZone, InvalidVPCId)
    if stack.config.own_database and not (stack.facts.vpc and stack.facts.vpc.owner):
        zone = HostedZone("private", settings.private_domain, vpc_id=network.vpc_id)
        private = stack.ensure(zone, keys={NAME: "dns.private_domain"}).id
    if public and settings.domain and stack.config.named:
        delegation = stack.ensure(Delegation(settings.domain, settings.domain, public))
        zones = dict.fromkeys(stack.config.names, (public, delegation))
        others = dict(stack.facts.name_zones.values())
        delegated = {domain: stack.ensure(Delegation(domain, domain, zone)) for domain, zone in others.items()}
        zones |= {name: (zone, delegated[domain]) for name, (domain, zone) in stack.facts.name_zones.items()}
    return Dns(public, private, delegation, zones)
