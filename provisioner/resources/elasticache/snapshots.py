"""ElastiCache: the final snapshots that the deletion of a cache leaves on purpose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provisioner.engine.execution.leftovers import Leftover

if TYPE_CHECKING:
    from provisioner.aws.client import Aws


def final_caches(aws: Aws) -> list[Leftover]:
    """Return the final snapshots of this stack's Valkey, the newest last.

    Whether a final snapshot gets its group's tags is not documented, so its name identifies it, as the group's does.
    """
    ours = re.compile(rf"{re.escape(aws.name)}-final-\d{{8}}-\d{{6}}")
    found = aws.pages("elasticache", "describe_snapshots", "Snapshots", SnapshotSource="manual")
    names = sorted(one["SnapshotName"] for one in found if ours.fullmatch(one["SnapshotName"]))
    return [Leftover("final snapshot", name, _meant(aws, name)) for name in names]


def _meant(aws: Aws, name: str) -> str:
    return (
        f"the data of Valkey, for about 0.085 USD per GiB-month of its size. If it is not needed, delete it: "
        f"`aws elasticache delete-snapshot --region {aws.region} --snapshot-name {name}`"
    )
