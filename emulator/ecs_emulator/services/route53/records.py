"""Resource record sets: batches that apply whole or not at all, exact deletes, and checks of values and aliases."""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.core.responses import ActionResult
from moto.elbv2.models import elbv2_backends
from moto.route53.models import RecordSet, Route53Backend
from moto.route53.responses import Route53

from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.sent_members import change_members, never
from ecs_emulator.services.elbv2.balancers import ZONE_IDS
from ecs_emulator.services.route53.rules import check_owner, in_sync_at, with_change_info

_TARGET_NOT_FOUND = "{} but that target was not found"


def normal(name: str) -> str:
    """Return a record's name as Route 53 keeps it: lower case, a final dot, an asterisk as its octal code."""
    return name.lower().rstrip(".").replace("*", "\\052") + "."


@wrap(Route53, "change_resource_record_sets")
def announce_change(original: Any, self: Any) -> ActionResult:
    """ChangeResourceRecordSets: answer PENDING; name servers answer as before until the change is INSYNC."""
    zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
    before = list(zone.rrsets)
    answer: ActionResult = original(self)
    changed = with_change_info(self, answer)
    zone.__dict__.setdefault("earlier", []).append((in_sync_at(self, changed), before))
    return changed


@replace(Route53Backend, "change_resource_record_sets")
def change_resource_record_sets(self: Any, zoneid: str, change_list: list[dict[str, Any]]) -> None:
    """ChangeResourceRecordSets: check each change after the changes before it; apply all changes or none."""
    zone = self.get_hosted_zone(zoneid)
    check_owner(zone)
    records = {_key(record): record for record in zone.rrsets}
    for change in change_list:
        action, record_set = change["Action"], change["ResourceRecordSet"]
        if action not in ("CREATE", "UPSERT", "DELETE"):
            refuse("InvalidInput", f"Invalid value '{action}' for Action: one of CREATE, UPSERT, DELETE")
        _check_form(action, record_set)
        record = _record(record_set)
        if action == "DELETE":
            _check_delete(zone, records, record)
            del records[_key(record)]
        else:
            _check_put(self, zone, records, record, action)
            records[_key(record)] = record
    zone.rrsets = list(records.values())


def _key(record: Any) -> tuple[str, str, str]:
    return record.name, record.type, record.set_identifier or ""


def _record(record_set: dict[str, Any]) -> RecordSet:
    values = [entry["Value"] for entry in record_set.get("ResourceRecords") or []]
    record = {**record_set, "Name": normal(record_set["Name"]), "ResourceRecords": values}
    if alias := record_set.get("AliasTarget"):
        record["AliasTarget"] = {**alias, "DNSName": normal(alias["DNSName"])}
    return RecordSet(record)  # type: ignore[abstract]


def _shown(record: Any) -> str:
    more = f", set-identifier='{record.set_identifier}'" if record.set_identifier else ""
    return f"[name='{record.name}', type='{record.type}'{more}]"


def _invalid(message: str) -> None:
    refuse("InvalidChangeBatch", f"[{message}]", messages=[message])


def _check_form(action: str, record_set: dict[str, Any]) -> None:
    plain = record_set.get("TTL") is not None and bool(record_set.get("ResourceRecords"))
    forms = [bool(record_set.get("AliasTarget")), plain, bool(record_set.get("TrafficPolicyInstanceId"))]
    if forms.count(True) != 1:
        found = "found none" if not any(forms) else "found more than one"
        refuse(
            "InvalidInput",
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            f"TrafficPolicyInstanceId], but {found} in Change with [Action={action}, Name={record_set['Name']}, "
            f"Type={record_set['Type']}, SetIdentifier={record_set.get('SetIdentifier', 'null')}]",
        )


def _check_delete(zone: Any, records: dict[Any, Any], record: Any) -> None:
    found = records.get(_key(record))
    if found is None:
        _invalid(f"Tried to delete resource record set {_shown(record)} but it was not found")
    if _content(found) != _content(record):
        _invalid(
            f"Tried to delete resource record set {_shown(record)} but the values provided do not match the current "
            "values"
        )
    if record.name == zone.name and record.type in ("NS", "SOA"):
        _invalid(f"A HostedZone must contain at least one {record.type} record for the zone itself.")


def _content(record: Any) -> tuple[Any, ...]:
    alias = record.alias_target
    if alias:
        target = (alias["HostedZoneId"], normal(alias["DNSName"]), alias.get("EvaluateTargetHealth", False))
        return (target, record.multi_value_answer, record.weight)
    return (int(record.ttl), sorted(record.records), record.multi_value_answer, record.weight)


def _check_put(route53: Any, zone: Any, records: dict[Any, Any], record: Any, action: str) -> None:
    if record.name != zone.name and not record.name.endswith(f".{zone.name}"):
        _invalid(f"RRSet with DNS name {record.name} is not permitted in zone {zone.name}")
    if action == "CREATE" and _key(record) in records:
        _invalid(f"Tried to create resource record set {_shown(record)} but it already exists")
    if record.type == "CNAME" and record.name == zone.name:
        _invalid(f"RRSet of type CNAME with DNS name {record.name} is not permitted at apex in zone {zone.name}")
    others = [other for other in records.values() if other.name == record.name and other.type != record.type]
    if others and "CNAME" in {record.type, *(other.type for other in others)}:
        _invalid(
            f"RRSet of type {record.type} with DNS name {record.name} is not permitted as it conflicts with other "
            f"records with the same DNS name in zone {zone.name}"
        )
    if any(len(label) > 63 for label in record.name.split(".")):
        _invalid(f"DomainLabelTooLong (Domain label is too long) encountered with '{record.name}'")
    _check_values(record)
    if record.alias_target:
        _check_alias(route53, zone, records, record)


def _check_values(record: Any) -> None:
    if record.type == "CNAME" and len(record.records) > 1:
        _invalid(f"The CNAME record set {_shown(record)} can have only one value")
    if len(set(record.records)) < len(record.records):
        _invalid(f"Duplicate Resource Record: '{record.records[-1]}'")
    for value in record.records:
        _check_value(record.type, value)


def _check_value(record_type: str, value: str) -> None:
    """Refuse malformed A, AAAA and TXT values (developer guide, "Supported DNS record types")."""
    if record_type in ("A", "AAAA"):
        version, what = (4, "IPv4") if record_type == "A" else (6, "IPv6")
        try:
            if ipaddress.ip_address(value).version == version:
                return
        except ValueError:
            pass
        _invalid(
            f"Invalid Resource Record: 'FATAL problem: ARRDATAIllegal{what}Address (Value is not a valid {what} "
            f"address) encountered with '{value}''"
        )
    if record_type == "TXT" and not (value.startswith('"') and value.endswith('"') and len(value) > 1):
        _invalid(
            "Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in quotation "
            f"marks) encountered with '{value}''"
        )


def _check_alias(route53: Any, zone: Any, records: dict[Any, Any], record: Any) -> None:
    """Refuse an alias whose target does not exist or is in another zone than the alias says."""
    target = normal(record.alias_target["DNSName"])
    zone_id = record.alias_target["HostedZoneId"].rpartition("/")[2]
    intro = f"Tried to create an alias that targets {target}, type {record.type} in zone {zone_id},"
    if zone_id == zone.resource_id:
        if not any(other.name == target and other.type == record.type for other in records.values()):
            _invalid(_TARGET_NOT_FOUND.format(intro))
        return
    if not target.endswith(".elb.amazonaws.com."):
        return
    region = target.removesuffix(".elb.amazonaws.com.").rpartition(".")[2]
    if zone_id != ZONE_IDS.get(region):
        _invalid(f"{intro} but the alias target name does not lie within the target zone")
    host = target.removeprefix("dualstack.").rstrip(".")
    balancers = elbv2_backends[route53.account_id][region].load_balancers.values()
    if not any(balancer.dns_name.lower() == host for balancer in balancers):
        _invalid(_TARGET_NOT_FOUND.format(intro))


# -- members -----------------------------------------------------------------------------------------------------------

# GetHostedZone: only a reusable delegation set has an id and a reference
change_members(
    Route53,
    {f"GetHostedZoneResponse.DelegationSet.{name}": never for name in ("Id", "CallerReference")},
)
change_members(
    Route53,
    {
        f"{answer}.MaxItems": lambda most: most or "100"
        for answer in ("ListHostedZonesByVPCResponse", "ListHealthChecksResponse")
    },
)
# GetDNSSEC: an empty list of keys
change_members(Route53, {"GetDNSSECResponse.KeySigningKeys": lambda keys: keys or []})
