"""Answers of ElastiCache that occur at several places."""

NO_PARAMETER_GROUP = "CacheParameterGroup {} not found."
NO_SUBNET_GROUP = "CacheSubnetGroup {} not found."
NO_GROUP = "ReplicationGroup {} not found."
NO_SNAPSHOT = "Snapshot {} not found."
SNAPSHOT_IN_STATE = "Snapshot {} is in {} state."
OTHER_ENGINE = "A replication group of the engine {} can't be made of a snapshot of the engine {}."
OLDER_VERSION = "The engine version {} is older than the snapshot's, {}."
