"""Changes of instances without a cluster: when each is done, and the statuses in the meantime."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, inf
from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds.models import DBInstance, RDSBackend

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import add, refuse, wrap
from ecs_emulator.services.rds.clusters import check_groups, check_password, check_settings
from ecs_emulator.services.rds.options import check_exports, open_groups
from ecs_emulator.services.rds.single_versions import SINGLES
from ecs_emulator.services.rds.singles import (
    BASELINE_FROM,
    check_class,
    check_family,
    check_quota,
    check_storage,
    is_single,
    place_standby,
    remove_standby,
)
from ecs_emulator.services.rds.versions import check_upgrade, full_version

_SLOW: Mapping[str, tuple[str, str, durations.Duration]] = {
    "allocated_storage": ("AllocatedStorage", "modifying", durations.DB_SINGLE_STORAGE),
    "db_instance_class": ("DBInstanceClass", "modifying", durations.DB_SINGLE_CLASS),
    "engine_version": ("EngineVersion", "upgrading", durations.DB_SINGLE_CLASS),
    "master_user_password": ("MasterUserPassword", "resetting-master-credentials", durations.DB_CREDENTIALS_CHANGE),
    "multi_az": ("MultiAZ", "modifying", durations.DB_SINGLE_STANDBY),
}
"""The changes that stay in PendingModifiedValues until they are done, each with its status ("Viewing DB instance
status")."""
_OUTAGES = ("db_instance_class", "engine_version")
"""The changes with an outage (RDS user guide, "Settings for DB instances")."""
_SHORT = {
    "backup_retention_period": "modifying",
    "cloudwatch_logs_export_configuration": "configuring-log-exports",
    "enable_iam_database_authentication": "configuring-iam-database-auth",
    "storage_type": "modifying",
    "vpc_security_group_ids": "modifying",
}
"""Further changes with a status of their own for a moment."""


@wrap(RDSBackend, "modify_db_instance")
def modify_db_instance(original: Any, self: Any, db_instance_identifier: str, db_kwargs: Any) -> Any:
    """ModifyDBInstance: check the changes as at creation; show slow ones as pending until they are done.

    Without ApplyImmediately, slow changes stay pending until the maintenance window, which is never here.
    """
    (database,) = self.describe_db_instances(db_instance_identifier)
    if not is_single(database):
        return original(self, db_instance_identifier, db_kwargs)
    wanted = {name: value for name, value in dict(db_kwargs).items() if value is not None}
    _check(self, database, wanted)
    slow = {name: wanted.pop(name) for name in _SLOW if name in wanted}
    exports = wanted.pop("cloudwatch_logs_export_configuration", None)
    short = [_SHORT[name] for name in (*wanted, *(["cloudwatch_logs_export_configuration"] if exports else []))
             if name in _SHORT]  # fmt: skip
    _attach(self, database, wanted.get("vpc_security_group_ids"))
    # the default groups are always there
    default = str(wanted.get("db_parameter_group_name") or "").startswith("default.")
    if default:
        database.db_parameter_group_name = wanted.pop("db_parameter_group_name")
    changed = original(self, db_instance_identifier, wanted)
    _export(self, database, exports or {})
    if "engine_lifecycle_support" in wanted:
        database.engine_lifecycle_support = wanted["engine_lifecycle_support"]
    if "db_parameter_group_name" in wanted or default:
        # "the DB instance [has to be] rebooted" for static parameters of the new group (ModifyDBInstance)
        database.apply_status = "pending-reboot"
    _begin(database, slow, short, at_once=bool(wanted.get("apply_immediately")))
    return changed


def _check(rds: Any, database: Any, wanted: dict[str, Any]) -> None:
    engine = SINGLES[database.engine]
    check_settings(wanted, least_days=0)
    if "db_instance_class" in wanted:
        check_class(engine.name, database.engine_version, wanted["db_instance_class"])
    if "engine_version" in wanted:
        wanted["engine_version"] = full_version(engine, wanted["engine_version"])
        allowed = bool(wanted.get("allow_major_version_upgrade"))
        check_upgrade(engine, database.engine_version, wanted["engine_version"], allowed=allowed)
    version = wanted.get("engine_version") or database.engine_version
    check_family(rds, wanted.get("db_parameter_group_name"), engine.family(version))
    if (password := wanted.get("master_user_password")) is not None:
        check_password(password, 128 if engine.name == "postgres" else 41)
    _check_storage(rds, database, wanted)


def _check_storage(rds: Any, database: Any, wanted: dict[str, Any]) -> None:
    """Refuse less storage, a second change while the first is optimized, and IOPS that do not fit the size.

    Sources: ModifyDBInstance, AllocatedStorage; terraform-provider-aws#12493, #28160, #28589.
    """
    now, size = database.allocated_storage, wanted.get("allocated_storage")
    sort = wanted.get("storage_type") or database.storage_type
    if size is None and "storage_type" not in wanted:
        return
    if not passed(getattr(database, "optimized_at", 0.0)):
        refuse(
            "InvalidParameterCombination",
            "You can't currently modify the storage of this DB instance because the previous storage change is being "
            "optimized.",
        )
    size = now if size is None else int(size)
    check_storage(database.engine, sort, size, least=now)
    check_quota(rds, size - now)
    if size > now:
        # AWS makes a smaller step one of 10 %
        wanted["allocated_storage"] = size = max(size, ceil(now * 1.1))
    if sort == "gp3" and wanted.get("iops") and size < BASELINE_FROM:
        refuse(
            "InvalidParameterCombination",
            f"You can't specify IOPS or storage throughput for engine {database.engine} and a storage size less than "
            f"{BASELINE_FROM}.",
        )
    if sort == "gp3" and size >= BASELINE_FROM and not wanted.get("iops"):
        refuse(
            "InvalidParameterCombination",
            "You must specify both the storage size and iops when modifying the storage size or iops on a DB instance "
            "that has iops.",
        )


def _attach(rds: Any, database: Any, groups: list[str] | None) -> None:
    if not groups:
        return
    ec2 = ec2_backends[rds.account_id][rds.region_name]
    check_groups(rds, database.db_subnet_group.vpc_id, groups)
    for name in (database.interface_id, getattr(database, "standby_interface_id", "")):
        if interface := ec2.enis.get(name):
            interface._group_set = [ec2.get_security_group_from_id(one) for one in groups]


def _export(rds: Any, database: Any, exports: Mapping[str, Any]) -> None:
    more = exports.get("EnableLogTypes") or exports.get("enable_log_types") or []
    fewer = exports.get("DisableLogTypes") or exports.get("disable_log_types") or []
    check_exports(SINGLES[database.engine], database.engine_version, [*more, *fewer])
    database.enabled_cloudwatch_logs_exports = sorted({*database.enabled_cloudwatch_logs_exports, *more} - {*fewer})
    open_groups(rds, "instance", database.db_instance_identifier, database.enabled_cloudwatch_logs_exports)


def _begin(database: Any, slow: dict[str, Any], short: list[str], *, at_once: bool) -> None:
    """Keep slow changes pending until they are done, one after the other, and show their statuses."""
    waiting = {**getattr(database, "pending_changes", {}), **slow}
    for name in [*waiting]:
        # a request for the present value takes a pending change back
        if name != "master_user_password" and waiting[name] == getattr(database, name):
            del waiting[name]
    database.pending_changes = waiting
    # a password is applied as soon as possible in any case (ModifyDBInstance, ApplyImmediately)
    begun = [name for name in _SLOW if name in waiting and (at_once or name == "master_user_password")]
    ended, phases = 0.0, []
    for name in begun:
        _, status, lasts = _SLOW[name]
        began, ended = later(0, after=ended), later(lasts, after=ended)
        if name in _OUTAGES:
            database.unreachable = _unreachable(database, name, began, ended)
        phases.append((status, ended))
    for status in dict.fromkeys(short):
        ended = later(durations.DB_SINGLE_CHANGE, after=ended)
        phases.append((status, ended))
    if not phases:
        return
    database.changed_at, database.begun = ended, {*begun}
    rest = [phase for phase in getattr(database, "phases", []) if not passed(phase[1])]
    if "allocated_storage" in begun:
        database.optimized_at = later(durations.DB_SINGLE_OPTIMIZATION, after=ended)
        rest = [("storage-optimization", database.optimized_at)]
    database.phases = [*phases, *rest]


def _unreachable(database: Any, change: str, began: float, ended: float) -> tuple[float, float]:
    """Return the moments between which an instance does not answer while it changes.

    A new class comes to the standby first, which then takes over (AWS re:Post, "What factors affect my downtime or
    database performance in Amazon RDS?"). A new version comes to both at the same time (RDS user guide, "Upgrading a
    DB instance engine version").
    """
    if change == "db_instance_class" and database.multi_az:
        switched = began + (ended - began) / 2
        return later(0, after=switched), later(durations.DB_SINGLE_FAILOVER, after=switched)
    return began, ended


@add(DBInstance, "answers")
def answers(self: Any) -> bool:
    """Return whether an instance without a cluster is not in an outage of a change."""
    since, until = getattr(self, "unreachable", (inf, inf))
    return not passed(since) or passed(until)


def _pending(self: Any) -> dict[str, Any]:
    """Return the changes that are accepted but not done; a password without its value."""
    shown = {_SLOW[name][0]: value for name, value in getattr(self, "pending_changes", {}).items()}
    return shown | ({"MasterUserPassword": "****"} if "MasterUserPassword" in shown else {})


add(DBInstance, "pending_modified_values")(property(_pending))


@wrap(RDSBackend, "settle")
def settle(original: Any, self: Any) -> None:
    """Apply the changes of instances that are done."""
    original(self)
    for database in self.databases.values():
        waiting = getattr(database, "pending_changes", {})
        if not waiting or not passed(getattr(database, "changed_at", float("inf"))):
            continue
        done = {name: value for name, value in waiting.items() if name in database.begun}
        database.pending_changes = {name: value for name, value in waiting.items() if name not in done}
        for name, value in done.items():
            setattr(database, name, value)
        if done.get("multi_az"):
            place_standby(self, database)
        elif "multi_az" in done:
            remove_standby(self, database)
