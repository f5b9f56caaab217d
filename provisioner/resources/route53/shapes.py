"""A record in its two forms: as Route 53 shows and takes it, and as the fields of the resource type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.engine.resource import Observed
from provisioner.resources.route53.pages import normal_name


def record_id(zone_id: str, name: str, record_type: str) -> str:
    """Return a record's id in the state: Route 53 gives it none."""
    return f"{zone_id}|{name}|{record_type}"


def observed(zone_id: str, record: Mapping[str, Any]) -> Observed:
    """Return a record set, which may be incomplete, as an observed resource."""
    name = normal_name(record["Name"])
    attributes = {
        "hosted_zone_id": zone_id,
        "record_name": name,
        "type": record["Type"],
        "ttl": record.get("TTL"),
        "resource_records": [value["Value"] for value in record.get("ResourceRecords", ())],
        "alias_target": normal_alias(record.get("AliasTarget")),
    }
    return Observed(record_id(zone_id, name, record["Type"]), attributes)


def normal_alias(alias: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return an alias with its target's name as people write it."""
    return {**alias, "DNSName": normal_name(alias["DNSName"])} if alias else None


def content(fields: Mapping[str, Any]) -> tuple[list[str], dict[str, Any] | None]:
    """Return a record's content without its TTL."""
    return sorted(value.rstrip(".") for value in fields["resource_records"]), normal_alias(fields["alias_target"])


def target(fields: Mapping[str, Any]) -> Any:
    """Return a record's target in the form of its field: the alias, or the values."""
    return fields["alias_target"] or fields["resource_records"]


def spelled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields as a ResourceRecordSet."""
    record = {"Name": fields["record_name"], "Type": fields["type"]}
    if fields["alias_target"]:
        return record | {"AliasTarget": dict(fields["alias_target"])}
    return record | {"TTL": fields["ttl"], "ResourceRecords": [{"Value": v} for v in fields["resource_records"]]}
