"""The load balancer's certificate, and the DNS records that prove the ownership of the domain to ACM."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle, Stack, ready, step
from provisioner.resources.acm import Certificate, ValidationRecord, proven
from provisioner.steps.dns import Dns


@dataclass(frozen=True)
class Certified:
    """The certificate, ready once it is issued; None without a public name."""

    certificate: Handle | None


@step
def certificate(stack: Stack, dns: Dns) -> Certified:
    """Declare one certificate for the public name, and no other name.

    A certificate that exists keeps its names, since they cannot change: earlier versions asked for `*.DOMAIN` as well.

    It is requested only once public DNS leads to the zone: otherwise ACM would not find the records, and give up after
    72 hours.
    """
    if dns.public_zone_id is None or dns.delegation is None:
        return Certified(None)
    fqdn = stack.config.fqdn
    names = list(stack.facts.certified) or [fqdn]
    requested = stack.ensure(Certificate(fqdn, fqdn, names), after=[ready(dns.delegation)])
    for number, name in enumerate(proven(names)):
        stack.ensure(
            ValidationRecord(
                name,
                dns.public_zone_id,
                record_name=getattr(requested, f"validation_name_{number}"),
                type="CNAME",
                resource_records=[getattr(requested, f"validation_value_{number}")],
            )
        )
    return Certified(requested)
