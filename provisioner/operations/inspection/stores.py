"""Read the condition of Valkey, of queues with their dead letters, and of volumes. Makes only read calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.model import Record

MISSING = "missing"
"""The status of a store that is recorded and missing on AWS."""
_DEAD = "deadLetterTargetArn"
_LENGTHS = {
    "waiting": "ApproximateNumberOfMessages",
    "in_work": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}
"""SQS's names of the numbers of messages that are shown (API reference, GetQueueAttributes)."""


def caches(aws: Aws, records: Mapping[str, Record]) -> list[dict[str, Any]]:
    """Return the status and the host of each recorded replication group. Makes one call."""
    groups = aws.pages("elasticache", "describe_replication_groups", "ReplicationGroups")
    found = {one["ReplicationGroupId"]: one for one in groups}
    return [
        {
            "name": one.id,
            "status": found[one.id]["Status"] if one.id in found else MISSING,
            "host": one.outputs.get("endpoint"),
        }
        for one in _recorded(records, "replication_group")
    ]


def volumes(aws: Aws, records: Mapping[str, Record]) -> list[dict[str, Any]]:
    """Return the status and the size in bytes of the file system of each recorded volume. Makes one call."""
    found = {one["FileSystemId"]: one for one in aws.pages("efs", "describe_file_systems", "FileSystems")}
    return [
        {
            "name": one.address.partition("/")[2],
            "id": one.id,
            "status": found[one.id]["LifeCycleState"] if one.id in found else MISSING,
            "bytes": found[one.id]["SizeInBytes"]["Value"] if one.id in found else None,
        }
        for one in _recorded(records, "file_system")
    ]


def queues(aws: Aws, records: Mapping[str, Record]) -> list[dict[str, Any]]:
    """Return the numbers of messages of each recorded queue. Makes one call for each, and one for its dead letters.

    A queue for the dead letters of another one is shown with that one.
    """
    recorded = _recorded(records, "queue")
    numbers = dict(zip((one.id for one in recorded), aws.each(partial(_lengths, aws), recorded), strict=True))
    by_arn = {one.outputs.get("arn"): one for one in recorded}
    dead = {one.id: by_arn.get((one.arguments.get("redrive_policy") or {}).get(_DEAD)) for one in recorded}
    behind = {one.id for one in dead.values() if one}
    return [
        {
            "name": one.address.partition("/")[2],
            "status": "available" if numbers[one.id] is not None else MISSING,
            **(numbers[one.id] or dict.fromkeys(_LENGTHS)),
            "dead_letters": sum((numbers[letters.id] or {}).values()) if (letters := dead[one.id]) else None,
        }
        for one in recorded
        if one.id not in behind
    ]


def _recorded(records: Mapping[str, Record], type_name: str) -> Sequence[Record]:
    return sorted((one for one in records.values() if one.type == type_name and one.id), key=lambda one: one.address)


def _lengths(aws: Aws, queue: Record) -> dict[str, int] | None:
    """Return the numbers of messages of a queue; None if SQS does not have it."""
    # its API names the codes of a queue that is not there
    import provisioner.resources.sqs  # noqa: F401
    from provisioner.aws.errors import IgnoreNotFound

    with IgnoreNotFound():
        url, names = str(queue.id), list(_LENGTHS.values())
        shown = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return {name: int(shown.get(attribute, 0)) for name, attribute in _LENGTHS.items()}
    return None
