"""The load balancer's certificates, and the DNS records that prove the ownership of the domain to ACM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner import Stack, ready, step
from provisioner.config.host_names import title
from provisioner.resources.acm.certificates import Certificate, proven
from provisioner.resources.acm.validation import ValidationRecord
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
    """Declare a certificate for each public name, and for no other name; none if `dns.certificate` names existing ones.

    An existing listener has its owner's.

    A certificate that exists keeps its names, since they cannot change: earlier versions asked for `*.DOMAIN` as well.
    So a host that comes or goes touches no certificate that is in use.

    It is requested only once public DNS leads to its zone: otherwise ACM would not find the records, and give up after
    72 hours.
    """
    if not dns.zones or stack.config.listener:
        return Certified(None)
    if given := stack.config.dns.certificate:
        return Certified(given[0], {arn.rpartition("/")[2]: arn for arn in given[1:]})
    shown: dict[str, str] = {}
    proofs: set[str] = set()
    for name, (zone, delegation) in dns.zones.items():
        names = list(stack.facts.certified) if name == stack.config.fqdn else []
        names = names or [name]
        requested = stack.ensure(Certificate(title(name), name, names), after=[ready(delegation)])
        shown[title(name)] = ready(requested).id
        for number, domain in enumerate(proven(names)):
            # `x` and `*.x` have the same record, and so have all certificates of an account
            if domain in proofs:
                continue
            proofs.add(domain)
            stack.ensure(
                ValidationRecord(
                    domain,
                    zone,
                    record_name=getattr(requested, f"validation_name_{number}"),
                    type="CNAME",
                    resource_records=[getattr(requested, f"validation_value_{number}")],
                )
            )
    name = stack.config.address or next(iter(dns.zones))
    first = shown[title(name)]
    # the default certificate of a standing listener changes at the end; another system's clients come before
    if name not in stack.facts.taken:
        del shown[title(name)]
    return Certified(first, shown)
