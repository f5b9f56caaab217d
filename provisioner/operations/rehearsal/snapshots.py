"""Let a copy begin without the data of snapshots, which no temporary cloud has."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel

    from provisioner.config.models import Config

MADE_OF = {
    "db_cluster": "snapshot_identifier",
    "single_db_instance": "snapshot_identifier",
    "replication_group": "snapshot_name",
}
"""By resource type, the field with the snapshot that it was made of: its copy begins empty."""
KEY = "from_snapshot"
TABLES = {"database": ("db_cluster/main", "single_db_instance/main"), "redis": ("replication_group/main",)}
"""The tables with the key, and the addresses of the resources that are made of the snapshot."""


def without(config: Config, records: Collection[str]) -> tuple[Config, list[str]]:
    """Return a configuration without snapshots, and the assumptions for new resources.

    Args:
        records: the recorded addresses; what stands is made of no snapshot.
    """
    emptied = dict(_emptied(config))
    used = [name for name in emptied if not any(address in records for address in TABLES[name])]
    assumed = [f"assumed: the snapshot of {name}.{KEY} is there and fits; the copy begins empty" for name in used]
    return config.model_copy(update=emptied), assumed


def _emptied(config: Config) -> Iterator[tuple[str, BaseModel]]:
    for name in TABLES:
        table = getattr(config, name)
        if table is not None and getattr(table, KEY) is not None:
            yield name, table.model_copy(update={KEY: None})
