"""Error messages of RDS that several rules use; `{}` stands for a name."""

from __future__ import annotations

CLUSTER_HAS_INSTANCES = "Cluster cannot be deleted, it still contains DB instances in non-deleting state."
CLUSTER_IN_STATE = "Db cluster {} is in {} state"
SNAPSHOT_IN_STATE = "DB cluster snapshot {} is in {} state."
NO_CLUSTER = "DBCluster {} not found."
NO_PARAMETER_GROUP = "DBClusterParameterGroup not found: {}"
PARAMETER_GROUP_IN_USE = (
    "One or more database instances are still members of this parameter group {}, so the group cannot be deleted"
)
PROTECTED_CLUSTER = "Cannot delete protected Cluster, please disable deletion protection and try again."
SNAPSHOT_REQUIRED = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
SUBNETS_INVALID = "Some input subnets in :[{}] are invalid."
