"""Hosted zones: creation, deletion, name servers, changes that take a moment, and test answers."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.route53 import urls
from moto.route53.models import FakeZone, Route53Backend
from moto.route53.responses import Route53

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.rules.characters import good_tag
from ecs_emulator.services.ec2.sharing import sharer
from ecs_emulator.services.route53 import texts

replace(urls, "url_paths")({**urls.url_paths, r"{0}/(?P<api_version>[\d_-]+)/testdnsanswer$": Route53.dispatch})


def name_servers(zone_id: str, private: bool) -> list[str]:
    """Return four name servers, one of each top-level domain; each public zone has its own, as on AWS."""
    if private:
        return ["ns-0.awsdns-00.com", "ns-512.awsdns-00.net", "ns-1024.awsdns-00.org", "ns-1536.awsdns-00.co.uk"]
    digest = hashlib.sha256(zone_id.encode()).digest()
    number = int.from_bytes(digest[:2], "big") % 512
    pool = digest[2] % 64
    return [f"ns-{number + 512 * i}.awsdns-{pool:02}.{end}" for i, end in enumerate(("com", "net", "org", "co.uk"))]


@wrap(Route53, "create_hosted_zone")
def create_zone(original: Any, self: Any) -> ActionResult:
    """CreateHostedZone: make a zone with a VPC private; refuse a private zone without a VPC."""
    vpc = self._get_param("VPC")
    if self._get_bool_param("HostedZoneConfig.PrivateZone", False) and not vpc:
        refuse(
            "InvalidInput",
            "When you're creating a private hosted zone (when you specify true for PrivateZone), you must also specify "
            "values for VPCId and VPCRegion.",
        )
    if vpc:
        self.params["HostedZoneConfig"] = {**self.params.get("HostedZoneConfig", {}), "PrivateZone": True}
    answer: ActionResult = original(self)
    return with_change_info(self, answer)


@wrap(Route53Backend, "create_hosted_zone")
def create_hosted_zone(
    original: Any,
    self: Any,
    name: str,
    private_zone: bool,
    caller_reference: str | None = None,
    vpcid: str | None = None,
    vpcregion: str | None = None,
    comment: str | None = None,
    delegation_set_id: str | None = None,
) -> Any:
    """CreateHostedZone: refuse a used CallerReference, and a second zone of a name in a VPC, also of a namespace."""
    for zone in self.zones.values():
        if caller_reference and zone.caller_reference == caller_reference:
            refuse(
                "HostedZoneAlreadyExists",
                "A hosted zone has already been created with the specified caller reference.",
            )
    check_name(name)
    name = name.lower().rstrip(".") + "."
    if vpcid:
        check_vpc(self, name, vpcid, vpcregion or "")
    zone = original(self, name, private_zone, caller_reference, vpcid, vpcregion, comment, delegation_set_id)
    del self.zones[zone.resource_id]
    zone.resource_id = f"Z{zone.resource_id[:20]}"
    self.zones[zone.resource_id] = zone
    servers = name_servers(zone.resource_id, private_zone)
    zone.delegation_set.name_servers = servers
    zone.rrsets = []
    nameservers = [f"{server}." for server in servers]
    zone.add_rrset({"Name": name, "Type": "NS", "TTL": 172800, "ResourceRecords": nameservers})
    soa = f"{servers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
    zone.add_rrset({"Name": name, "Type": "SOA", "TTL": 900, "ResourceRecords": [soa]})
    return zone


def check_name(name: str) -> None:
    """Refuse labels outside 1 to 63 characters, and over 255 in all (developer guide, "DNS domain name format")."""
    labels = name.rstrip(".").split(".")
    if len(name) > 255 or not all(1 <= len(label) <= 63 for label in labels):
        refuse("InvalidDomainName", f"{name} is not a valid domain name")


def check_vpc(route53: Any, name: str, vpc_id: str, region: str) -> None:
    """Refuse an unknown VPC, another account's, and a VPC with a zone of this name, even Cloud Map's."""
    ec2 = ec2_backends[route53.account_id][region or "us-east-1"]
    # its owner would have to authorize the association first (copilot-cli#3140, aws-app-mesh-examples#432)
    if vpc_id not in ec2.vpcs or sharer(ec2, vpc_id):
        refuse(
            "InvalidVPCId",
            f"The VPC: {vpc_id} in region {region} that you provided is not authorized to make the association.",
        )
    for zone in route53.zones.values():
        if zone.name == name and any(vpc.get("vpc_id") == vpc_id for vpc in zone.vpcs):
            refuse(
                "ConflictingDomainExists",
                f"The VPC {vpc_id} in region {region} has already been associated with the hosted zone "
                f"{zone.resource_id} with the same domain name.",
            )


@wrap(Route53Backend, "associate_vpc_with_hosted_zone")
def associate_vpc_with_hosted_zone(original: Any, self: Any, zone_id: str, vpcid: str, vpcregion: str) -> Any:
    """AssociateVPCWithHostedZone: make the checks of a private zone's creation."""
    check_vpc(self, self.get_hosted_zone(zone_id).name, vpcid, vpcregion)
    return original(self, zone_id, vpcid, vpcregion)


def owner_of(zone: Any) -> str:
    """Return the namespace that a zone belongs to; empty for a customer's own zone."""
    return str((getattr(zone, "linked_service", None) or {}).get("Description", ""))


def check_owner(zone: Any) -> None:
    """Refuse to change a zone that Cloud Map manages (AccessDenied)."""
    if owner := owner_of(zone):
        refuse(
            "AccessDenied",
            f"The resource hostedzone/{zone.resource_id} can only be managed through AWS Cloud Map ({owner})",
        )


@replace(Route53Backend, "delete_hosted_zone")
def delete_hosted_zone(self: Any, id_: str) -> Any:
    """DeleteHostedZone: refuse zones with records besides their own NS and SOA, and zones of Cloud Map."""
    zone = self.get_hosted_zone(id_)
    check_owner(zone)
    if any(record.name != zone.name or record.type not in ("NS", "SOA") for record in zone.rrsets):
        refuse(
            "HostedZoneNotEmpty",
            texts.ZONE_HAS_RECORDS,
        )
    return drop_zone(self, zone)


def drop_zone(route53: Any, zone: Any) -> Any:
    """Remove a zone with its tags."""
    route53.resource_tags.pop(zone.resource_id, None)
    return route53.zones.pop(zone.resource_id, None)


@replace(Route53Backend, "list_hosted_zones_by_name")
def list_hosted_zones_by_name(self: Any, dnsname: str | None) -> Any:
    """ListHostedZonesByName: return every zone from `dnsname` on, in the order of reversed labels."""
    zones = sorted(self.zones.values(), key=lambda zone: (_reversed(zone.name), zone.resource_id))
    if dnsname is None:
        return None, zones
    start = _reversed(dnsname.lower().rstrip(".") + ".")
    return dnsname, [zone for zone in zones if _reversed(zone.name) >= start]


def _reversed(name: str) -> list[str]:
    return list(reversed(name.rstrip(".").split(".")))


@replace(Route53, "list_hosted_zones_by_name")
def list_zones_in_pages(self: Any) -> ActionResult:
    """ListHostedZonesByName: return pages by name and id."""
    name = self._get_param("DNSName")
    _, zones = self.backend.list_hosted_zones_by_name(name)
    if start := self._get_param("HostedZoneId"):
        places = [place for place, zone in enumerate(zones) if zone.resource_id == start]
        zones = zones[places[0] :] if places else zones
    size = self._get_int_param("MaxItems", 100)
    answer = {"DNSName": name, "HostedZones": zones[:size], "IsTruncated": len(zones) > size, "MaxItems": size}
    if len(zones) > size:
        answer |= {"NextDNSName": zones[size].name, "NextHostedZoneId": zones[size].resource_id}
    return ActionResult(answer)


@wrap(Route53, "change_tags_for_resource")
def change_tags_for_resource(original: Any, self: Any) -> Any:
    """ChangeTagsForResource: refuse more than 10 tags a call, and bad characters (octodns-route53#136)."""
    if len(self._get_param("AddTags") or []) > 10 or len(self._get_param("RemoveTagKeys") or []) > 10:
        refuse("InvalidInput", "A request can add or remove at most 10 tags.")
    tags = self._get_param("AddTags") or []
    if not all(good_tag(str(tag.get(part) or "")) for tag in tags for part in ("Key", "Value")):
        signs = "letters, numbers, spaces, and the following special characters: _ . : / = + - @"
        refuse("InvalidInput", f"Invalid parameter : Tags can only contain {signs}")
    return original(self)


@wrap(Route53, "list_tags_for_resources")
def list_tags_for_resources(original: Any, self: Any) -> Any:
    """ListTagsForResources: refuse unknown zones."""
    if self._get_param("ResourceType") == "hostedzone":
        for zone_id in self._get_param("ResourceIds"):
            self.backend.get_hosted_zone(zone_id)
    return original(self)


add(FakeZone, "linked_service")(None)


def with_change_info(self: Any, answer: ActionResult) -> ActionResult:
    """Give an answer its own ChangeInfo: PENDING now, INSYNC in a moment (GetChange)."""
    change_id, now = f"C{secrets.token_hex(10).upper()}", utcnow()
    changes = self.backend.__dict__.setdefault("changes", {})
    changes[change_id] = (later(durations.RECORDS_IN_SYNC), now)
    info = {"Id": f"/change/{change_id}", "Status": "PENDING", "SubmittedAt": now}
    result: Any = answer.result
    former = result.get("ChangeInfo") or {}
    result["ChangeInfo"] = {**info, "Comment": former["Comment"]} if former.get("Comment") else info
    return answer


def in_sync_at(self: Any, answer: ActionResult) -> float:
    """Return the time at which an answer's change is on all name servers."""
    result: Any = answer.result
    until: float = self.backend.changes[result["ChangeInfo"]["Id"].rpartition("/")[2]][0]
    return until


def _answer_with_change(method: str) -> None:
    @wrap(Route53, method)
    def with_change(original: Any, self: Any) -> ActionResult:
        return with_change_info(self, original(self))


for _method in ("delete_hosted_zone", "associate_vpc_with_hosted_zone", "disassociate_vpc_from_hosted_zone"):
    _answer_with_change(_method)


@replace(Route53, "get_change")
def get_change(self: Any) -> ActionResult:
    """GetChange: answer PENDING, then INSYNC; refuse an unknown id (NoSuchChange)."""
    change_id = self._get_param("Id").rpartition("/")[2]
    found: tuple[float, datetime] | None = self.backend.__dict__.get("changes", {}).get(change_id)
    if found is None:
        refuse("NoSuchChange", f"Could not find resource with ID: {change_id}")
    status = "INSYNC" if passed(found[0]) else "PENDING"
    return ActionResult({"ChangeInfo": {"Id": f"/change/{change_id}", "Status": status, "SubmittedAt": found[1]}})


@add(Route53, "test_dns_answer")
def test_dns_answer(self: Any) -> ActionResult:
    """TestDNSAnswer: answer as the zone's name servers; follow an alias to addresses; no record is NXDOMAIN."""
    from ecs_emulator.dns import answer_from

    zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId") or self._get_param("hostedzoneid"))
    name = (self._get_param("RecordName") or self._get_param("recordname")).rstrip(".").lower() + "."
    record_type = self._get_param("RecordType") or self._get_param("recordtype")
    known, values = answer_from(zone, name, record_type)
    return ActionResult(
        {
            "Nameserver": zone.delegation_set.name_servers[0],
            "RecordName": name,
            "RecordType": record_type,
            "RecordData": values,
            "ResponseCode": "NOERROR" if known else "NXDOMAIN",
            "Protocol": "UDP",
        }
    )
