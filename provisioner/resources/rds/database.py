"""RDS: an Aurora Serverless v2 cluster with its instances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws import durations
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.parameters import parameter_value
from provisioner.aws.permissions import (
    ASKED,
    CHANGED,
    FAILURE,
    OWN,
    TAGS_AT_ONCE,
    UNSHOWN_TAGS,
    Purpose,
    Use,
    grants,
    untagging,
)
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.costs import Around, Cost
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.engine.traits import FreesDependenciesEarly, ServesData
from provisioner.resources import members
from provisioner.resources.rds.api import API
from provisioner.resources.rds.capacity import capacity_costs
from provisioner.resources.rds.fields import (
    CLUSTER,
    CLUSTER_FIXED,
    CLUSTER_OPTIONS,
    CLUSTER_OUTPUTS,
    CLUSTER_SHOWN,
    INSTANCE,
    INSTANCE_FIXED,
    LASTING,
    OF_SNAPSHOT,
    changed_exports,
)
from provisioner.resources.rds.groups import with_parameter_groups
from provisioner.resources.rds.snapshots import FINAL_SNAPSHOT, delete_with_snapshot, want_final_snapshot
from provisioner.resources.rds.status import awaited, check_can_be_changed, check_can_be_saved, standing

PASSWORD = "provisioner:password-version"  # noqa: S105
"""The tag of a cluster for the version of the password's parameter that the cluster was given."""

_SNAPSHOT = "cluster-snapshot:{stack}-*"
_FINAL: Purpose = {
    "use": Use.IMPLIED,
    "why": "DeleteDBCluster with a final snapshot, which gets the cluster's tags",
    "source": "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html",
}


@dataclass(frozen=True)
class DbCluster(Resource):
    """An Aurora cluster: its storage, its endpoints, its master user. It accepts connections once it has an instance.

    `engine_version` is the first version: AWS upgrades minor versions by itself. `password_parameter` names the
    SecureString with the master password, and `password_version` is that parameter's version. A tag records the version
    that the cluster was given; only if it differs, the password is read and given to the cluster.

    AWS charges for the extended support of a version past its end unless it is disabled (CreateDBCluster,
    EngineLifecycleSupport).

    With `snapshot_identifier` it is made of a snapshot, with the snapshot's user, password and database; then it gets
    the password of the parameter.

    With `final_snapshot` its deletion leaves a snapshot. That is a tag, so that it is known even after the protection
    was lifted, or the state was lost.
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
    snapshot_identifier: str | None = None

    type_name = "db_cluster"
    arn = "cluster:{db_cluster_identifier}"
    api = API
    takes = Takes(ready=(durations.DB_CLUSTER_CREATE,), gone=(durations.DB_CLUSTER_DELETE,))
    permissions = (
        # on all resources: the end of any stack looks for leftovers of each type, also of types that it never had
        *grants("rds", "DescribeDBClusters DescribeDBClusterSnapshots"),
        *grants("rds", "DescribeEvents", use=Use.OTHER, why=FAILURE),
        *grants("rds", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("rds", "AddTagsToResource", OWN, **TAGS_AT_ONCE),
        *untagging("rds", "RemoveTagsFromResource", OWN),
        *with_parameter_groups("CreateDBCluster", OWN, "subgrp:{stack}", "og:default:*", conditions=ASKED),
        *with_parameter_groups(
            "RestoreDBClusterFromSnapshot",
            *(OWN, "subgrp:{stack}", "og:default:*", "cluster-snapshot:*"),
            use=Use.OPTION,
            why="`database.from_snapshot`",
            when="snapshot_identifier",
            conditions=ASKED,
        ),
        *grants("rds", "RemoveTagsFromResource", OWN, use=Use.OTHER, why=CHANGED),
        *grants("rds", "DeleteDBCluster", OWN, _SNAPSHOT),
        *with_parameter_groups("ModifyDBCluster", OWN, use=Use.OTHER, why=CHANGED),
        *grants("rds", "StartDBCluster", OWN, use=Use.OTHER, why="a cluster that somebody stopped, `wake`"),
        *grants("rds", "StopDBCluster", OWN, use=Use.OTHER, why="`sleep`"),
        # also if only the cluster was protected, by hand
        *grants("rds", "CreateDBClusterSnapshot", OWN, _SNAPSHOT, **_FINAL),
        *grants("rds", "AddTagsToResource", _SNAPSHOT, **_FINAL),
    )
    identity = ("db_cluster_identifier",)
    derived = ("id", "arn")
    outputs = tuple(CLUSTER_OUTPUTS)
    create_only = frozenset(CLUSTER_FIXED.keys() - {"engine_version"})
    lasting = LASTING
    ignore_changes = frozenset({"engine_version", "password_parameter", "snapshot_identifier"})
    unordered = frozenset({"vpc_security_group_ids", "enable_cloudwatch_logs_exports"})
    protection = "deletion_protection"
    update_when_ready = True
    create_timeout = 1200
    delete_timeout = 2700
    poll_interval = 5

    @classmethod
    def data(cls, settings: Mapping[str, Any]) -> str:
        return "the database, except its final snapshot" if settings.get("final_snapshot") else "the database"

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield from capacity_costs(settings, around)

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
        # RDS also lists the clusters of Neptune and DocumentDB, which lack some of these
        attributes = members.shown(CLUSTER_SHOWN, cluster) | {
            "password_version": tags.get(PASSWORD),
            "vpc_security_group_ids": sorted(g["VpcSecurityGroupId"] for g in cluster["VpcSecurityGroups"]),
            "final_snapshot": FINAL_SNAPSHOT["Key"] in tags,
            "enable_iam_database_authentication": cluster.get("IAMDatabaseAuthenticationEnabled", False),
            "enable_cloudwatch_logs_exports": sorted(cluster.get("EnabledCloudwatchLogsExports", ())),
        }
        # RDS applies a pending password soon, also if it was not asked to apply it immediately (ModifyDBCluster,
        # ApplyImmediately)
        details = {
            "password_pending": "MasterUserPassword" in (cluster.get("PendingModifiedValues") or ()),
            "created": cluster.get("ClusterCreateTime"),
        }
        if not keyed:
            # without a key of the user's it has AWS's own key, which the answer does not distinguish
            del attributes["kms_key_id"]
        # a restored cluster may lack the database name, and an older one the lifecycle support
        for name in ("database_name", "engine_lifecycle_support"):
            if not attributes[name]:
                del attributes[name]
        outputs = members.shown(CLUSTER_OUTPUTS, cluster)
        name, status = cluster["DBClusterIdentifier"], cluster["Status"]
        return observed(
            aws, name, attributes, tags, outputs, status=status, deleting=status == "deleting", details=details
        )

    def create(self, aws: Aws, token: str) -> Observed:
        tags = [*aws.tag_list(self.address), *([FINAL_SNAPSHOT] if self.final_snapshot else [])]
        # disabled options are not sent: an empty list would be sent as an empty text
        fields = {name: value for name, value in self.fields().items() if value or name not in CLUSTER_OPTIONS}
        rds = aws.client("rds")
        if self.snapshot_identifier:
            # without the tag of the password: it is given as soon as the cluster is available
            settings = {name: value for name, value in fields.items() if name not in OF_SNAPSHOT}
            cluster = rds.restore_db_cluster_from_snapshot(
                **members.arguments(CLUSTER_FIXED | CLUSTER, settings),
                SnapshotIdentifier=self.snapshot_identifier,
                Tags=tags,
            )["DBCluster"]
        else:
            tags.append(self._given())
            cluster = rds.create_db_cluster(
                **members.arguments(CLUSTER_FIXED | CLUSTER, fields),
                MasterUserPassword=parameter_value(aws, self.password_parameter),
                Tags=tags,
            )["DBCluster"]
        return self._live(aws, cluster, tag_map(tags), keyed=bool(self.kms_key_id))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        check_can_be_changed(live, live.id)
        rds, arn = aws.client("rds"), live.outputs["arn"]
        if "final_snapshot" in changes:
            want_final_snapshot(aws, arn, wanted=self.final_snapshot)
        settings = members.changed(CLUSTER, changes)
        if exported := changes.get("enable_cloudwatch_logs_exports"):
            del settings["EnableCloudwatchLogsExports"]
            settings["CloudwatchLogsExportConfiguration"] = changed_exports(exported)
        if "password_version" in changes:
            settings["MasterUserPassword"] = parameter_value(aws, self.password_parameter)
        if settings:
            rds.modify_db_cluster(DBClusterIdentifier=live.id, ApplyImmediately=True, **settings)
        if "password_version" in changes:
            # after the change: an interrupted run then repeats it
            rds.add_tags_to_resource(ResourceName=arn, Tags=[self._given()])

    def _given(self) -> dict[str, str]:
        return {"Key": PASSWORD, "Value": self.password_version}

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        rds, protected = aws.client("rds"), cls.protected(live.attributes)
        saved = protected or live.attributes["final_snapshot"]
        if saved:
            check_can_be_saved(live, aws.region)
        if protected:
            if not live.attributes["final_snapshot"]:
                # protected by hand: a run that is interrupted after the next call must still know
                rds.add_tags_to_resource(ResourceName=live.outputs["arn"], Tags=[FINAL_SNAPSHOT])
            rds.modify_db_cluster(DBClusterIdentifier=live.id, ApplyImmediately=True, DeletionProtection=False)

        def delete(**final: Any) -> None:
            rds.delete_db_cluster(DBClusterIdentifier=live.id, DeleteAutomatedBackups=True, **final)

        if saved:
            delete_with_snapshot(aws, live, lambda name: delete(FinalDBSnapshotIdentifier=name))
        else:
            delete(SkipFinalSnapshot=True)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        if live.status == "available" and live.details.get("password_pending"):
            # RDS has accepted the password but not applied it: new tasks would be refused (resource-providers-rds#327)
            return "available, with its new password pending"
        return awaited(live, live.id)

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        (shown,) = aws.client("rds").describe_db_clusters(DBClusterIdentifier=live.id)["DBClusters"]
        return standing(aws, live.id, "db-cluster", shown["Status"], shown.get("ClusterCreateTime"))


@dataclass(frozen=True)
class DbInstance(FreesDependenciesEarly, ServesData, Resource):
    """An instance of a cluster. The cluster can be deleted as soon as its instances are being deleted.

    Aurora chooses the writer: if it fails, an instance with the lowest `promotion_tier` takes its place. With `zones`
    the instance is placed in the listed zone with the fewest of the cluster's instances, otherwise Aurora chooses the
    zone.
    """

    db_instance_identifier: str
    db_cluster_identifier: str
    engine: str
    db_instance_class: str = "db.serverless"
    publicly_accessible: bool = False
    auto_minor_version_upgrade: bool = True
    promotion_tier: int = 1
    zones: Sequence[str] = ()

    type_name = "db_instance"
    arn = "db:{db_instance_identifier}"
    api = API
    takes = Takes(ready=(durations.DB_INSTANCE_CREATE,), gone=(durations.DB_INSTANCE_DELETE,))
    permissions = (
        *grants("rds", "DescribeDBInstances"),
        *grants("rds", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("rds", "AddTagsToResource", OWN, **TAGS_AT_ONCE),
        *untagging("rds", "RemoveTagsFromResource", OWN),
        *grants(
            "rds",
            "CreateDBInstance",
            *("cluster:{stack}", OWN, "og:default:*", "pg:default.*"),
            conditions=ASKED,
        ),
        *grants("rds", "DeleteDBInstance", OWN),
        *grants("rds", "ModifyDBInstance", OWN, use=Use.OTHER, why=CHANGED),
    )
    identity = ("db_instance_identifier",)
    derived = ("id",)
    create_only = frozenset(INSTANCE_FIXED)
    lasting = LASTING
    ignore_changes = frozenset({"zones"})
    update_when_ready = True
    create_timeout = 2400
    delete_timeout = 2700
    poll_interval = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {fields["db_instance_identifier"] for fields in known}
        for instance in aws.pages("rds", "describe_db_instances", "DBInstances"):
            tags = tag_map(instance.get("TagList"))
            # an instance without a cluster is of another type
            in_cluster = bool(instance.get("DBClusterIdentifier"))
            if in_cluster and (aws.owns(tags) or instance["DBInstanceIdentifier"] in names):
                yield cls._live(aws, instance, tags)

    @staticmethod
    def _live(aws: Aws, instance: Mapping[str, Any], tags: Mapping[str, str]) -> Observed:
        groups = instance.get("DBParameterGroups", ())
        defaults = {"PubliclyAccessible": False, "AutoMinorVersionUpgrade": False, "PromotionTier": 1}
        attributes = members.shown(INSTANCE_FIXED | INSTANCE, {**defaults, **instance})
        details = {
            # missing while the instance is being created
            "availability_zone": instance.get("AvailabilityZone"),
            "restart": "pending-reboot" in [group.get("ParameterApplyStatus") for group in groups],
        }
        name, status = instance["DBInstanceIdentifier"], instance["DBInstanceStatus"]
        return observed(aws, name, attributes, tags, status=status, deleting=status == "deleting", details=details)

    def create(self, aws: Aws, token: str) -> Observed:
        zone = self._zone(aws) if self.zones else None
        place = {"AvailabilityZone": zone} if zone else {}
        instance = aws.client("rds").create_db_instance(
            **members.arguments(INSTANCE_FIXED | INSTANCE, self.fields()), **place, Tags=aws.tag_list(self.address)
        )["DBInstance"]
        return self._live(aws, instance, aws.tags(self.address))

    def _zone(self, aws: Aws) -> str | None:
        """Return the zone with the fewest instances among the zones of the cluster's storage, which are three at most.

        In other zones AWS creates no instance (RDS API, CreateDBInstance, AvailabilityZone).
        """
        found = aws.client("rds").describe_db_clusters(DBClusterIdentifier=self.db_cluster_identifier)["DBClusters"]
        storage = {zone for cluster in found for zone in cluster.get("AvailabilityZones", ())}
        zones = [zone for zone in self.zones if zone in storage]
        mine = [{"Name": "db-cluster-id", "Values": [self.db_cluster_identifier]}]
        there = aws.pages("rds", "describe_db_instances", "DBInstances", Filters=mine)
        taken = Counter(instance.get("AvailabilityZone") for instance in there)
        return min(zones, key=lambda zone: taken[zone], default=None)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        check_can_be_changed(live, self.db_cluster_identifier)
        settings = members.changed(INSTANCE, changes)
        aws.client("rds").modify_db_instance(DBInstanceIdentifier=live.id, ApplyImmediately=True, **settings)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        if live.status == "stopped":
            # nothing can be deleted in a stopped cluster; while it starts, AWS answers that it is busy
            aws.client("rds").start_db_cluster(DBClusterIdentifier=live.attributes["db_cluster_identifier"])
        else:
            aws.client("rds").delete_db_instance(DBInstanceIdentifier=live.id, SkipFinalSnapshot=True)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        return awaited(live, str(live.attributes["db_cluster_identifier"]))

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        (shown,) = aws.client("rds").describe_db_instances(DBInstanceIdentifier=live.id)["DBInstances"]
        # there is no creation time before the instance is created
        return standing(aws, live.id, "db-instance", shown["DBInstanceStatus"], shown.get("InstanceCreateTime"))
