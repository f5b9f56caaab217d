"""Further settings of clusters: log exports to CloudWatch, sign-in by IAM, and promotion tiers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from moto.logs.models import logs_backends
from moto.rds.models import RDSBackend
from moto.rds.responses import RDSResponse

from ecs_emulator.patch import refuse, wrap
from ecs_emulator.sent_members import change_members, never
from ecs_emulator.services.rds import texts
from ecs_emulator.services.rds.versions import ENGINES, Engine


def _check_logs(cluster: Any, logs: Collection[str]) -> None:
    if engine := ENGINES.get(cluster.engine):
        check_exports(engine, cluster.engine_version, logs)


def check_exports(engine: Engine, version: str, logs: Collection[str]) -> None:
    """Refuse logs that an engine does not write (CreateDBCluster and CreateDBInstance, EnableCloudwatchLogsExports)."""
    if wrong := [log for log in logs if log not in engine.logs]:
        named = ", ".join(f"'{log}'" for log in wrong)
        refuse(
            "InvalidParameterCombination",
            f"You cannot use the log types {named} with engine version {engine.name} {version}. For supported log "
            "types, see the documentation.",
        )


def _open_groups(rds: Any, cluster: Any) -> None:
    open_groups(rds, "cluster", cluster.db_cluster_identifier, cluster.enabled_cloudwatch_logs_exports)


def open_groups(rds: Any, sort: str, identifier: str, exported: Iterable[str]) -> None:
    """Create the log groups that are missing for a database's logs, without tags and without retention."""
    logs = logs_backends[rds.account_id][rds.region_name]
    for log in exported:
        name = f"/aws/rds/{sort}/{identifier}/{log}"
        if name not in logs.groups:
            logs.create_log_group(name, {})


@wrap(RDSBackend, "create_db_cluster")
def create_db_cluster(original: Any, self: Any, kwargs: dict[str, Any]) -> Any:
    """CreateDBCluster: refuse exports of logs that the engine does not write."""
    cluster = original(self, kwargs)
    try:
        _check_logs(cluster, cluster.enabled_cloudwatch_logs_exports)
    except Exception:
        self.clusters.pop(cluster.db_cluster_identifier)
        raise
    _open_groups(self, cluster)
    return cluster


@wrap(RDSBackend, "modify_db_cluster")
def modify_db_cluster(original: Any, self: Any, kwargs: dict[str, Any]) -> Any:
    """ModifyDBCluster: change the log exports and the sign-in by IAM; moto changes neither."""
    before = self.clusters.get(kwargs["db_cluster_identifier"])
    exports = kwargs.get("cloudwatch_logs_export_configuration") or {}
    more = exports.get("EnableLogTypes") or exports.get("enable_log_types") or []
    fewer = exports.get("DisableLogTypes") or exports.get("disable_log_types") or []
    if before is not None:
        _check_logs(before, [*more, *fewer])
    changed = original(self, kwargs)
    cluster = self.clusters[changed.db_cluster_identifier]
    there = {*cluster.enabled_cloudwatch_logs_exports, *more} - {*fewer}
    for shown in (cluster, changed):
        shown.enabled_cloudwatch_logs_exports = sorted(there)
        if (signed := kwargs.get("enable_iam_database_authentication")) is not None:
            shown.iam_auth = signed
    _open_groups(self, cluster)
    return changed


@wrap(RDSBackend, "create_db_instance")
def create_db_instance(original: Any, self: Any, db_kwargs: dict[str, Any]) -> Any:
    """CreateDBInstance: refuse a promotion tier outside 0 to 15."""
    tier = db_kwargs.get("promotion_tier")
    if tier is not None and not 0 <= int(tier) <= 15:
        refuse("InvalidParameterValue", f"Invalid promotion tier: {tier}. Valid values: 0-15")
    return original(self, db_kwargs)


@wrap(RDSBackend, "describe_db_parameter_groups")
def describe_db_parameter_groups(original: Any, self: Any, db_parameter_group_kwargs: dict[str, Any]) -> Any:
    """DescribeDBParameterGroups: refuse an unknown name (API reference, Errors, DBParameterGroupNotFound).

    Ansible's rds_instance_param_group creates a group only after this error.
    """
    found = original(self, db_parameter_group_kwargs)
    if (name := db_parameter_group_kwargs.get("db_parameter_group_name")) and not found:
        refuse("DBParameterGroupNotFound", texts.NO_INSTANCE_PARAMETER_GROUP.format(name))
    return found


# -- members -----------------------------------------------------------------------------------------------------------

# DescribeDBSubnetGroups and DescribeDBInstances
change_members(
    RDSResponse,
    {
        "Subnets.Subnet.SubnetOutpost": lambda outpost: outpost or {},
        "DBInstances.DBInstance.PendingModifiedValues": lambda values: values or {},
        "DBInstances.DBInstance.DBSubnetGroup.DBSubnetGroupArn": never,
    },
)
