"""Changes of Route 53's records, and the time until all of its name servers have them.

A change is PENDING until it is INSYNC (Route 53 API, GetChange). Until then a resolver may get the old answer, or none,
and caches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.aws.errors import denied, not_found

CHANGE = "change_id"
"""The key of a record's last change in its outputs, for a run that continues to wait for it."""

_WHERE = "not on all of Route 53's name servers yet"
PENDING = f"PENDING: {_WHERE}"
"""The status of a change that was just made."""


def change(aws: Aws, zone_id: str, *changes: tuple[str, Mapping[str, Any]]) -> str:
    """Change records in one call, all or none of them, and return the id of the change.

    Args:
        changes: action and record set of each, as Route 53 takes them.
    """
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
    answer = aws.client("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch)
    return str(answer["ChangeInfo"]["Id"]).rpartition("/")[2]


def begun(aws: Aws, record_id: str, change_id: str) -> None:
    """Note a change that this run has made."""
    aws.inventory.changes[record_id] = change_id


def status(aws: Aws, record_id: str, recorded: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the status of a record's last change while it is pending; empty if it is done, or no change is known.

    Args:
        recorded: the outputs of the records that are recorded and not ready, by id.
    """
    change_id = aws.inventory.changes.get(record_id) or recorded.get(record_id, {}).get(CHANGE)
    if not change_id:
        return ""
    try:
        found = aws.client("route53").get_change(Id=change_id)["ChangeInfo"]["Status"]
    except ClientError as error:
        # an older policy without this permission must not stop a run
        if not (denied(error) or not_found(error)):
            raise
        found = "INSYNC"
    if found != "INSYNC":
        return f"{found}: {_WHERE}"
    aws.inventory.changes.pop(record_id, None)
    return ""
