"""RDS: an Aurora Serverless v2 cluster with its instances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from provisioner.aws.client import Aws, tag_map
from provisioner.engine.clock import at, since
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.rds_snapshots import FINAL_SNAPSHOT, final_name

FAILED = frozenset(
    {
        "cloning-failed",
        "failed",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "incompatible-create",
        "incompatible-network",
        "incompatible-option-group",
        "incompatible-parameters",
        "incompatible-restore",
        "insufficient-capacity",
        "migration-failed",
        "restore-error",
        "storage-full",
    }
)
"""The statuses that AWS does not leave by itself: Aurora user guide, "DB cluster status" and "DB instance status"."""
PASSWORD = "provisioner:password-version"  # noqa: S105
"""The tag of a cluster that says which version of its password's parameter it was given."""


@dataclass(frozen=True)
class DbCluster(Resource):
    """An Aurora cluster: its storage, its endpoints, its master user. It answers once an instance is in it.

    `engine_version` is what to begin with: AWS upgrades minor versions by itself. `password_parameter` names the
    SecureString that holds the master password, and `password_version` is that parameter's version. A tag keeps which
    version the cluster was given; with another, and at no other time, the password is read and given to it.

    AWS charges for the extended support of a version past its end unless it is told not to (CreateDBCluster,
    EngineLifecycleSupport).

    With `final_snapshot` its deletion leaves a snapshot. That is a tag, so that it is known even when the protection
    has been lifted already, or the state is lost.
    """

    db_cluster_identifier: str
    engine: str
    engine_version: str
    database_name: str
    master_username: str
    password_parameter: str
    password_version: str
    db_subnet_group_name: str
    vpc_security_group_ids: Sequence[str]
    db_cluster_parameter_group_name: str
    serverless_v2_scaling_configuration: Mapping[str, float]
    backup_retention_period: int
    deletion_protection: bool = False
    final_snapshot: bool = False
    engine_mode: str = "provisioned"
    storage_encrypted: bool = True
    copy_tags_to_snapshot: bool = True
    engine_lifecycle_support: str = "open-source-rds-extended-support-disabled"
    kms_key_id: str | None = None
    enable_iam_database_authentication: bool = False
    enable_cloudwatch_logs_exports: Sequence[str] = ()

    service: ClassVar[str] = "rds"
    identity: ClassVar[Sequence[str]] = ("db_cluster_identifier",)
    derived: ClassVar[Sequence[str]] = ("id", "arn")
    outputs: ClassVar[Sequence[str]] = ("arn", "endpoint", "reader_endpoint", "port")
    create_only: ClassVar[frozenset[str]] = frozenset(
        {
            "db_cluster_identifier",
            "engine",
            "engine_mode",
            "database_name",
            "master_username",
            "db_subnet_group_name",
            "storage_encrypted",
            "kms_key_id",
        }
    )
    ignore_changes: ClassVar[frozenset[str]] = frozenset({"engine_version", "password_parameter"})
    unordered: ClassVar[frozenset[str]] = frozenset({"vpc_security_group_ids", "enable_cloudwatch_logs_exports"})
    protection: ClassVar[str] = "deletion_protection"
    update_when_ready: ClassVar[bool] = True
    create_timeout: ClassVar[float] = 1200
    delete_timeout: ClassVar[float] = 2700
    poll_interval: ClassVar[float] = 5

    @classmethod
    def data(cls, settings: Mapping[str, Any]) -> str:
        return "the database, except its final snapshot" if settings.get("final_snapshot") else "the database"

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["db_cluster_identifier"] for fields in known}
        keyed = {fields["db_cluster_identifier"] for fields in known if fields.get("kms_key_id")}
        for cluster in aws.pages("rds", "describe_db_clusters", "DBClusters"):
            tags = tag_map(cluster.get("TagList"))
            if aws.owns(tags) or cluster["DBClusterIdentifier"] in names:
                yield cls._live(aws, cluster, tags, keyed=cluster["DBClusterIdentifier"] in keyed)

    @staticmethod
    def _live(aws: Aws, cluster: Mapping[str, Any], tags: Mapping[str, str], *, keyed: bool) -> Observed:
        # RDS lists the clusters of Neptune and DocumentDB too, which lack some of these
        attributes = {
            "db_cluster_identifier": cluster["DBClusterIdentifier"],
            "engine": cluster["Engine"],
            "engine_mode": cluster.get("EngineMode"),
            "engine_version": cluster["EngineVersion"],
            "master_username": cluster.get("MasterUsername"),
            "password_version": tags.get(PASSWORD),
            "db_subnet_group_name": cluster.get("DBSubnetGroup"),
            "vpc_security_group_ids": sorted(g["VpcSecurityGroupId"] for g in cluster["VpcSecurityGroups"]),
            "db_cluster_parameter_group_name": cluster.get("DBClusterParameterGroup"),
            "serverless_v2_scaling_configuration": cluster.get("ServerlessV2ScalingConfiguration"),
            "backup_retention_period": cluster["BackupRetentionPeriod"],
            "deletion_protection": cluster.get("DeletionProtection"),
            "final_snapshot": FINAL_SNAPSHOT["Key"] in tags,
            "storage_encrypted": cluster["StorageEncrypted"],
            "copy_tags_to_snapshot": cluster.get("CopyTagsToSnapshot"),
            "enable_iam_database_authentication": cluster.get("IAMDatabaseAuthenticationEnabled", False),
            "enable_cloudwatch_logs_exports": sorted(cluster.get("EnabledCloudwatchLogsExports", ())),
        }
        if keyed:
            # without a key of the user's it is AWS's own, and the answer does not tell the two apart
            attributes["kms_key_id"] = cluster.get("KmsKeyId")
        # a restored cluster need not have the name, and older ones are not said to be supported in any way
        told = {"database_name": "DatabaseName", "engine_lifecycle_support": "EngineLifecycleSupport"}
        attributes |= {name: cluster[member] for name, member in told.items() if cluster.get(member)}
        outputs = {
            "arn": cluster["DBClusterArn"],
            "endpoint": cluster.get("Endpoint"),
            "reader_endpoint": cluster.get("ReaderEndpoint"),
            "port": cluster.get("Port"),
        }
        return Observed(
            cluster["DBClusterIdentifier"],
            attributes,
            outputs,
            address=aws.address_in(tags),
            owned=aws.owns(tags),
            status=cluster["Status"],
            deleting=cluster["Status"] == "deleting",
        )

    def create(self, aws: Aws, token: str) -> Observed:
        tags = [*aws.tag_list(self.address), self._given(), *([FINAL_SNAPSHOT] if self.final_snapshot else [])]
        # left out where they are AWS's defaults: an empty list would be sent as an empty text
        options = {
            "KmsKeyId": self.kms_key_id,
            "EnableIAMDatabaseAuthentication": self.enable_iam_database_authentication,
            "EnableCloudwatchLogsExports": self.enable_cloudwatch_logs_exports,
        }
        cluster = aws.client("rds").create_db_cluster(
            DBClusterIdentifier=self.db_cluster_identifier,
            Engine=self.engine,
            EngineMode=self.engine_mode,
            EngineVersion=self.engine_version,
            DatabaseName=self.database_name,
            MasterUsername=self.master_username,
            MasterUserPassword=self._password(aws),
            DBSubnetGroupName=self.db_subnet_group_name,
            VpcSecurityGroupIds=self.vpc_security_group_ids,
            DBClusterParameterGroupName=self.db_cluster_parameter_group_name,
            ServerlessV2ScalingConfiguration=self.serverless_v2_scaling_configuration,
            BackupRetentionPeriod=self.backup_retention_period,
            StorageEncrypted=self.storage_encrypted,
            CopyTagsToSnapshot=self.copy_tags_to_snapshot,
            EngineLifecycleSupport=self.engine_lifecycle_support,
            DeletionProtection=self.deletion_protection,
            Tags=tags,
            **{name: value for name, value in options.items() if value},
        )["DBCluster"]
        return self._live(aws, cluster, tag_map(tags), keyed=bool(self.kms_key_id))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        names = {
            "vpc_security_group_ids": "VpcSecurityGroupIds",
            "db_cluster_parameter_group_name": "DBClusterParameterGroupName",
            "serverless_v2_scaling_configuration": "ServerlessV2ScalingConfiguration",
            "backup_retention_period": "BackupRetentionPeriod",
            "copy_tags_to_snapshot": "CopyTagsToSnapshot",
            "deletion_protection": "DeletionProtection",
            "engine_lifecycle_support": "EngineLifecycleSupport",
            "enable_iam_database_authentication": "EnableIAMDatabaseAuthentication",
        }
        rds, arn = aws.client("rds"), live.outputs["arn"]
        if self.final_snapshot and "final_snapshot" in changes:
            rds.add_tags_to_resource(ResourceName=arn, Tags=[FINAL_SNAPSHOT])
        elif "final_snapshot" in changes:
            rds.remove_tags_from_resource(ResourceName=arn, TagKeys=[FINAL_SNAPSHOT["Key"]])
        settings = {names[name]: change.new for name, change in changes.items() if name in names}
        if exported := changes.get("enable_cloudwatch_logs_exports"):
            more, fewer = {*exported.new} - {*exported.old}, {*exported.old} - {*exported.new}
            lists = {"EnableLogTypes": sorted(more), "DisableLogTypes": sorted(fewer)}
            settings["CloudwatchLogsExportConfiguration"] = {name: some for name, some in lists.items() if some}
        if "password_version" in changes:
            settings["MasterUserPassword"] = self._password(aws)
        if settings:
            rds.modify_db_cluster(DBClusterIdentifier=live.id, ApplyImmediately=True, **settings)
        if "password_version" in changes:
            # afterwards: what is cut off before is done again
            rds.add_tags_to_resource(ResourceName=arn, Tags=[self._given()])

    def _password(self, aws: Aws) -> str:
        answer = aws.client("ssm").get_parameter(Name=self.password_parameter, WithDecryption=True)
        return str(answer["Parameter"]["Value"])

    def _given(self) -> dict[str, str]:
        return {"Key": PASSWORD, "Value": self.password_version}

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        rds, protected = aws.client("rds"), cls.protected(live.attributes)
        final: dict[str, Any] = {"SkipFinalSnapshot": True}
        if protected or live.attributes["final_snapshot"]:
            _check_can_be_saved(live)
            # each try has a name of its own: one that was refused made nothing, and a taken name is refused
            final = {"FinalDBSnapshotIdentifier": final_name(aws, live.id)}
        if protected:
            if not live.attributes["final_snapshot"]:
                # protected by hand: a run that is cut off after the next call must still know
                rds.add_tags_to_resource(ResourceName=live.outputs["arn"], Tags=[FINAL_SNAPSHOT])
            rds.modify_db_cluster(DBClusterIdentifier=live.id, ApplyImmediately=True, DeletionProtection=False)
        rds.delete_db_cluster(DBClusterIdentifier=live.id, DeleteAutomatedBackups=True, **final)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        return _pending(live, live.id)

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        (shown,) = aws.client("rds").describe_db_clusters(DBClusterIdentifier=live.id)["DBClusters"]
        return _delays(aws, live.id, "db-cluster", shown["Status"], shown.get("ClusterCreateTime"))


@dataclass(frozen=True)
class DbInstance(Resource):
    """An instance of a cluster. The cluster may be deleted as soon as its instances are being deleted.

    Which of them writes is Aurora's to choose: if the writer fails, one of the lowest `promotion_tier` takes its place.

    With `zones` it is placed in the one of them with the fewest of the cluster's instances, else where Aurora likes.
    """

    db_instance_identifier: str
    db_cluster_identifier: str
    engine: str
    db_instance_class: str = "db.serverless"
    publicly_accessible: bool = False
    auto_minor_version_upgrade: bool = True
    promotion_tier: int = 1
    zones: Sequence[str] = ()

    service: ClassVar[str] = "rds"
    identity: ClassVar[Sequence[str]] = ("db_instance_identifier",)
    derived: ClassVar[Sequence[str]] = ("id",)
    create_only: ClassVar[frozenset[str]] = frozenset({"db_instance_identifier", "db_cluster_identifier", "engine"})
    ignore_changes: ClassVar[frozenset[str]] = frozenset({"zones"})
    update_when_ready: ClassVar[bool] = True
    frees_dependencies_early: ClassVar[bool] = True
    create_timeout: ClassVar[float] = 2400
    delete_timeout: ClassVar[float] = 2700
    poll_interval: ClassVar[float] = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["db_instance_identifier"] for fields in known}
        for instance in aws.pages("rds", "describe_db_instances", "DBInstances"):
            tags = tag_map(instance.get("TagList"))
            if aws.owns(tags) or instance["DBInstanceIdentifier"] in names:
                yield cls._live(aws, instance, tags)

    @staticmethod
    def _live(aws: Aws, instance: Mapping[str, Any], tags: Mapping[str, str]) -> Observed:
        groups = instance.get("DBParameterGroups", ())
        attributes = {
            "db_instance_identifier": instance["DBInstanceIdentifier"],
            "db_cluster_identifier": instance.get("DBClusterIdentifier"),
            "engine": instance["Engine"],
            "db_instance_class": instance["DBInstanceClass"],
            # not there yet while it is being made
            "availability_zone": instance.get("AvailabilityZone"),
            "publicly_accessible": instance.get("PubliclyAccessible", False),
            "auto_minor_version_upgrade": instance.get("AutoMinorVersionUpgrade", False),
            "promotion_tier": instance.get("PromotionTier", 1),
            "restart": "pending-reboot" in [group.get("ParameterApplyStatus") for group in groups],
        }
        status = instance["DBInstanceStatus"]
        return Observed(
            instance["DBInstanceIdentifier"],
            attributes,
            address=aws.address_in(tags),
            owned=aws.owns(tags),
            status=status,
            deleting=status == "deleting",
        )

    def create(self, aws: Aws, token: str) -> Observed:
        place = {"AvailabilityZone": self._zone(aws)} if self.zones else {}
        instance = aws.client("rds").create_db_instance(
            DBInstanceIdentifier=self.db_instance_identifier,
            DBClusterIdentifier=self.db_cluster_identifier,
            Engine=self.engine,
            DBInstanceClass=self.db_instance_class,
            PubliclyAccessible=self.publicly_accessible,
            AutoMinorVersionUpgrade=self.auto_minor_version_upgrade,
            PromotionTier=self.promotion_tier,
            Tags=aws.tag_list(self.address),
            **place,
        )["DBInstance"]
        return self._live(aws, instance, aws.tags(self.address))

    def _zone(self, aws: Aws) -> str:
        mine = [{"Name": "db-cluster-id", "Values": [self.db_cluster_identifier]}]
        there = aws.pages("rds", "describe_db_instances", "DBInstances", Filters=mine)
        taken = Counter(instance.get("AvailabilityZone") for instance in there)
        return min(self.zones, key=lambda zone: taken[zone])

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        aws.client("rds").modify_db_instance(
            DBInstanceIdentifier=live.id,
            ApplyImmediately=True,
            DBInstanceClass=self.db_instance_class,
            PubliclyAccessible=self.publicly_accessible,
            AutoMinorVersionUpgrade=self.auto_minor_version_upgrade,
            PromotionTier=self.promotion_tier,
        )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        if live.status == "stopped":
            # nothing can be deleted in a stopped cluster; while it starts, AWS answers that it is busy
            aws.client("rds").start_db_cluster(DBClusterIdentifier=live.attributes["db_cluster_identifier"])
        else:
            aws.client("rds").delete_db_instance(DBInstanceIdentifier=live.id, SkipFinalSnapshot=True)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        return _pending(live, str(live.attributes["db_cluster_identifier"]))

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        (shown,) = aws.client("rds").describe_db_instances(DBInstanceIdentifier=live.id)["DBInstances"]
        # the creation time is there once it is made
        return _delays(aws, live.id, "db-instance", shown["DBInstanceStatus"], shown.get("InstanceCreateTime"))


def _pending(live: Observed, cluster_id: str) -> str | None:
    if live.status == "available":
        return None
    if live.status == "stopped":
        raise Failed(
            f"{live.id} is stopped: start it with `aws rds start-db-cluster --db-cluster-identifier {cluster_id}`"
        )
    if live.status in FAILED:
        raise Failed(f"{live.id} is {live.status}: see its events in the RDS console")
    return live.status


def _check_can_be_saved(live: Observed) -> None:
    if live.status in FAILED:
        raise Failed(
            f"{live.id} is {live.status}, so no final snapshot can be taken. If its data is not needed, run `aws rds "
            f"delete-db-cluster --db-cluster-identifier {live.id} --skip-final-snapshot`, then run again"
        )


def _delays(aws: Aws, id: str, sort: str, status: str, made: datetime | None) -> str:
    """Say how a cluster or instance is doing, and its newest event of the last hour."""
    events = aws.client("rds").describe_events(SourceIdentifier=id, SourceType=sort, Duration=60)["Events"]
    newest = f"; RDS said{at(events[-1]['Date'])}: {events[-1]['Message']}" if events else ""
    return f"{id} is {status}{since(made)}{newest}"
