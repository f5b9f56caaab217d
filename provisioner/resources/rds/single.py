"""RDS: an instance without a cluster, which is a whole database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
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
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import Change, Changes, Observed, Resource
from provisioner.resources import members
from provisioner.resources.rds.api import API
from provisioner.resources.rds.capacity import single_costs
from provisioner.resources.rds.database import PASSWORD
from provisioner.resources.rds.fields import LASTING, SINGLE, SINGLE_FIXED, SINGLE_OF_SNAPSHOT, changed_exports
from provisioner.resources.rds.snapshots import FINAL_SNAPSHOT, delete_with_snapshot, want_final_snapshot
from provisioner.resources.rds.status import awaited, check_can_be_changed, check_can_be_saved, standing

_SNAPSHOT, _GROUP = "snapshot:{stack}-*", "pg:{stack}-*"
_FINAL: Purpose = {
    "use": Use.IMPLIED,
    "why": "DeleteDBInstance with a final snapshot, which gets the instance's tags",
    "source": "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html",
}
_OPTIONS = frozenset({"kms_key_id", "enable_iam_database_authentication", "enable_cloudwatch_logs_exports"})
_PENDING = {name: SINGLE[name] for name in ("db_instance_class", "allocated_storage", "multi_az", "storage_type",
                                           "backup_retention_period")}  # fmt: skip
"""Fields whose changes are in PendingModifiedValues until they are done."""
IOPS_FROM, IOPS = 400, 12000
"""The GiB from which a larger gp3 disk has to be asked for with its IOPS, and these: the baseline, which is free (RDS
user guide, CHAP_Storage; terraform-provider-aws#28589)."""


@dataclass(frozen=True)
class SingleDbInstance(Resource):
    """An instance of RDS for PostgreSQL or MySQL. Its endpoint is known once it has been created.

    `engine_version` is the first version: AWS upgrades minor versions by itself. Password, final snapshot and
    `snapshot_identifier` are as of a cluster. With `multi_az` it has a standby in another zone, which takes over.
    """

    db_instance_identifier: str
    engine: str
    engine_version: str
    db_instance_class: str
    allocated_storage: int
    db_name: str
    master_username: str
    password_parameter: str
    password_version: str
    db_subnet_group_name: str
    vpc_security_group_ids: Sequence[str]
    db_parameter_group_name: str
    backup_retention_period: int
    multi_az: bool = False
    storage_type: str = "gp3"
    deletion_protection: bool = False
    final_snapshot: bool = False
    storage_encrypted: bool = True
    copy_tags_to_snapshot: bool = True
    publicly_accessible: bool = False
    auto_minor_version_upgrade: bool = True
    engine_lifecycle_support: str = "open-source-rds-extended-support-disabled"
    kms_key_id: str | None = None
    enable_iam_database_authentication: bool = False
    enable_cloudwatch_logs_exports: Sequence[str] = ()
    snapshot_identifier: str | None = None

    type_name = "single_db_instance"
    arn = "db:{db_instance_identifier}"
    api = API
    takes = Takes(
        ready=(durations.DB_SINGLE_CREATE,), output=(durations.DB_SINGLE_CREATE,), gone=(durations.DB_SINGLE_DELETE,)
    )
    permissions = (
        *grants("rds", "DescribeDBInstances DescribeDBSnapshots"),
        *grants("rds", "DescribeEvents", use=Use.OTHER, why=FAILURE),
        *grants("rds", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("rds", "AddTagsToResource", OWN, **TAGS_AT_ONCE),
        *untagging("rds", "RemoveTagsFromResource", OWN),
        *grants("rds", "CreateDBInstance", OWN, _GROUP, "subgrp:{stack}", "og:default:*", conditions=ASKED),
        *grants(
            "rds",
            "RestoreDBInstanceFromDBSnapshot",
            *(OWN, _GROUP, "subgrp:{stack}", "og:default:*", "snapshot:*"),
            use=Use.OPTION,
            why="`database.from_snapshot`",
            when="snapshot_identifier",
            conditions=ASKED,
        ),
        *grants("rds", "RemoveTagsFromResource", OWN, use=Use.OTHER, why=CHANGED),
        *grants("rds", "DeleteDBInstance", OWN),
        *grants("rds", "ModifyDBInstance", OWN, _GROUP, use=Use.OTHER, why=CHANGED),
        *grants("rds", "StartDBInstance", OWN, use=Use.OTHER, why="an instance that somebody stopped, `wake`"),
        *grants("rds", "StopDBInstance", OWN, use=Use.OTHER, why="`sleep`"),
        *grants("rds", "CreateDBSnapshot", OWN, _SNAPSHOT, **_FINAL),
        *grants("rds", "AddTagsToResource", _SNAPSHOT, **_FINAL),
    )
    identity = ("db_instance_identifier",)
    derived = ("id", "arn")
    outputs = ("arn", "endpoint", "resource_id")
    create_only = frozenset(SINGLE_FIXED.keys() - {"engine_version"})
    lasting = LASTING
    ignore_changes = frozenset({"engine_version", "password_parameter", "snapshot_identifier"})
    unordered = frozenset({"vpc_security_group_ids", "enable_cloudwatch_logs_exports"})
    protection = "deletion_protection"
    update_when_ready = True
    create_timeout = 3600
    delete_timeout = 2700
    poll_interval = 5

    @classmethod
    def data(cls, settings: Mapping[str, Any]) -> str:
        return "the database, except its final snapshot" if settings.get("final_snapshot") else "the database"

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield from single_costs(settings, around)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        keyed = {fields["db_instance_identifier"]: bool(fields.get("kms_key_id")) for fields in reversed(known)}
        for instance in aws.pages("rds", "describe_db_instances", "DBInstances"):
            tags, name = tag_map(instance.get("TagList")), instance["DBInstanceIdentifier"]
            # an instance of a cluster is of another type
            if not instance.get("DBClusterIdentifier") and (aws.owns(tags) or name in keyed):
                yield cls._live(aws, instance, tags, keyed=keyed.get(name, False))

    @staticmethod
    def _live(aws: Aws, instance: Mapping[str, Any], tags: Mapping[str, str], *, keyed: bool) -> Observed:
        groups = instance.get("DBParameterGroups") or [{}]
        pending = instance.get("PendingModifiedValues") or {}
        defaults = {"PubliclyAccessible": False, "AutoMinorVersionUpgrade": False, "MultiAZ": False}
        attributes = members.shown(SINGLE_FIXED | SINGLE, {**defaults, **instance}) | {
            "db_subnet_group_name": (instance.get("DBSubnetGroup") or {}).get("DBSubnetGroupName"),
            "vpc_security_group_ids": sorted(
                one["VpcSecurityGroupId"] for one in instance.get("VpcSecurityGroups", ())
            ),
            "db_parameter_group_name": groups[0].get("DBParameterGroupName"),
            "password_version": tags.get(PASSWORD),
            "final_snapshot": FINAL_SNAPSHOT["Key"] in tags,
            "enable_iam_database_authentication": instance.get("IAMDatabaseAuthenticationEnabled", False),
            "enable_cloudwatch_logs_exports": sorted(instance.get("EnabledCloudwatchLogsExports", ())),
        }
        # an accepted change counts as made: it is not sent again
        attributes |= {name: pending[member] for name, member in _PENDING.items() if member in pending}
        if not keyed:
            # without a key of the user's it has AWS's own key, which the answer does not distinguish
            del attributes["kms_key_id"]
        for name in ("db_name", "engine_lifecycle_support"):
            if not attributes[name]:
                del attributes[name]
        outputs = {"arn": instance.get("DBInstanceArn"), "resource_id": instance.get("DbiResourceId")}
        if address := (instance.get("Endpoint") or {}).get("Address"):
            outputs["endpoint"] = address
        details = {
            "availability_zone": instance.get("AvailabilityZone"),
            "iops": instance.get("Iops"),
            "created": instance.get("InstanceCreateTime"),
            "restart": groups[0].get("ParameterApplyStatus") == "pending-reboot",
            "pending": sorted(member for member in pending if member in {*_PENDING.values(), "MasterUserPassword"}),
        }
        name, status = instance["DBInstanceIdentifier"], instance["DBInstanceStatus"]
        return observed(
            aws, name, attributes, tags, outputs, status=status, deleting=status == "deleting", details=details
        )

    def differences(self, live: Observed) -> dict[str, Change]:
        """Return the fields that differ; refuse a disk that AWS does not make of the present one.

        Raises:
            ConfigurationError: the disk would shrink, grow by less than AWS's step, or grow again too soon.
        """
        changes = super().differences(live)
        if disk := changes.get("allocated_storage"):
            _check_disk(self.address, disk, live.status)
        return changes

    def create(self, aws: Aws, token: str) -> Observed:
        tags = [*aws.tag_list(self.address), *([FINAL_SNAPSHOT] if self.final_snapshot else [])]
        # disabled options are not sent: an empty list would be sent as an empty text
        fields = {name: value for name, value in self.fields().items() if value or name not in _OPTIONS}
        rds = aws.client("rds")
        if self.snapshot_identifier:
            # without the tag of the password: it is given as soon as the instance is available
            settings = {name: value for name, value in fields.items() if name not in SINGLE_OF_SNAPSHOT}
            instance = rds.restore_db_instance_from_db_snapshot(
                **members.arguments(SINGLE_FIXED | SINGLE, settings),
                DBSnapshotIdentifier=self.snapshot_identifier,
                Tags=tags,
            )["DBInstance"]
        else:
            tags.append(self._given())
            instance = rds.create_db_instance(
                **members.arguments(SINGLE_FIXED | SINGLE, fields),
                MasterUserPassword=parameter_value(aws, self.password_parameter),
                Tags=tags,
            )["DBInstance"]
        return self._live(aws, instance, tag_map(tags), keyed=bool(self.kms_key_id))

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        check_can_be_changed(live, None)
        rds, arn = aws.client("rds"), live.outputs["arn"]
        if "final_snapshot" in changes:
            want_final_snapshot(aws, arn, wanted=self.final_snapshot)
        settings = members.changed(SINGLE, changes)
        if exported := changes.get("enable_cloudwatch_logs_exports"):
            del settings["EnableCloudwatchLogsExports"]
            settings["CloudwatchLogsExportConfiguration"] = changed_exports(exported)
        if {"allocated_storage", "storage_type"} & {*changes} and self.allocated_storage >= IOPS_FROM:
            settings |= {"AllocatedStorage": self.allocated_storage, "Iops": max(IOPS, live.details.get("iops") or 0)}
        if "password_version" in changes:
            settings["MasterUserPassword"] = parameter_value(aws, self.password_parameter)
        if settings:
            rds.modify_db_instance(DBInstanceIdentifier=live.id, ApplyImmediately=True, **settings)
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
            check_can_be_saved(live, aws.region, "instance")
        if protected and live.status == "stopped":
            # a stopped instance cannot be changed; while it starts, AWS answers that it is busy
            rds.start_db_instance(DBInstanceIdentifier=live.id)
            return
        if protected:
            if not live.attributes["final_snapshot"]:
                # protected by hand: a run that is interrupted after the next call must still know
                rds.add_tags_to_resource(ResourceName=live.outputs["arn"], Tags=[FINAL_SNAPSHOT])
            rds.modify_db_instance(DBInstanceIdentifier=live.id, ApplyImmediately=True, DeletionProtection=False)

        def delete(**final: Any) -> None:
            rds.delete_db_instance(DBInstanceIdentifier=live.id, DeleteAutomatedBackups=True, **final)

        if saved:
            delete_with_snapshot(aws, live, lambda name: delete(FinalDBSnapshotIdentifier=name))
        else:
            delete(SkipFinalSnapshot=True)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        waiting = awaited(live, None)
        if waiting is None and (left := live.details.get("pending")):
            # RDS has accepted the change but not begun it: with a password, new tasks would be refused
            return f"{live.status}, with {', '.join(left)} pending"
        return waiting

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        (shown,) = aws.client("rds").describe_db_instances(DBInstanceIdentifier=live.id)["DBInstances"]
        # there is no creation time before the instance is created
        return standing(aws, live.id, "db-instance", shown["DBInstanceStatus"], shown.get("InstanceCreateTime"))


def _check_disk(address: str, disk: Change, status: str) -> None:
    """Raise ConfigurationError for a disk that AWS would refuse, or make larger than it is declared.

    Sources: ModifyDBInstance, AllocatedStorage; RDS user guide, "Increasing DB instance storage capacity".
    """
    now, wanted = int(disk.old), int(disk.new)
    if wanted < now:
        raise ConfigurationError(
            f"database.storage cannot shrink from {now} to {wanted} GB ({address}): AWS makes no disk smaller. Write "
            f"storage = {now}"
        )
    if wanted < (least := ceil(now * 1.1)):
        raise ConfigurationError(
            f"database.storage cannot grow from {now} to {wanted} GB ({address}): AWS makes every step at least 10 %. "
            f"Write storage = {least} or more"
        )
    if status == "storage-optimization":
        raise ConfigurationError(
            f"database.storage cannot grow from {now} to {wanted} GB now ({address}): the disk is optimized after its "
            f"last change, for 6 hours. Write storage = {now}, or run again later"
        )
