"""ElastiCache: the final snapshots that the deletion of a cache leaves on purpose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provisioner.aws.tagging import tag_map
from provisioner.engine.execution.leftovers import Leftover

if TYPE_CHECKING:
    from provisioner.aws.client import Aws

_NAME = re.compile(r"-final-\d{8}-\d{6}$")


def final_snapshots(aws: Aws, groups: frozenset[str]) -> list[Leftover]:
    """Return the final snapshots of these replication groups, the newest last.

    A final snapshot does not get its group's tags, so its name alone identifies it.
    """
    left = []
    for group in sorted(groups):
        found = aws.pages("elasticache", "describe_snapshots", "Snapshots", SnapshotSource="manual")
        names = (one["SnapshotName"] for one in found if one.get("ReplicationGroupId") == group)
        left += [Leftover("final snapshot", name, _meant(aws, name)) for name in names if _NAME.search(name)]
    return sorted(left, key=lambda one: one.id)


def _meant(aws: Aws, name: str) -> str:
    return (
        f"the data of the cache, for about 0.085 USD per GiB-month of its size. If it is not needed, delete it: "
        f"`aws elasticache delete-snapshot --region {aws.region} --snapshot-name {name}`"
    )
