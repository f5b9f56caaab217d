"""The zones: the public one, with the proof that the world finds it, and the database's private one."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Network, Stack, step
from provisioner.resources.route53.delegation import Delegation
from provisioner.resources.route53.zones import HostedZone

NAME = "hosted_zone_name"


@dataclass(frozen=True)
class Dns:
    """Ids of the zones; `delegation` is ready once the parent zone points to the public one."""

    public_zone_id: str
    private_zone_id: str
    delegation: Handle


@step
def dns(stack: Stack, network: Network) -> Dns:
    """Declare the private zone, and the public one unless it was there before: that one is used, and never removed."""
    settings = stack.config.dns
    public = (
        stack.facts.public_zone_id or stack.ensure(HostedZone("public", settings.domain), keys={NAME: "dns.domain"}).id
    )
    zone = HostedZone("private", settings.private_domain, vpc_id=network.vpc_id)
    private = stack.ensure(zone, keys={NAME: "dns.private_domain"})
    delegation = stack.ensure(Delegation(settings.domain, settings.domain, public))
    return Dns(public, private.id, delegation)
