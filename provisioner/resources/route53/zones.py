"""Route 53: hosted zones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.client import Aws, batches
from provisioner.aws.tagging import tag_map
from provisioner.engine.costs import Around, Cost, by_load, monthly
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.ec2.security import vpcs as stack_vpcs
from provisioner.resources.elbv2.balancer import owner_of
from provisioner.resources.route53.api import API
from provisioner.resources.route53.pages import normal_name


@dataclass(frozen=True)
class HostedZone(Resource):
    """A public zone, or a private zone that only the given VPC can read.

    CreateHostedZone takes no tags, so the zone's caller reference names the owner until the tags are set: meanwhile it
    has the problem `untagged`.
    """

    hosted_zone_name: str
    vpc_id: str | None = None

    type_name = "hosted_zone"
    api = API
    identity = ("hosted_zone_name", "vpc_id")
    outputs = ("name_servers",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hosted_zone_name", normal_name(self.hosted_zone_name))

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield monthly("a hosted zone", "zone.month")
        yield by_load("DNS queries", "zone.queries", "dns_million_queries")

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {normal_name(fields["hosted_zone_name"]) for fields in known}
        near = {} if aws.include_unrecorded else {zone_id: n for zone_id, n in vpc_zones(aws).items() if n[0] in names}
        if names and names == {name for name, _ in near.values()}:
            yield from cls._near(aws, near)
            return
        zones = {_bare(zone["Id"]): zone for zone in aws.pages("route53", "list_hosted_zones", "HostedZones")}
        tags = _tags(aws, list(zones))
        for zone_id, zone in zones.items():
            if aws.owns(tags[zone_id]) or _reference_address(aws, zone) or normal_name(zone["Name"]) in names:
                yield cls._live(aws, aws.read("route53", "get_hosted_zone", Id=zone_id), tags[zone_id])

    @classmethod
    def _near(cls, aws: Aws, zones: Mapping[str, tuple[str, str]]) -> Iterator[Observed]:
        """Yield zones of the stack's VPC; only a zone without the stack's tags needs a read of its caller reference."""
        tags = _tags(aws, list(zones))
        for zone_id, (name, vpc_id) in zones.items():
            if address := aws.address_in(tags[zone_id]):
                attributes = {"hosted_zone_name": name, "vpc_id": vpc_id}
                yield Observed(zone_id, attributes, {"name_servers": []}, address, tags=tags[zone_id])
            else:
                yield cls._live(aws, aws.read("route53", "get_hosted_zone", Id=zone_id), tags[zone_id])

    @staticmethod
    def _live(aws: Aws, answer: Mapping[str, Any], tags: Mapping[str, str]) -> Observed:
        zone, vpcs = answer["HostedZone"], [vpc["VPCId"] for vpc in answer.get("VPCs", ())]
        ours = set(stack_vpcs(aws)) if vpcs else set()
        attributes = {
            "hosted_zone_name": normal_name(zone["Name"]),
            # a zone may serve further VPCs: the stack's own VPC counts
            "vpc_id": next((vpc for vpc in vpcs if vpc in ours), vpcs[0]) if vpcs else None,
        }
        problems = {} if aws.owns(tags) else {"untagged": True}
        outputs = {"name_servers": name_servers(answer)}
        address = aws.address_in(tags) or _reference_address(aws, zone)
        owned = address is not None
        return Observed(_bare(zone["Id"]), attributes, outputs, address, owned, problems=problems, tags=tags)

    def create(self, aws: Aws, token: str) -> Observed:
        private = {"VPC": {"VPCId": self.vpc_id, "VPCRegion": aws.region}} if self.vpc_id else {}
        made = aws.client("route53").create_hosted_zone(
            Name=self.hosted_zone_name,
            CallerReference=f"{_reference_prefix(aws)}{self.address} {token}",
            HostedZoneConfig={"PrivateZone": bool(self.vpc_id)},
            **private,
        )
        vpcs = [made["VPC"]] if "VPC" in made else []
        return self._live(aws, {**made, "VPCs": vpcs}, {})

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        aws.client("route53").change_tags_for_resource(
            ResourceType="hostedzone", ResourceId=live.id, AddTags=aws.tag_list(self.address)
        )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        apex = live.attributes["hosted_zone_name"]
        records = aws.pages("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=live.id)
        foreign = [
            f"{normal_name(record['Name'])} {record['Type']}{_whose(aws, record)}"
            for record in records
            if (normal_name(record["Name"]), record["Type"]) not in ((apex, "SOA"), (apex, "NS"))
        ]
        if foreign:
            raise Failed(
                f"zone {apex} ({live.id}) has records that this stack did not create: {', '.join(foreign)}. Delete "
                f"their stacks, or move or delete the records, then run again"
            )
        aws.client("route53").delete_hosted_zone(Id=live.id)


def _whose(aws: Aws, record: Mapping[str, Any]) -> str:
    """Return in brackets the other stack whose load balancer a record leads to; empty if there is none."""
    owner = owner_of(aws, normal_name(record["AliasTarget"]["DNSName"])) if "AliasTarget" in record else ""
    return f" ({owner})" if owner else ""


def public_zones(aws: Aws, domain: str, *, own: bool) -> list[str]:
    """Return the ids of the account's public zones of a name, except zones that this stack created.

    Args:
        own: whether the stack is to have its own zone. Then zones that somebody gave its tags are left out as well.
    """
    # the list begins at the name, and zones of the same name are adjacent
    found = aws.client("route53").list_hosted_zones_by_name(DNSName=domain, MaxItems="100")["HostedZones"]
    zones = [z for z in found if normal_name(z["Name"]) == domain and not z["Config"]["PrivateZone"]]
    others = [_bare(zone["Id"]) for zone in zones if not _reference_address(aws, zone)]
    tags = _tags(aws, others) if own else {}
    return [zone_id for zone_id in others if not aws.owns(tags.get(zone_id, {}))]


def vpc_zones(aws: Aws) -> dict[str, tuple[str, str]]:
    """Return the account's private zones of the stack's VPCs, by id: name and VPC."""
    found = {}
    for vpc in stack_vpcs(aws):
        where = {"VPCId": vpc, "VPCRegion": aws.region}
        for zone in aws.pages("route53", "list_hosted_zones_by_vpc", "HostedZoneSummaries", **where):
            if zone["Owner"].get("OwningAccount") == aws.account:
                found[zone["HostedZoneId"]] = normal_name(zone["Name"]), vpc
    return found


def _bare(zone_id: str) -> str:
    return zone_id.removeprefix("/hostedzone/")


def _reference_prefix(aws: Aws) -> str:
    # keep the two apart: a-b and c make the same name as a and b-c
    return f"provisioner {aws.owner['Project']} {aws.owner['Environment']} {aws.region} "


def _reference_address(aws: Aws, zone: Mapping[str, Any]) -> str | None:
    """Return the address in the zone's caller reference, if this stack created the zone; otherwise None."""
    prefix, reference = _reference_prefix(aws), zone["CallerReference"]
    return reference.removeprefix(prefix).split(" ")[0] if reference.startswith(prefix) else None


def name_servers(answer: Mapping[str, Any]) -> list[str]:
    """Return the name servers in GetHostedZone's answer, sorted."""
    return sorted(normal_name(server) for server in answer.get("DelegationSet", {}).get("NameServers", ()))


def _tags(aws: Aws, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    tags: dict[str, dict[str, str]] = {}
    # ListTagsForResources takes ten at once
    for group in batches(ids, 10):
        answer = aws.client("route53").list_tags_for_resources(ResourceType="hostedzone", ResourceIds=group)
        tags |= {item["ResourceId"]: tag_map(item["Tags"]) for item in answer["ResourceTagSets"]}
    return tags


def is_ours(aws: Aws, zone_id: str) -> bool:
    """Say whether a hosted zone is this stack's."""
    return any(zone.id == zone_id and zone.owned for zone in aws.live(HostedZone))
