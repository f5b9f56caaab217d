"""Reads of Route 53's records: by name and type, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.errors import IgnoreNotFound

Records = dict[tuple[str, str], Mapping[str, Any]]
"""Records by name and type."""


def normal_name(name: str) -> str:
    """Return a name as people write it: lower case, no final dot, `*` for Route 53's octal code."""
    return name.lower().rstrip(".").replace("\\052", "*")


def order(key: tuple[str, str, str]) -> tuple[str, list[str], str]:
    """Return the sort key of a record: its labels from the last to the first (ListResourceRecordSets).

    Args:
        key: zone, name and type.
    """
    zone_id, name, record_type = key
    return zone_id, name.split(".")[::-1], record_type


def page(aws: Aws, zone_id: str, first: str) -> Records:
    """Return a page of a zone's records from a name on: another owner's zone may have thousands of records."""
    with IgnoreNotFound():
        found = aws.read("route53", "list_resource_record_sets", HostedZoneId=zone_id, StartRecordName=first)
        return {(normal_name(record["Name"]), record["Type"]): record for record in found["ResourceRecordSets"]}
    return {}


def records_at(aws: Aws, zone_id: str, name: str) -> Records:
    """Return the records of one name by type; of several records with the same name and type, only one."""
    return {(name, record["Type"]): record for record in all_at(aws, zone_id, name)}


def all_at(aws: Aws, zone_id: str, name: str) -> list[Mapping[str, Any]]:
    """Return all records of one name: the list starts there, or after it if there are none."""
    with IgnoreNotFound():
        found = aws.client("route53").list_resource_record_sets(
            HostedZoneId=zone_id, StartRecordName=name, MaxItems="20"
        )["ResourceRecordSets"]
        return [record for record in found if normal_name(record["Name"]) == name]
    return []
