"""Check the public name: its hosted zone, delegation, other records, CAA records and allowed networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.aws import dns
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.doctor.verdicts import failed, ok, unknown, warning
from provisioner.operations.network import existing_certificates
from provisioner.resources.route53.delegation import Delegation
from provisioner.resources.route53.handover import is_given_back
from provisioner.resources.route53.pages import records_at
from provisioner.resources.route53.records import RecordSet, diverted, obstacle
from provisioner.resources.route53.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.engine.events import Checked
    from provisioner.operations.doctor.context import Context

AMAZON = {"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"}
"""The names of Amazon's CA in a CAA record (ACM guide, Configure a CAA record)."""


def public_zone(context: Context) -> Sequence[Checked]:
    """Check that the domain has one hosted zone, or that `up` may create it; needed only for a public zone."""
    if not (domain := context.config.dns.domain) or not context.config.public_zone:
        return []
    if zone := context.public_zone:
        return [ok("public zone", f"{zone} is the hosted zone of {domain}")]
    if own := _own(context):
        return [ok("public zone", f"{own} is the hosted zone of {domain}, created by this stack")]
    return [ok("public zone", f"{domain} has no hosted zone yet: `up` creates it (dns.create_zone)")]


def _own(context: Context) -> str:
    """Return the id of the public zone that this stack made; empty if there is none."""
    zones = [live for live in context.live(HostedZone) if live.owned and live.attributes["vpc_id"] is None]
    named = [zone.id for zone in zones if zone.attributes["hosted_zone_name"] == context.config.dns.domain]
    return named[0] if named else ""


def delegation(context: Context) -> Sequence[Checked]:
    """Check that the parent zone delegates the domain to the hosted zone."""
    if not (domain := context.config.dns.domain) or not context.config.public_zone:
        return []
    name = "delegation"
    try:
        zone = context.public_zone or _own(context)
    except ConfigurationError:
        return [unknown(name, f"the hosted zone of {domain} is not known")]
    if not zone:
        fix = "`up` will show four name servers: set those at the registrar, then run `up` again"
        return [warning(name, f"{domain} cannot be delegated until `up` has created its zone", fix)]
    fields = {"domain": domain, "hosted_zone_id": zone}
    for live in Delegation.list(context.aws, [fields]):
        if live.status:
            return [failed(name, *_what_to_set(live.status))]
        if dns.nameservers(domain, *(context.aws.resolver or ())) is None:
            return [unknown(name, f"no DNS server answers for {domain}", "check that this machine can reach DNS")]
        others = live.outputs.get("other_name_servers", ())
        also = f", and to {', '.join(others)}, which must have the same records" if others else ""
        return [ok(name, f"the parent zone points to {zone}{also}")]
    return [unknown(name, f"Route 53 does not list {zone}")]


def _what_to_set(status: str) -> tuple[str, str]:
    """Return the status of an undelegated zone in two parts, each of one line."""
    head, *servers = status.splitlines()
    what, _, _ = head.partition(". ")
    names = [line.split(" NS ")[-1].strip().rstrip(".") for line in servers]
    return what, f"set these NS records at the registrar or in the parent zone: {', '.join(names)}"


def public_name(context: Context) -> Sequence[Checked]:
    """Check that the public names have no records that lead to another system."""
    return [verdict for fqdn in context.config.names for verdict in _name(context, fqdn)]


def _name(context: Context, fqdn: str) -> Sequence[Checked]:
    name = "public name"
    named = [live for live in context.live(RecordSet) if live.attributes["record_name"] == fqdn]
    found = [live for live in named if live.attributes["type"] == "A"]
    if why := obstacle(context.aws, fqdn):
        what, _, fix = why.partition(". ")
        return [failed(name, what, fix)]
    move = f"to move it to this stack, run `provision up --take-over {fqdn}`"
    if any(is_given_back(live.outputs) for live in found):
        return [warning(name, f"{fqdn} was given back to the system that had it before", move)]
    if any(not live.owned for live in found):
        return [failed(name, f"{fqdn} leads to another system", f"{move}; else set another dns.host, or other hosts")]
    if others := diverted(context.aws, fqdn):
        return [warning(name, *other.split(". ", 1)) for other in others]
    return [ok(name, f"no other record leads clients of {fqdn} elsewhere")]


def certificate(context: Context) -> Sequence[Checked]:
    """Check the existing certificates of `dns.certificate`, and say when they end."""
    if not context.config.dns.certificate or not context.config.https:
        return []
    name = "certificate"
    try:
        shown = existing_certificates.check(context.aws, context.config, context.records.values())
    except ConfigurationError as error:
        what, _, fix = str(error).rpartition(": ")
        return [failed(name, what, fix)]
    near = existing_certificates.notices(shown, context.aws.pace.time())
    if near:
        return [warning(name, *text.rsplit(": ", 1)) for text in near]
    ends = min(one["NotAfter"] for one in shown).date().isoformat()
    covers = "covers" if len(shown) == 1 else f"and {len(shown) - 1} more cover"
    return [ok(name, f"{shown[0]['CertificateArn']} {covers} {', '.join(context.config.names)}, until {ends}")]


def caa(context: Context) -> Sequence[Checked]:
    """Check that CAA records allow Amazon's CA: the nearest name with CAA records decides (RFC 8659).

    A resolver is asked only for names above the domain. It would cache for minutes that a name does not exist which
    `up` is about to create.
    """
    if not (domain := context.config.dns.domain) or not context.config.https or context.config.dns.certificate:
        return []
    name = "caa"
    found = _own_caa(context) or dns.caa(domain.partition(".")[2], *(context.aws.resolver or ()))
    if found is None:
        return [unknown(name, f"no DNS server answers for the CAA records above {domain}")]
    where, records = found
    issue = [value for tag, value in records if tag == "issue"]
    wild = [value for tag, value in records if tag == "issuewild"] or issue
    barred = [what for what, values in (("", issue), ("wildcard ", wild)) if values and not AMAZON & set(values)]
    if barred:
        what = " and ".join(f"{what}certificates" for what in barred)
        text = f"the CAA records of {where} do not allow Amazon to issue {what}"
        return [failed(name, text, f'add `0 issue "amazon.com"` to the CAA records of {where}')]
    return [
        ok(
            name,
            f"the CAA records of {where} allow Amazon to issue certificates"
            if records
            else "no CAA records, so any CA may issue",
        )
    ]


def _own_caa(context: Context) -> tuple[str, list[tuple[str, str]]] | None:
    """Return the CAA records in the hosted zone, as `dns.caa` does; None if it has none, or the zone is unknown."""
    try:
        zone = context.public_zone or _own(context)
    except ConfigurationError:
        zone = ""
    for name in filter(None, (context.config.fqdn, context.config.dns.domain)) if zone else ():
        if record := records_at(context.aws, zone, name).get((name, "CAA")):
            return name, [_caa_value(value["Value"]) for value in record["ResourceRecords"]]
    return None


def _caa_value(value: str) -> tuple[str, str]:
    """Return the tag and value of a CAA record in Route 53's spelling: `0 issue "amazon.com; policy=ev"`."""
    _, tag, quoted = value.split(None, 2)
    return tag.lower(), quoted.strip('"').partition(";")[0].strip().lower()


def allow(context: Context) -> Sequence[Checked]:
    """Report the address that `my-ip` stands for, if `network.allow` contains it."""
    config = context.config
    if "my-ip" not in config.network.allow or not config.public or config.listener:
        return []
    return [ok("allow", f'"my-ip" is {context.allow[context.config.network.allow.index("my-ip")]}')]
