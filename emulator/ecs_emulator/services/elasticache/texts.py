"""Answers of ElastiCache that occur at several places."""

NO_PARAMETER_GROUP = "CacheParameterGroup {} not found."
NO_SUBNET_GROUP = "CacheSubnetGroup {} not found."
NO_GROUP = "ReplicationGroup {} not found."
