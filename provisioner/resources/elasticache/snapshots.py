"""ElastiCache: the final snapshots that the deletion of a cache leaves on purpose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provisioner.engine.execution.leftovers import Leftover

if TYPE_CHECKING:
    from provisioner.aws.client import Aws


def final_caches(aws: Aws) -> list[Leftover]:
    """Return the final snapshots of this stack's Valkey, the newest last.

    Whether a final snapshot gets its group's tags is not documented, so its name identifies it, as the group's does.
    """
    ours = re.compile(rf"{re.escape(aws.name)}-final-\d{{8}}-\d{{6}}")
    found = aws.pages("elasticache", "describe_snapshots", "Snapshots", SnapshotSource="user")
    named = sorted(
        (one for one in found if ours.fullmatch(one["SnapshotName"])), key=lambda one: str(one["SnapshotName"])
    )
    return [Leftover("final snapshot", one["SnapshotName"], _meant(aws, one)) for one in named]


def earlier_cache(aws: Aws) -> list[str]:
    """Return a warning with the final snapshots of a Valkey that is created again; nothing if there are none."""
    found = [left.id for left in final_caches(aws)]
    if not found:
        return []
    more = f", and {len(found) - 1} older" if len(found) > 1 else ""
    text = (
        f"Valkey will be empty. A final snapshot of this stack's earlier one exists ({found[-1]}{more}): "
        f'`redis.from_snapshot = "latest"` makes the new one of its data'
    )
    return [text]


def _meant(aws: Aws, snapshot: Mapping[str, Any]) -> str:
    name = snapshot["SnapshotName"]
    moments = [node["SnapshotCreateTime"] for node in snapshot.get("NodeSnapshots", ()) if "SnapshotCreateTime" in node]
    taken = f", taken {min(moments):%Y-%m-%d %H:%M} UTC" if moments else ""
    return (
        f"the data of Valkey{taken}, for about 0.085 USD per GiB-month of its size. If it is not needed, delete it: "
        f"`aws elasticache delete-snapshot --region {aws.region} --snapshot-name {name}`"
    )
