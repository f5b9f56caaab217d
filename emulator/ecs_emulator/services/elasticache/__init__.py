"""ElastiCache: replication groups of Valkey with cluster mode off, their subnet groups and parameter groups."""

from __future__ import annotations

from ecs_emulator.services.elasticache import texts
from ecs_emulator.services.model import FORMS, Bounds, Codes, EmulatedApi, Pages, Refusal, in_form

API = EmulatedApi(
    "elasticache",
    responses="elasticache.responses:ElastiCacheResponse",
    too_long="InvalidParameterValue",
    # ElastiCache API, MaxRecords: 20 to 100
    pages=Pages(Bounds(100, 20, 100), "InvalidParameterValue", "InvalidParameterValue"),
    lists={"DescribeSnapshots": Bounds(50, 20, 50)},
    codes=Codes("Throttling", **FORMS),
    refusals=(
        Refusal(
            "elasticache",
            "CreateReplicationGroup",
            5,
            "CacheParameterGroupNotFound",
            texts.NO_PARAMETER_GROUP,
            in_form("CacheParameterGroupName"),
            "by analogy with RDS, CreateDBClusterParameterGroup",
            404,
        ),
        Refusal(
            "elasticache",
            "CreateReplicationGroup",
            3,
            "CacheSubnetGroupNotFoundFault",
            texts.NO_SUBNET_GROUP,
            in_form("CacheSubnetGroupName"),
            "by analogy with RDS, CreateDBCluster",
        ),
    ),
    modules=("groups", "replication_groups", "nodes", "changes", "snapshots", "deletion"),
)
