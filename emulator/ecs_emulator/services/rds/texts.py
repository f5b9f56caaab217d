"""Error messages of RDS that several rules use; `{}` stands for a name."""

from __future__ import annotations

CLUSTER_HAS_INSTANCES = "Cluster cannot be deleted, it still contains DB instances in non-deleting state."
CLUSTER_IN_STATE = "Db cluster {} is in {} state"
SNAPSHOT_IN_STATE = "DB cluster snapshot {} is in {} state."
NO_CLUSTER = "DBCluster {} not found."
INSTANCE_NOT_AVAILABLE = "Database instance {} is not in available state."
NO_INSTANCE_PARAMETER_GROUP = "DBParameterGroup not found: {}"
WRONG_CLASS = (
    "RDS does not support creating a DB instance with the following combination: DBInstanceClass={}, Engine={}, "
    "EngineVersion={}, LicenseModel={}. For supported combinations of instance class and database engine version, see "
    "the documentation."
)
WRONG_FAMILY = (
    "The Parameter Group {} with DBParameterGroupFamily {} can't be used for this instance. Please use a Parameter "
    "Group with DBParameterGroupFamily {}"
)
WRONG_STORAGE = "Invalid storage size for engine name {} and storage type {}: {}"
NO_SNAPSHOT_OF = "Cannot create a snapshot because the database instance {} is not currently in the available state."
NO_SUBNET_IN_ZONE = "The DB subnet group has no subnet in the Availability Zone {}."
STOPPED_WITH_CLUSTER = "Database instance {} is part of a cluster: stop or start the cluster."
DEFAULT_GROUP_CHANGED = "The default parameter group {} cannot be modified"
DEFAULT_GROUP_DELETED = "Default DBParameterGroup cannot be deleted: {}"
WRONG_FAMILY_NAME = "ParameterGroupFamily {} is not a valid parameter group family"
NO_PARAMETER_GROUP = "DBClusterParameterGroup not found: {}"
PARAMETER_GROUP_IN_USE = (
    "One or more database instances are still members of this parameter group {}, so the group cannot be deleted"
)
PROTECTED_CLUSTER = "Cannot delete protected Cluster, please disable deletion protection and try again."
SNAPSHOT_REQUIRED = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
SUBNETS_INVALID = "Some input subnets in :[{}] are invalid."
STATIC_PARAMETER = "cannot use immediate apply method for static parameter"
