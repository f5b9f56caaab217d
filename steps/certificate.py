"""The load balancer's certificates, and the DNS records that prove the ownership of the domain to ACM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner import Stack, ready, step
from provisioner.resources.acm import Certificate, ValidationRecord, proven
from provisioner.steps.dns import Dns


@dataclass(frozen=True)
class Certified:
    """The certificates of the HTTPS listener, as ARNs that are known once the certificates are issued.

    Attributes:
        default: the default certificate; None without a public name.
        further: the other certificates, by a name in the stack; clients choose them by the host that they ask for.
    """

    default: str | None
    further: Mapping[str, str] = field(default_factory=dict)


@step
def certificate(stack: Stack, dns: Dns) -> Certified:
    """Declare one certificate for the public name, and no other name; none if `dns.certificate` names existing ones.

    A certificate that exists keeps its names, since they cannot change: earlier versions asked for `*.DOMAIN` as well.

    It is requested only once public DNS leads to the zone: otherwise ACM would not find the records, and give up after
    72 hours.
    """
    if dns.public_zone_id is None or dns.delegation is None:
        return Certified(None)
    if given := stack.config.dns.certificate:
        return Certified(given[0], {arn.rpartition("/")[2]: arn for arn in given[1:]})
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
    return Certified(ready(requested).id)
