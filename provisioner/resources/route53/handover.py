"""The takeover of a public name from another system: the state keeps the former records, for the way back.

Moving a name replaces all its records that lead clients: a client that asks for an AAAA record must move, too. That is
one batch, of which Route 53 makes all changes or none (Route 53 API, ChangeResourceRecordSets). The former records are
deleted by their exact values and not overwritten, so that no unseen record is lost: AWS refuses the batch if somebody
changed a record since it was read.
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
"""The types of records that lead clients from a name to a server."""
DISPLACES, RESTORES, FOREIGN = "displaces", "restores", "foreign"
"""Details of a name that is moving.

They are the records that its change deletes, the records that it creates instead, and whether the present record is
another system's.
"""
FORMER, GIVEN_BACK = "former_records", "given_back"
"""The outputs of a record for the former records, as Route 53 showed them, and for whether they are back in place."""
ALIAS_TTL = 60
"""Seconds for which resolvers cache an alias of a load balancer.

Source: Route 53 developer guide, "Choosing between alias and non-alias records".
"""

RawRecord = Mapping[str, Any]
"""A record set as Route 53 shows it and takes it."""


class Way(Enum):
    """The position of a name on its way from another system to this stack, or back."""

    COMING = auto()
    HERE = auto()
    RETURNING = auto()
    BACK = auto()


@dataclass(frozen=True)
class Handover:
    """The facts about a name that is, or is to be, taken over.

    Attributes:
        former: the former records, one of each type.
        asked: whether this run is to take the name over; otherwise it only finishes an earlier run's takeover.
        going: whether this stack's record is being deleted, which restores the former ones.
    """

    way: Way
    former: Sequence[RawRecord] = ()
    asked: bool = False
    going: bool = False

    def displaceable(self, there: Sequence[RawRecord]) -> bool:
        """Return whether these records of another system may be replaced.

        Without a request in this run, they must be the records that an earlier, interrupted run has recorded.
        """
        simple = not any(why_not(record) for record in there)
        return bool(there) and simple and (self.asked or _by_type(there) == _by_type(self.former))

    def with_former(self, there: Sequence[RawRecord], *, ours: bool) -> list[RawRecord]:
        """Return the former records to keep, including the records displaced now.

        Args:
            ours: whether the A record is this stack's: then the records kept so far still count as former ones.
        """
        before = _by_type(self.former) if ours else {}
        return [*(before | _by_type(there)).values()]


def handover(aws: Aws, resource_type: type[Resource], id: str, name: str) -> Handover | None:
    """Return the facts about the takeover of a record's name; None if it was never another system's."""
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
    """Return the resources at a name that moves, or has moved; None if it needs no special treatment.

    Args:
        live: its A record, or an empty one.
        leading: all records that lead its clients.
        ours: whether the A record exists and is this stack's.
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
        # the present record is the other system's, and is compared with nothing
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
    """Return the former records of a name that was taken over; none if it was not.

    They must be of that name, and of types that lead its clients: the writer of a state must not be able to create
    others.

    Args:
        outputs: the outputs of the name's own record in the state.
    """
    kept = outputs.get(FORMER)
    return [*kept] if isinstance(kept, list) and kept and all(_is_of(name, one) for one in kept) else []


def _is_of(name: str, record: Any) -> bool:
    if not isinstance(record, Mapping) or not isinstance(record.get("Name"), str):
        return False
    return normal_name(record["Name"]) == name and record.get("Type") in LEADING


def is_given_back(outputs: Mapping[str, Any]) -> bool:
    """Return whether a recorded name has its former records again, by its record's outputs."""
    return outputs.get(GIVEN_BACK) is True


def why_not(record: RawRecord) -> str:
    """Return the reason why a record cannot be taken over; empty if it can."""
    where = f"{normal_name(record['Name'])} {record['Type']}"
    if "SetIdentifier" in record:
        return (
            f"{where} is one of several records that share the name (SetIdentifier {record['SetIdentifier']}: "
            f"weighted, latency, failover and the like), which only their owner can move"
        )
    if "TrafficPolicyInstanceId" in record:
        return f"{where} belongs to a traffic policy, which only its owner can move"
    return ""


def led_to(records: Sequence[RawRecord]) -> str:
    """Describe the targets of records."""
    return ", ".join(f"{one['Type']} {_target(one)}" for one in sorted(records, key=lambda one: str(one["Type"])))


def lasts(records: Sequence[RawRecord]) -> int:
    """Return the seconds for which resolvers may cache these records."""
    return max((int(one.get("TTL", ALIAS_TTL)) for one in records), default=ALIAS_TTL)


def target_is_gone(error: ClientError) -> bool:
    """Return whether a batch was refused because an alias in it has a target that no longer exists.

    AWS adds that the target was not found, or is not in the zone of its load balancers, or both (Terraform and boto3
    show it so: rust-lang/simpleinfra#907, harmony-one/harmony-ops#491).
    """
    return "Tried to create an alias that targets" in str(error)


def _target(record: RawRecord) -> str:
    values = [str(value.get("Value", "")) for value in record.get("ResourceRecords") or ()]
    return " ".join(values) or normal_name((record.get("AliasTarget") or {}).get("DNSName", ""))


def _by_type(records: Sequence[RawRecord]) -> dict[str, RawRecord]:
    return {str(record["Type"]): record for record in records}
