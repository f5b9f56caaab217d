"""Aurora clusters: allowed settings, states, and the dependencies that block deletion."""

from __future__ import annotations

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.rds.models import DBCluster, RDSBackend
from moto.rds.responses import RDSResponse

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.rds import texts
from ecs_emulator.services.rds.versions import ENGINES, MYSQL, Engine, can_pause, check_upgrade, resolve

_IDENTIFIER = re.compile(r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{0,62}(?<!-)")
_PASSWORD = re.compile(r"[!-~]+")
_ZONE_IDS = {
    "us-east-1": "Z2R2ITUGPM61AM",
    "eu-west-1": "Z29XKXDKYMONMX",
    "eu-central-1": "Z1RLNUO7B9Q6NB",
    "ap-northeast-1": "Z24O6O9L7SGTNB",
}
"""The hosted zones in which RDS keeps the names of its endpoints, one per Region."""
_SUPPORT = ("open-source-rds-extended-support", "open-source-rds-extended-support-disabled")
STANDING_STILL = ("stopping", "stopped", "starting")
"""The states in which neither a cluster nor its instances can be deleted."""


@wrap(RDSBackend, "create_db_cluster")
def create_db_cluster(original: Any, self: Any, kwargs: dict[str, Any]) -> Any:
    """CreateDBCluster: check each parameter as AWS does; start as `creating`, with endpoints at once."""
    self.settle()
    name = kwargs["db_cluster_identifier"]
    check_identifier("DBClusterIdentifier", name)
    if name in self.clusters:
        refuse("DBClusterAlreadyExistsFault", "DB Cluster already exists")
    if kwargs.get("engine_mode") == "serverless":
        refuse("InvalidParameterValue", "The engine mode serverless you requested is currently unavailable.")
    version = resolve(kwargs["engine"], kwargs.get("engine_version"))
    kwargs["engine_version"] = version
    _check_credentials(kwargs)
    check_settings(kwargs)
    _check_scaling(kwargs.get("serverless_v2_scaling_configuration"), kwargs["engine"], version or "")
    group = self.describe_db_subnet_groups(kwargs.get("db_subnet_group_name") or "default")[0]
    groups = check_groups(self, group.vpc_id, kwargs.get("vpc_security_group_ids"))
    _check_parameter_group(self, kwargs.get("db_cluster_parameter_group_name"), kwargs["engine"], version)
    cluster = original(self, kwargs)
    cluster.ready_at, cluster._status = later(durations.DB_CLUSTER_CREATE), "creating"
    cluster.vpc_security_group_ids = groups
    # CreateDBCluster, AvailabilityZones: Aurora's storage is in three zones
    cluster.availability_zones = sorted({subnet.availability_zone for subnet in group._subnets})[:3]
    cluster.engine_lifecycle_support = kwargs.get("engine_lifecycle_support") or _SUPPORT[0]
    cluster.storage_type = kwargs.get("storage_type") or "aurora"
    cluster.hosted_zone_id = _ZONE_IDS.get(self.region_name, _ZONE_IDS["us-east-1"])
    if cluster.engine in ENGINES and not kwargs.get("db_cluster_parameter_group_name"):
        cluster.parameter_group = f"default.{ENGINES[cluster.engine].family(version or '')}"
    _complete_scaling(cluster)
    return cluster


def check_identifier(parameter: str, name: str) -> None:
    """Refuse identifiers other than a letter, followed by letters, digits and single hyphens."""
    if not _IDENTIFIER.fullmatch(name):
        refuse(
            "InvalidParameterValue",
            f"The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain "
            "only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive "
            "hyphens.",
        )


def _check_credentials(kwargs: dict[str, Any]) -> None:
    check_credentials(ENGINES.get(kwargs["engine"], MYSQL), kwargs, kwargs.get("database_name"))


def check_credentials(engine: Engine, kwargs: dict[str, Any], database: str | None, longest: int = 41) -> None:
    """Refuse a user, password or database name beyond the limits of CreateDBCluster (API reference)."""
    user = kwargs.get("master_username") or ""
    if user.lower() in engine.reserved_users:
        refuse(
            "InvalidParameterValue",
            f"MasterUsername {user} cannot be used as it is a reserved word used by the engine",
        )
    if user and not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]{0,15}", user):
        refuse(
            "InvalidParameterValue",
            "The parameter MasterUsername must begin with a letter, contain only alphanumeric characters and be at "
            "most 16 characters long.",
        )
    if (database or "").lower() in engine.reserved_databases:
        refuse(
            "InvalidParameterValue", f"DatabaseName {database} cannot be used.  It is a reserved word for this engine"
        )
    if database and not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]{0,63}", database):
        refuse(
            "InvalidParameterValue",
            f"DatabaseName {database} must begin with a letter and contain only alphanumeric characters.",
        )
    if kwargs.get("master_user_password") is not None:
        check_password(kwargs["master_user_password"], longest)


def check_settings(kwargs: dict[str, Any], least_days: int = 1) -> None:
    """Refuse a port, backup days, backup window or support beyond the limits of CreateDBCluster (API reference)."""
    if kwargs.get("engine_lifecycle_support") not in (None, *_SUPPORT):
        refuse("InvalidParameterValue", f"Invalid engine lifecycle support: {kwargs['engine_lifecycle_support']}")
    port, days = kwargs.get("port"), kwargs.get("backup_retention_period")
    if port is not None and not 1150 <= int(port) <= 65535:
        refuse("InvalidParameterValue", f"Invalid port number {port}. Valid values: 1150-65535")
    if days is not None and not least_days <= int(days) <= 35:
        refuse("InvalidParameterValue", f"Invalid backup retention period: {days}. Valid values: {least_days}-35")
    window = kwargs.get("preferred_backup_window")
    if window and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", window):
        refuse("InvalidParameterValue", f"Invalid backup window format: {window}. It must be hh24:mi-hh24:mi")


def check_password(password: str, longest: int = 41) -> None:
    """Refuse a MasterUserPassword outside 8 to 41 printable ASCII characters, or with slash, quote, @ or space."""
    intro = "The parameter MasterUserPassword is not a valid password"
    if len(password) < 8:
        refuse("InvalidParameterValue", f"{intro} because it is shorter than 8 characters.")
    if len(password) > longest:
        refuse("InvalidParameterValue", f"{intro} because it is longer than {longest} characters.")
    if not _PASSWORD.fullmatch(password) or set(password) & set('/"@'):
        refuse(
            "InvalidParameterValue",
            f"{intro}. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used.",
        )


def _check_scaling(wanted: Any, engine: str, version: str) -> None:
    """Refuse capacities that are no halves or out of order, and 0 where the engine cannot pause."""
    if not wanted:
        return
    low, high = float(wanted.get("min_capacity") or 0), float(wanted.get("max_capacity") or 0)
    floor = 0.0 if can_pause(engine, version) else 0.5
    if low < floor or low > 256 or low % 0.5:
        refuse(
            "InvalidParameterValue",
            f"Serverless v2 minimum capacity {low} isn't valid. The minimum capacity must be at least {floor} for "
            f"the engine version {version}.",
        )
    if high < max(low, 1.0) or high > 256 or high % 0.5:
        refuse(
            "InvalidParameterValue",
            f"Serverless v2 maximum capacity {high} isn't valid. The maximum capacity must be at least 1.0, at least "
            "the minimum capacity and at most 256.0.",
        )
    pause = wanted.get("seconds_until_auto_pause")
    if pause is not None and not (low == 0 and 300 <= int(pause) <= 86400):
        refuse(
            "InvalidParameterValue",
            f"Serverless v2 SecondsUntilAutoPause {pause} isn't valid. It must be between 300 and 86400, with a "
            "minimum capacity of 0.",
        )


def _complete_scaling(cluster: Any) -> None:
    scaling = cluster.serverless_v2_scaling_configuration
    if scaling and float(scaling.get("min_capacity") or 0) == 0 and not scaling.get("seconds_until_auto_pause"):
        scaling["SecondsUntilAutoPause"] = 300


def check_groups(rds: Any, vpc_id: str, groups: list[str] | None) -> list[str]:
    """Return a database's security groups, or the VPC's default; refuse unknown groups and groups of other VPCs."""
    ec2 = ec2_backends[rds.account_id][rds.region_name]
    for group_id in groups or []:
        group = ec2.get_security_group_from_id(group_id)
        if group is None:
            refuse("InvalidParameterValue", f"Invalid security group , groupId= {group_id}, groupName=.")
        if group.vpc_id != vpc_id:
            refuse(
                "InvalidParameterCombination",
                f"The DB instance and EC2 security group are in different VPCs. The DB instance is in {vpc_id} and the "
                f"EC2 security group is in {group.vpc_id}",
            )
    if groups:
        return list(groups)
    default: Any = ec2.get_default_security_group(vpc_id)
    return [default.id]


def _check_parameter_group(rds: Any, name: str | None, engine: str, version: str | None) -> None:
    if not name or name.startswith("default."):
        return
    group = rds.db_cluster_parameter_groups.get(name)
    if group is None:
        refuse("DBClusterParameterGroupNotFound", texts.NO_PARAMETER_GROUP.format(name))
    family = ENGINES[engine].family(version or "") if engine in ENGINES else group.db_parameter_group_family
    if group.db_parameter_group_family != family:
        refuse(
            "InvalidParameterCombination",
            texts.WRONG_FAMILY.format(name, group.db_parameter_group_family, family),
        )


def _status(self: Any) -> str:
    """Return a cluster's present status."""
    if self._status == "creating" and passed(getattr(self, "ready_at", float("inf"))):
        self._status = "available"
    shown, until, begins = getattr(self, "passing", ("", 0.0, 0.0))
    if self._status in ("available", "stopped") and passed(begins) and not passed(until):
        return str(shown)
    return str(self._status)


def _set_status(self: Any, value: str) -> None:
    self._status = value


replace(DBCluster, "status")(property(_status, _set_status))


@add(RDSBackend, "settle")
def settle(self: Any) -> None:
    """Remove the instances and clusters whose deletion is done; a cluster stays until its instances are gone."""
    for database in list(self.databases.values()):
        if passed(getattr(database, "gone_at", float("inf"))):
            self.drop_instance(database)
    for cluster in list(self.clusters.values()):
        if passed(getattr(cluster, "gone_at", float("inf"))) and not cluster._members:
            self.clusters.pop(cluster.db_cluster_identifier)


def find(rds: Any, name: str) -> Any:
    """Return a cluster by its identifier; refuse an unknown one."""
    rds.settle()
    if name not in rds.clusters:
        refuse("DBClusterNotFoundFault", texts.NO_CLUSTER.format(name))
    return rds.clusters[name]


def check_available(cluster: Any) -> None:
    """Refuse a cluster that is not available."""
    if cluster.status != "available":
        refuse(
            "InvalidDBClusterStateFault",
            f"DbCluster {cluster.db_cluster_identifier} is in {cluster.status} state but expected it to be one of "
            "available.",
        )


@wrap(RDSBackend, "describe_db_clusters")
def describe_db_clusters(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """DescribeDBClusters: list a cluster in deletion until it is gone."""
    self.settle()
    return original(self, *args, **kwargs)


@wrap(RDSBackend, "modify_db_cluster")
def modify_db_cluster(original: Any, self: Any, kwargs: dict[str, Any]) -> Any:
    """ModifyDBCluster: refuse unless available; check the changes as at creation."""
    cluster = find(self, kwargs["db_cluster_identifier"])
    check_available(cluster)
    version = resolve(cluster.engine, kwargs.get("engine_version") or cluster.engine_version)
    if version and cluster.engine in ENGINES:
        allowed = bool(kwargs.get("allow_major_version_upgrade"))
        check_upgrade(ENGINES[cluster.engine], cluster.engine_version, version, allowed=allowed)
    _check_scaling(kwargs.get("serverless_v2_scaling_configuration"), cluster.engine, version or "")
    _check_parameter_group(self, kwargs.get("db_cluster_parameter_group_name"), cluster.engine, version)
    if kwargs.get("master_user_password") is not None:
        check_password(kwargs["master_user_password"])
    groups = kwargs.get("vpc_security_group_ids")
    if groups:
        vpc_id = self.subnet_groups[cluster.db_subnet_group_name].vpc_id
        check_groups(self, vpc_id, groups)
        ec2 = ec2_backends[self.account_id][self.region_name]
        for member in cluster._members:
            ec2.enis[member.interface_id]._group_set = [ec2.get_security_group_from_id(name) for name in groups]
    changed = original(self, kwargs)
    _complete_scaling(cluster)
    return changed


@replace(RDSResponse, "delete_db_cluster")
def delete_db_cluster(self: Any) -> ActionResult:
    """DeleteDBCluster: check protection, the final snapshot and the instances; then show `deleting`."""
    rds, asked = self.backend, self.params
    cluster = find(rds, asked["DBClusterIdentifier"])
    final, skip = asked.get("FinalDBSnapshotIdentifier"), asked.get("SkipFinalSnapshot") or False
    _check_delete(cluster, final, skip)
    if final:
        rds.validate_db_snapshot_identifier(final, parameter_name="FinalDBSnapshotIdentifier")
        snapshot = rds.take_cluster_snapshot(cluster, final)
    for name, snapshot in list(rds.cluster_snapshots.items()):
        automatic = snapshot.snapshot_type == "automated" and asked.get("DeleteAutomatedBackups") is not False
        if automatic and snapshot.cluster.db_cluster_identifier == cluster.db_cluster_identifier:
            rds.cluster_snapshots.pop(name)
    if cluster.manage_master_user_password:
        cluster.master_user_secret.delete_secret()
    members_gone = max((member.gone_at for member in cluster._members), default=0.0)
    gone_at = later(durations.DB_CLUSTER_DELETE, after=members_gone)
    # the cluster stays `deleting` until its data is saved
    cluster._status, cluster.gone_at = "deleting", max(gone_at, snapshot.ready_at) if final else gone_at
    return ActionResult({"DBCluster": cluster})


def _check_delete(cluster: Any, final: str | None, skip: bool) -> None:
    name, status = cluster.db_cluster_identifier, cluster.status
    if cluster.deletion_protection:
        refuse(
            "InvalidParameterCombination",
            texts.PROTECTED_CLUSTER,
        )
    if status == "deleting":
        refuse("InvalidDBClusterStateFault", f"Cluster {name} is already being deleted.")
    if status in STANDING_STILL:
        refuse("InvalidDBClusterStateFault", texts.CLUSTER_IN_STATE.format(name, status))
    if not skip and not final:
        refuse(
            "InvalidParameterCombination",
            texts.SNAPSHOT_REQUIRED,
        )
    if skip and final:
        refuse("InvalidParameterCombination", "You cannot specify both FinalDBSnapshotIdentifier and SkipFinalSnapshot")
    if any(member.status != "deleting" for member in cluster._members):
        refuse(
            "InvalidDBClusterStateFault",
            texts.CLUSTER_HAS_INSTANCES,
        )
    if final and status != "available":
        refuse("InvalidDBClusterStateFault", f"DbCluster {name} is in {status} state: no final snapshot can be made.")
