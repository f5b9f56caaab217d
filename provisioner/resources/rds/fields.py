"""RDS: the fields of clusters and instances, by their names in calls and answers."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.engine.resource import Change

CLUSTER_FIXED = {
    "db_cluster_identifier": "DBClusterIdentifier",
    "engine": "Engine",
    "engine_mode": "EngineMode",
    "engine_version": "EngineVersion",
    "database_name": "DatabaseName",
    "master_username": "MasterUsername",
    "db_subnet_group_name": "DBSubnetGroupName",
    "storage_encrypted": "StorageEncrypted",
    "kms_key_id": "KmsKeyId",
}
CLUSTER = {
    "vpc_security_group_ids": "VpcSecurityGroupIds",
    "db_cluster_parameter_group_name": "DBClusterParameterGroupName",
    "serverless_v2_scaling_configuration": "ServerlessV2ScalingConfiguration",
    "backup_retention_period": "BackupRetentionPeriod",
    "deletion_protection": "DeletionProtection",
    "copy_tags_to_snapshot": "CopyTagsToSnapshot",
    "engine_lifecycle_support": "EngineLifecycleSupport",
    "enable_iam_database_authentication": "EnableIAMDatabaseAuthentication",
    "enable_cloudwatch_logs_exports": "EnableCloudwatchLogsExports",
}
"""The fields' names in CreateDBCluster: `CLUSTER_FIXED` stay, and ModifyDBCluster changes `CLUSTER`."""
OF_SNAPSHOT = frozenset(
    {"engine_version", "database_name", "master_username", "storage_encrypted", "backup_retention_period"}
)
"""Fields that RestoreDBClusterFromSnapshot takes from the snapshot, or does not take."""
CLUSTER_OPTIONS = frozenset({"kms_key_id", "enable_iam_database_authentication", "enable_cloudwatch_logs_exports"})
CLUSTER_SHOWN = {
    **CLUSTER_FIXED,
    **CLUSTER,
    "db_subnet_group_name": "DBSubnetGroup",
    "db_cluster_parameter_group_name": "DBClusterParameterGroup",
}
"""The fields' names in DescribeDBClusters, except fields that it shows in another form."""
CLUSTER_OUTPUTS = {
    "arn": "DBClusterArn", "endpoint": "Endpoint", "reader_endpoint": "ReaderEndpoint", "port": "Port",
    "resource_id": "DbClusterResourceId",
}  # fmt: skip
INSTANCE_FIXED = {
    "db_instance_identifier": "DBInstanceIdentifier",
    "db_cluster_identifier": "DBClusterIdentifier",
    "engine": "Engine",
}
INSTANCE = {
    "db_instance_class": "DBInstanceClass",
    "publicly_accessible": "PubliclyAccessible",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
    "promotion_tier": "PromotionTier",
}
"""The fields' names of an instance, in calls and in answers."""
LASTING: Mapping[str, str] = {
    "engine": "its data stay with the engine that wrote them. Restore the old value; for another engine make a stack "
    "with another env beside this one, and copy the data"
}
"""Fields that no resource is recreated for, with the advice instead."""
SINGLE_FIXED = {
    "db_instance_identifier": "DBInstanceIdentifier",
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "db_name": "DBName",
    "master_username": "MasterUsername",
    "db_subnet_group_name": "DBSubnetGroupName",
    "storage_encrypted": "StorageEncrypted",
    "kms_key_id": "KmsKeyId",
}
SINGLE = {
    "db_instance_class": "DBInstanceClass",
    "allocated_storage": "AllocatedStorage",
    "multi_az": "MultiAZ",
    "storage_type": "StorageType",
    "vpc_security_group_ids": "VpcSecurityGroupIds",
    "db_parameter_group_name": "DBParameterGroupName",
    "backup_retention_period": "BackupRetentionPeriod",
    "deletion_protection": "DeletionProtection",
    "copy_tags_to_snapshot": "CopyTagsToSnapshot",
    "publicly_accessible": "PubliclyAccessible",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
    "engine_lifecycle_support": "EngineLifecycleSupport",
    "enable_iam_database_authentication": "EnableIAMDatabaseAuthentication",
    "enable_cloudwatch_logs_exports": "EnableCloudwatchLogsExports",
}
"""The fields' names of an instance without a cluster: `SINGLE_FIXED` stay, and ModifyDBInstance changes `SINGLE`."""
SINGLE_OF_SNAPSHOT = frozenset({"engine_version", "db_name", "master_username", "storage_encrypted", "kms_key_id"})
"""Fields that RestoreDBInstanceFromDBSnapshot takes from the snapshot: it has no members for them, and DBName is for
other engines (RDS API)."""


def changed_exports(logs: Change) -> dict[str, list[str]]:
    """Return the change of the exported logs, as RDS takes it (RDS API, CloudwatchLogsExportConfiguration)."""
    more, fewer = {*logs.new} - {*logs.old}, {*logs.old} - {*logs.new}
    lists = {"EnableLogTypes": sorted(more), "DisableLogTypes": sorted(fewer)}
    return {name: some for name, some in lists.items() if some}
