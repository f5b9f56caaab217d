"""A public name that another system had before this stack: what stood there is kept in the state, for the way back.

Moving a name replaces all records of it that lead clients: whoever asks for an AAAA record must not stay behind. That
is one batch, of which Route 53 makes all changes or none (Route 53 API, ChangeResourceRecordSets). What stood there is
deleted by its exact values and not overwritten, so that nothing is lost that nobody has seen: AWS refuses the batch if
somebody changed a record since it was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.engine.resource import Observed
from provisioner.resources.route53.pages import normal_name
from provisioner.resources.route53.shapes import observed, target

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.resource import Resource

LEADING = ("A", "AAAA", "CNAME", "HTTPS")
"""The types of records that lead clients of a name somewhere."""
DISPLACES, RESTORES, FOREIGN = "displaces", "restores", "foreign"
"""Details of a name on its way: the records that its change deletes, and those that it creates instead; and that what
stands there is somebody else's."""
FORMER, GIVEN_BACK = "former_records", "given_back"
"""The outputs under which a record's state has what stood there before, as Route 53 showed it; and that it does again.
"""
ALIAS_TTL = 60
"""Seconds for which resolvers keep an alias of a load balancer (Route 53 developer guide, "Choosing between alias and
non-alias records")."""

RawRecord = Mapping[str, Any]
"""A record set as Route 53 shows it and takes it."""


class Way(Enum):
    """Where a name is on its way from another system to this stack, or back."""

    COMING = auto()
    HERE = auto()
    RETURNING = auto()
    BACK = auto()


@dataclass(frozen=True)
class Handover:
    """What is known of a name that is, or is to be, taken over.

    Attributes:
        former: what stood there before, one record of each type.
        asked: whether this run is asked to take it over; else only what an earlier run has begun is finished.
        going: whether this stack's record is being deleted, which puts back the former ones.
    """

    way: Way
    former: Sequence[RawRecord] = ()
    asked: bool = False
    going: bool = False

    def displaceable(self, there: Sequence[RawRecord]) -> bool:
        """Whether these records of others may be replaced.

        If nobody asks for it now, they are those that an earlier run has recorded before it was cut off.
        """
        simple = not any(why_not(record) for record in there)
        return bool(there) and simple and (self.asked or _by_type(there) == _by_type(self.former))

    def with_former(self, there: Sequence[RawRecord], *, ours: bool) -> list[RawRecord]:
        """Return what is to be kept, with what is displaced now.

        Args:
            ours: whether the A record is this stack's: then what was kept so far still stood there before it.
        """
        before = _by_type(self.former) if ours else {}
        return [*(before | _by_type(there)).values()]


def handover(aws: Aws, resource_type: type[Resource], id: str, name: str) -> Handover | None:
    """Return what is known of the way of a record's name; None if it has never been another system's."""
    record = next((one for one in aws.knowledge.of(resource_type) if one.id == id), None)
    former = former_of(name, record.outputs) if record else []
    begun = record is not None and record.phase == "creating"
    going = id in aws.deleted or (record is not None and record.phase == "deleting")
    if name in aws.take_over:
        return Handover(Way.COMING, former, asked=True)
    if not (record and former):
        return None
    if name in aws.give_back:
        return Handover(Way.RETURNING, former)
    if is_given_back(record.outputs):
        return Handover(Way.RETURNING if begun else Way.BACK, former)
    return Handover(Way.COMING if begun else Way.HERE, former, going=going)


def on_its_way(way: Handover, live: Observed, leading: Sequence[RawRecord], *, ours: bool) -> Sequence[Observed] | None:
    """Return what stands at a name that moves, or has moved; None if it is to be treated as any other.

    Args:
        live: its A record, or an empty one.
        leading: all records that lead its clients.
        ours: whether the A record is there and this stack's.
    """
    foreign = [one for one in leading if not (ours and one["Type"] == "A")]
    if way.way is Way.COMING and way.displaceable(foreign):
        beside = {one["Type"]: target(observed("", one).attributes) for one in foreign if one["Type"] != "A"}
        outputs = {FORMER: way.with_former(foreign, ours=ours)}
        details = {DISPLACES: foreign, FOREIGN: not ours}
        return [replace(live, owned=True, owner="", problems=beside, outputs=outputs, details=details)]
    kept = {FORMER: [*way.former]}
    if way.way is Way.RETURNING and ours:
        there = {one["Type"] for one in foreign}
        displaced = [one for one in leading if one["Type"] == "A"]
        restored = [one for one in way.former if one["Type"] not in there]
        return [replace(live, outputs=kept | {GIVEN_BACK: True}, details={DISPLACES: displaced, RESTORES: restored})]
    if way.way in (Way.RETURNING, Way.BACK):
        # whatever stands there is theirs, and is not compared with anything
        named = {name: live.attributes[name] for name in ("hosted_zone_id", "record_name", "type")}
        given_back = kept | {GIVEN_BACK: True}
        return [Observed(live.id, named, given_back, status=live.status, details={FOREIGN: True})]
    if way.going and not ours:
        return [replace(live, owned=True, owner="", deleting=True)] if live.status else []
    if way.former and (ours or not leading):
        zone_id = live.attributes["hosted_zone_id"]
        return [replace(live, outputs=kept), *(replace(observed(zone_id, one), owned=False) for one in foreign)]
    return None


def former_of(name: str, outputs: Mapping[str, Any]) -> list[RawRecord]:
    """Return the records that stood at a name before it was taken over; none if it was not.

    Only of that name, and of types that lead its clients: who can write the state must not have others made by it.

    Args:
        outputs: those of the name's own record in the state.
    """
    kept = outputs.get(FORMER)
    return [*kept] if isinstance(kept, list) and kept and all(_is_of(name, one) for one in kept) else []


def _is_of(name: str, record: Any) -> bool:
    if not isinstance(record, Mapping) or not isinstance(record.get("Name"), str):
        return False
    return normal_name(record["Name"]) == name and record.get("Type") in LEADING


def is_given_back(outputs: Mapping[str, Any]) -> bool:
    """Whether a recorded name leads again where it did before it was taken over, by its record's outputs."""
    return outputs.get(GIVEN_BACK) is True


def why_not(record: RawRecord) -> str:
    """Say why a record cannot be taken over; empty if it can."""
    where = f"{normal_name(record['Name'])} {record['Type']}"
    if "SetIdentifier" in record:
        return (
            f"{where} is one of several records that share the name (SetIdentifier {record['SetIdentifier']}: "
            f"weighted, latency, failover and the like), which only whoever made them can move"
        )
    if "TrafficPolicyInstanceId" in record:
        return f"{where} belongs to a traffic policy, which only whoever made it can move"
    return ""


def led_to(records: Sequence[RawRecord]) -> str:
    """Say in words where records lead."""
    return ", ".join(f"{one['Type']} {_target(one)}" for one in sorted(records, key=lambda one: str(one["Type"])))


def lasts(records: Sequence[RawRecord]) -> int:
    """Return the seconds for which resolvers may keep what these records say."""
    return max((int(one.get("TTL", ALIAS_TTL)) for one in records), default=ALIAS_TTL)


def target_is_gone(error: ClientError) -> bool:
    """Whether a batch was refused since an alias in it leads to what is no longer there.

    AWS adds that the target was not found, or is not in the zone of its load balancers, or both (Terraform and boto3
    show it so: rust-lang/simpleinfra#907, harmony-one/harmony-ops#491).
    """
    return "Tried to create an alias that targets" in str(error)


def _target(record: RawRecord) -> str:
    values = [str(value.get("Value", "")) for value in record.get("ResourceRecords") or ()]
    return " ".join(values) or normal_name((record.get("AliasTarget") or {}).get("DNSName", ""))


def _by_type(records: Sequence[RawRecord]) -> dict[str, RawRecord]:
    return {str(record["Type"]): record for record in records}
