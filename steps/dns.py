"""The zones: the public one, with the proof that the world finds it, and the database's private one."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Network, Stack, step
from provisioner.resources.route53.delegation import Delegation
from provisioner.resources.route53.zones import HostedZone

NAME = "hosted_zone_name"


@dataclass(frozen=True)
class Dns:
    """Ids of the zones; `delegation` is ready once the parent zone points to the public one.

    None are the public zone without a public service or `dns.create_zone`, the private one without a database, and the
    delegation without a public service.
    """

    public_zone_id: str | None
    private_zone_id: str | None
    delegation: Handle | None


@step
def dns(stack: Stack, network: Network) -> Dns:
    """Declare the private zone, and the public one unless it was there before: that one is used, and never removed."""
    settings = stack.config.dns
    public = private = delegation = None
    if stack.config.public_zone:
        public = stack.facts.public_zone_id
        public = public or stack.ensure(HostedZone("public", settings.domain), keys={NAME: "dns.domain"}).id
    if stack.config.database:
        zone = HostedZone("private", settings.private_domain, vpc_id=network.vpc_id)
        private = stack.ensure(zone, keys={NAME: "dns.private_domain"}).id
    if public and stack.config.public:
        delegation = stack.ensure(Delegation(settings.domain, settings.domain, public))
    return Dns(public, private, delegation)
