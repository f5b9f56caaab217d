"""Route 53's records, also in zones that belong to somebody else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.engine.declaration import unknown
from provisioner.engine.errors import NotCreated, NotOwned
from provisioner.engine.records.lookup import others
from provisioner.engine.resource import Change, Changes, Observed, Resource
from provisioner.engine.traits import KnownByContent
from provisioner.resources.elbv2.balancer import LoadBalancer, owner_of
from provisioner.resources.elbv2.others import hosts_of_others
from provisioner.resources.route53 import changes as route53_changes
from provisioner.resources.route53.api import API
from provisioner.resources.route53.handover import (
    DISPLACES,
    FOREIGN,
    FORMER,
    LEADING,
    RESTORES,
    RawRecord,
    handover,
    led_to,
    on_its_way,
    target_is_gone,
)
from provisioner.resources.route53.pages import Records, normal_name, order, page, records_at
from provisioner.resources.route53.shapes import content as content_of
from provisioner.resources.route53.shapes import normal_alias, observed, record_id, spelled, target
from provisioner.resources.route53.zones import HostedZone, is_ours

BESIDE = LEADING[1:]
"""The types of records that lead clients of a name past its A record."""


@dataclass(frozen=True)
class RecordSet(KnownByContent, Resource):
    """A simple record: its values with their TTL, or an alias.

    Records carry no tags. A record is this stack's if its zone is. In another owner's zone it is this stack's if it has
    declared or recorded content, and its name can be the stack's or it leads to one of the stack's resources. Any other
    record there stays unchanged, whatever a state may claim, and only records that lead to the stack's resources are
    deleted there.

    There is one exception, a name that the user takes over (`Aws.take_over`). Its change replaces the former records,
    which are an output afterwards, and which are restored when the user gives the name back, or the record is deleted.

    A name that leads to another's load balancer, `at_listener`, is this stack's as long as the content is the declared
    or recorded one, and no rule of others at that listener takes the name.
    """

    hosted_zone_id: str
    record_name: str
    type: str
    ttl: int | None = None
    resource_records: Sequence[str] = ()
    alias_target: Mapping[str, Any] | None = None
    at_listener: str | None = None

    type_name = "record_set"
    has_tags = False
    api = API
    identity = ("hosted_zone_id", "record_name", "type")
    derived = ("id",)
    unordered = frozenset({"resource_records"})
    foreign = "does not lead to a load balancer that this stack has, in a zone that is not this stack's"

    def __post_init__(self) -> None:
        object.__setattr__(self, "record_name", normal_name(self.record_name))
        object.__setattr__(self, "alias_target", normal_alias(self.alias_target))

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        contents: dict[tuple[str, str, str], list[Any]] = {}
        for fields in known:
            key = fields["hosted_zone_id"], normal_name(fields["record_name"]), fields["type"]
            if not unknown(key):
                contents.setdefault(key, []).append(content_of(fields))
        pages: dict[str, Records] = {}
        unready = aws.unready(cls)
        for (zone_id, name, record_type), content in sorted(contents.items(), key=lambda item: order(item[0])):
            if zone_id not in pages:
                pages[zone_id] = page(aws, zone_id, cls._first(aws, zone_id, name))
            if (name, record_type) not in pages[zone_id]:
                # it does not exist, or is beyond the page
                pages[zone_id] |= records_at(aws, zone_id, name)
            there = record_id(zone_id, name, record_type)
            record = pages[zone_id].get((name, record_type))
            status = route53_changes.status(aws, there, unready)
            live = replace(cls._judged(aws, zone_id, record, content), status=status) if record else None
            beside = [
                pages[zone_id][name, other]
                for other in (BESIDE if record_type == "A" else ())
                if (name, other) in pages[zone_id] and (zone_id, name, other) not in contents
            ]
            if record_type == "A" and (way := handover(aws, cls, there, name)):
                leading = [*([record] if record else []), *beside]
                nothing = replace(observed(zone_id, {"Name": name, "Type": "A"}), status=status)
                moving = on_its_way(way, live or nothing, leading, ours=live is not None and live.owned)
                if moving is not None:
                    yield from moving
                    continue
            if live:
                yield live
            yield from (replace(observed(zone_id, other), owned=False) for other in beside)

    @staticmethod
    def _first(aws: Aws, zone_id: str, name: str) -> str:
        """Return the zone's first name among all kinds of known records, so that one page serves them all."""
        resource_types: list[type[Resource]] = [RecordSet, *RecordSet.__subclasses__()]
        known = [
            fields
            for resource_type in resource_types
            for fields in aws.known(resource_type)
            if fields["hosted_zone_id"] == zone_id
        ]
        names = {normal_name(fields["record_name"]) for fields in known if not unknown(fields["record_name"])}
        return min(names | {name}, key=lambda one: order((zone_id, one, "")))

    @classmethod
    def list_unlisted(cls, aws: Aws) -> Iterator[Observed]:
        """Yield the records that lead to this stack's resources, under any name."""
        targets = cls._targets(aws)
        yield from (live for live in cls._all(aws) if cls._leads_to_any(live, targets))

    @classmethod
    def _all(cls, aws: Aws) -> Iterator[Observed]:
        """Yield all simple records of the zones that this stack writes into."""
        zones = {zone.id for zone in aws.live(HostedZone) if zone.owned}
        zones |= {fields["hosted_zone_id"] for fields in aws.known(cls) if not unknown(fields["hosted_zone_id"])}
        for zone_id in sorted(zones):
            found = aws.pages("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone_id)
            yield from (observed(zone_id, record) for record in found if "SetIdentifier" not in record)

    @classmethod
    def _there(cls, aws: Aws, zone_id: str, name: str, record_type: str, content: Sequence[Any]) -> Observed | None:
        """Return the record with this name and type; it is this stack's if its content is one of these."""
        record = records_at(aws, zone_id, name).get((name, record_type))
        return None if record is None else cls._judged(aws, zone_id, record, content)

    @classmethod
    def _judged(cls, aws: Aws, zone_id: str, record: Mapping[str, Any], content: Sequence[Any]) -> Observed:
        """Return a record with its owner: this stack if it owns the zone, or if it can have declared the content.

        A record that leads to another stack's load balancer is that stack's, even in a zone that this stack created.
        """
        live = observed(zone_id, record)
        if owner := cls._leads_to(aws, live):
            return replace(live, owned=False, owner=owner)
        known = live.attributes["record_name"] in aws.domains or cls._leads_here(aws, live)
        said_so = content_of(live.attributes) in content and known
        return replace(live, owned="SetIdentifier" not in record and (said_so or is_ours(aws, zone_id)))

    @classmethod
    def _leads_here(cls, aws: Aws, live: Observed) -> bool:
        """Return whether a record leads to a resource that has this stack's tags now, or to a listener that it uses."""
        return cls._leads_to_any(live, cls._targets(aws)) or cls._leads_to_shared(aws, live)

    @classmethod
    def _leads_to_shared(cls, aws: Aws, live: Observed) -> bool:
        """Return whether a record leads to another's load balancer for this stack, as declared or recorded."""
        zone_id, name, record_type = (live.attributes[field] for field in cls.identity)
        for fields in aws.known(cls):
            same = fields["hosted_zone_id"] == zone_id and normal_name(fields["record_name"]) == name
            if not same or fields["type"] != record_type or not (listener := fields.get("at_listener")):
                continue
            if content_of(fields) == content_of(live.attributes) and name not in hosts_of_others(aws, listener):
                return True
        return False

    @classmethod
    def _targets(cls, aws: Aws) -> Collection[Any]:
        """Return the targets of this stack's records: the DNS names of its load balancers.

        A balancer's name alone proves nothing: same-named stacks in other Regions and accounts have balancers of that
        name.
        """
        return {normal_name(live.outputs.get("dns_name", "")) for live in aws.live(LoadBalancer) if live.owned} - {""}

    @classmethod
    def _leads_to_any(cls, live: Observed, targets: Collection[Any]) -> bool:
        alias = live.attributes["alias_target"] or {"DNSName": ""}
        return alias["DNSName"].removeprefix("dualstack.") in targets

    @classmethod
    def _leads_to(cls, aws: Aws, live: Observed) -> str:
        """Return a phrase for the other stack whose load balancer a record leads to; empty if there is none."""
        alias = live.attributes["alias_target"]
        return owner_of(aws, alias["DNSName"]) if alias and not cls._leads_here(aws, live) else ""

    def create(self, aws: Aws, token: str) -> Observed:
        # if zone or name became known only in this run, nothing was read there yet
        content = [content_of(self.fields())]
        if there := self._there(aws, self.hosted_zone_id, self.record_name, self.type, content):
            if there.owner:
                raise NotOwned(f"the record {self.record_name} {self.type} {others(there)}: rename one of them")
            if not there.owned:
                raise NotOwned(
                    f"zone {self.hosted_zone_id} has a record {self.record_name} {self.type} with other content, "
                    f"which this stack did not create, so it is not changed. Delete it if it is not needed, then run "
                    f"again. {self.way_in(there)}"
                )
            return there
        record = spelled(self.fields())
        # CREATE and not UPSERT: a record that somebody created meanwhile is not overwritten
        try:
            change_id = route53_changes.change(aws, self.hosted_zone_id, ("CREATE", record))
        except ClientError as error:
            # two stacks of a domain prove it by the same record, and the other one was faster
            there = self._there(aws, self.hosted_zone_id, self.record_name, self.type, content)
            if "already exists" not in str(error) or there is None or not there.owned:
                raise
            return there
        live = observed(self.hosted_zone_id, record)
        route53_changes.begun(aws, live.id, change_id)
        outputs = {route53_changes.CHANGE: change_id}
        return replace(live, outputs=outputs, status=route53_changes.PENDING)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        deleted = [("DELETE", one) for one in live.details.get(DISPLACES, ())]
        if RESTORES in live.details:
            self._give_back(aws, live, deleted)
            return
        put = "CREATE" if live.details.get(FOREIGN) else "UPSERT"
        change_id = route53_changes.change(aws, self.hosted_zone_id, *deleted, (put, spelled(self.fields())))
        route53_changes.begun(aws, live.id, change_id)

    def _give_back(self, aws: Aws, live: Observed, deleted: Sequence[tuple[str, RawRecord]]) -> None:
        restored = live.details[RESTORES]
        try:
            change_id = route53_changes.change(
                aws, self.hosted_zone_id, *deleted, *(("CREATE", one) for one in restored)
            )
        except ClientError as error:
            if not target_is_gone(error):
                raise
            raise NotCreated(
                f"{self.record_name} cannot be given back: its former target ({led_to(restored)}) is no longer "
                f"there, so nothing was changed: correct the record by hand"
            ) from error
        route53_changes.begun(aws, live.id, change_id)

    def differences(self, live: Observed) -> dict[str, Change]:
        if RESTORES not in live.details:
            return super().differences(live)
        restored = {one["Type"]: observed(self.hosted_zone_id, one).attributes for one in live.details[RESTORES]}
        blank = observed(self.hosted_zone_id, {"Name": self.record_name, "Type": "A"}).attributes
        after = restored.get("A", blank)
        found = {name: Change(now, after[name]) for name, now in live.attributes.items() if now != after[name]}
        return found | {kind: Change(None, target(shown)) for kind, shown in restored.items() if kind != "A"}

    @classmethod
    def displaced(cls, live: Observed) -> Mapping[str, Any]:
        return live.outputs if DISPLACES in live.details else {}

    @classmethod
    def shared(cls, aws: Aws, live: Observed) -> bool:
        return bool(live.details.get(FOREIGN))

    @classmethod
    def way_in(cls, live: Observed) -> str:
        name = live.attributes["record_name"]
        if live.attributes["type"] != "A":
            return ""
        return (
            f"To move the name to this stack, and keep its present target for the way back: `provision up "
            f"--take-over {name}`"
        )

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        return live.status or None

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        zone_id, name = live.attributes["hosted_zone_id"], live.attributes["record_name"]
        if not target(live.attributes):
            # somebody deleted it; the next list will show that, too
            aws.deleted.add(live.id)
            return
        if owner := cls._leads_to(aws, live):
            raise NotOwned(
                f"the record {name} {live.attributes['type']} {others(replace(live, owner=owner))}. Remove it from "
                f"this state with `provision state rm`"
            )
        if not (is_ours(aws, zone_id) or cls._leads_here(aws, live)):
            raise NotOwned(
                f"the record {name} {live.attributes['type']} {cls.foreign}, so it is not changed. Delete it by hand "
                f"if it is not needed, then run `provision state rm`"
            )
        # DELETE takes the exact values only, so a record that changed since it was read stays
        deleted = ("DELETE", spelled(live.attributes))
        if former := live.outputs.get(FORMER):
            cls._put_back(aws, live, deleted, former)
        else:
            route53_changes.change(aws, zone_id, deleted)

    @classmethod
    def _put_back(cls, aws: Aws, live: Observed, deleted: tuple[str, RawRecord], former: Sequence[RawRecord]) -> None:
        """Delete the record and restore the former ones; only delete it if their targets no longer exist."""
        zone_id, name = live.attributes["hosted_zone_id"], live.attributes["record_name"]
        there = records_at(aws, zone_id, name)
        created = [("CREATE", one) for one in former if (name, one["Type"]) not in there or one["Type"] == "A"]
        aws.deleted.add(live.id)
        try:
            change_id = route53_changes.change(aws, zone_id, deleted, *created)
        except ClientError as error:
            if not target_is_gone(error):
                raise
            change_id = route53_changes.change(aws, zone_id, deleted)
        route53_changes.begun(aws, live.id, change_id)


def obstacle(aws: Aws, name: str) -> str:
    """Return a message if the public name is a CNAME, beside which AWS accepts no other record; empty if it is not."""
    for live in _beside(aws, name):
        if live.attributes["type"] == "CNAME":
            return (
                f"{name} is a CNAME{_to(live)}, which this stack did not create, and there can be no other record "
                f"beside a CNAME (RFC 1034). Delete it, then run again; or, to move without a gap, take the name over: "
                f"`provision up --take-over {name}`"
            )
    return ""


def diverted(aws: Aws, name: str) -> list[str]:
    """Return a warning for each record of another owner that leads some clients of the public name elsewhere."""
    return [
        f"{name} has a record {live.attributes['type']}{_to(live)} that this stack did not create: clients that ask "
        f"for it go there, and not to this stack. Delete it if it is not meant so"
        for live in _beside(aws, name)
        if live.attributes["type"] != "CNAME"
    ]


def _beside(aws: Aws, name: str) -> list[Observed]:
    """Return other owners' records at a name that this stack's A record has, or is to have."""
    found = [live for live in aws.live(RecordSet) if live.attributes["record_name"] == name]
    return [live for live in found if not live.owned and live.attributes["type"] in BESIDE]


def _to(live: Observed) -> str:
    values = live.attributes["resource_records"] or [(live.attributes["alias_target"] or {}).get("DNSName", "")]
    return f" to {', '.join(values)}" if any(values) else ""
