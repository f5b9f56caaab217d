"""Instances of RDS without a cluster: allowed settings, places, states, stop and start, and deletion."""

from __future__ import annotations

import secrets
import string
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.rds.models import DBInstance, DBInstanceClustered, RDSBackend
from moto.rds.responses import RDSResponse

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.ec2.interfaces import create_interface, remove
from ecs_emulator.services.rds import texts
from ecs_emulator.services.rds.clusters import check_credentials, check_groups, check_settings
from ecs_emulator.services.rds.options import check_exports, open_groups
from ecs_emulator.services.rds.single_versions import SINGLE_CLASSES, SINGLES
from ecs_emulator.services.rds.versions import full_version

_LETTERS = string.ascii_uppercase + string.digits
STORAGE = range(20, 65537)
"""GiB of General Purpose storage (CreateDBInstance, AllocatedStorage)."""
BASELINE, BASELINE_FROM = 3000, 400
"""The IOPS of gp3 below 400 GiB, and the size from which they are 12,000 and can be set (RDS user guide,
CHAP_Storage)."""
QUOTA = 100000
"""GiB of all instances in a Region (RDS user guide, CHAP_Limits)."""


def is_single(database: Any) -> bool:
    """Return whether an instance is in no cluster, and its engine is known here."""
    return not isinstance(database, DBInstanceClustered) and database.engine in SINGLES


@wrap(RDSBackend, "create_db_instance")
def create_db_instance(original: Any, self: Any, db_kwargs: dict[str, Any]) -> Any:
    """CreateDBInstance: check an instance without a cluster as AWS does; start as `creating`, with an interface."""
    if db_kwargs.get("db_cluster_identifier") or db_kwargs.get("engine") not in SINGLES:
        return original(self, db_kwargs)
    wanted = dict(db_kwargs)
    engine = SINGLES[wanted["engine"]]
    wanted["engine_version"] = version = full_version(engine, wanted.get("engine_version"))
    _check(self, wanted)
    group = self.describe_db_subnet_groups(wanted.get("db_subnet_group_name") or "default")[0]
    wanted["vpc_security_group_ids"] = check_groups(self, group.vpc_id, wanted.get("vpc_security_group_ids"))
    wanted["license_model"] = engine.license
    subnet = _subnet(group, wanted.get("availability_zone"))
    wanted["availability_zone"] = subnet.availability_zone
    database = original(self, wanted)
    database.engine_lifecycle_support = wanted.get("engine_lifecycle_support") or "open-source-rds-extended-support"
    database.option_group_name = f"default:{engine.name}-{engine.major(version).replace('.', '-')}"
    database.iops = _iops(database)
    database.dbi_resource_id = "db-" + "".join(secrets.choice(_LETTERS) for _ in range(26))
    _place(self, database, group, subnet)
    lasts = durations.DB_SINGLE_STANDBY_CREATE if database.multi_az else durations.DB_SINGLE_CREATE
    database.ready_at = later(lasts)
    # the first backup follows, while the database serves already (RDS user guide, "Viewing DB instance status")
    database.phases = [("backing-up", later(durations.DB_SINGLE_BACKUP, after=database.ready_at))]
    open_groups(self, "instance", database.db_instance_identifier, database.enabled_cloudwatch_logs_exports)
    return database


def _check(rds: Any, wanted: dict[str, Any]) -> None:
    """Refuse settings beyond the limits of CreateDBInstance (API reference)."""
    engine, version = SINGLES[wanted["engine"]], wanted["engine_version"]
    if not wanted.get("restored"):
        for member in ("master_username", "master_user_password"):
            if not wanted.get(member) and not wanted.get("manage_master_user_password"):
                name = "".join(part.title() for part in member.split("_"))
                refuse("InvalidParameterValue", f"The parameter {name} must be provided and must not be blank.")
        check_credentials(engine, wanted, wanted.get("db_name"), longest=128 if engine.name == "postgres" else 41)
    check_settings(wanted, least_days=0)
    check_class(engine.name, version, wanted["db_instance_class"])
    check_storage(engine.name, wanted.get("storage_type") or "gp2", int(wanted.get("allocated_storage") or 0))
    check_quota(rds, int(wanted["allocated_storage"]))
    check_family(rds, wanted.get("db_parameter_group_name"), engine.family(version))
    check_exports(engine, version, wanted.get("enable_cloudwatch_logs_exports") or ())


def check_class(name: str, version: str, size: str) -> None:
    """Refuse a class that an engine does not offer."""
    if size not in SINGLE_CLASSES:
        wrong = texts.WRONG_CLASS.format(size, name, version, SINGLES[name].license)
        refuse("InvalidParameterCombination", wrong)


def check_storage(name: str, sort: str, size: int, least: int = STORAGE.start) -> None:
    """Refuse a size below 20 GiB or the present one, and above 64 TiB (convox/rack#2846)."""
    if size not in STORAGE or size < least:
        refuse("InvalidParameterCombination", texts.WRONG_STORAGE.format(name, sort, size))


def check_quota(rds: Any, more: int) -> None:
    """Refuse more storage than the quota of the Region has left."""
    there = sum(one.allocated_storage for one in rds.databases.values() if is_single(one))
    if there + more > QUOTA:
        refuse(
            "StorageQuotaExceeded",
            "The request would result in the user exceeding the allowed amount of storage available across all DB "
            "instances.",
        )


def check_family(rds: Any, name: str | None, family: str) -> None:
    """Refuse a parameter group that is not there, and one of another family."""
    if not name or name.startswith("default."):
        return
    (group,) = rds.describe_db_parameter_groups({"db_parameter_group_name": name})
    if group.family != family:
        refuse("InvalidParameterCombination", texts.WRONG_FAMILY.format(name, group.family, family))


def _iops(database: Any) -> int | None:
    if database.storage_type != "gp3":
        return None
    return BASELINE if database.allocated_storage < BASELINE_FROM else int(database.iops or 4 * BASELINE)


def _subnet(group: Any, zone: str | None) -> Any:
    usable = [subnet for subnet in group._subnets if zone in (None, subnet.availability_zone)]
    if not usable:
        refuse("InvalidVPCNetworkStateFault", texts.NO_SUBNET_IN_ZONE.format(zone))
    return usable[0]


def _place(rds: Any, database: Any, group: Any, subnet: Any) -> None:
    ec2 = ec2_backends[rds.account_id][rds.region_name]
    security = database.vpc_security_group_ids
    database.subnet_id = subnet.id
    database.interface_id = create_interface(ec2, subnet, security, "RDSNetworkInterface", "amazon-rds").id
    if database.multi_az:
        place_standby(rds, database)


def place_standby(rds: Any, database: Any) -> None:
    """Give a standby its interface in another zone; refuse a subnet group of one zone."""
    ec2 = ec2_backends[rds.account_id][rds.region_name]
    subnets = database.db_subnet_group._subnets
    other = next((one for one in subnets if one.availability_zone != database.availability_zone), None)
    if other is None:
        refuse("InvalidVPCNetworkStateFault", texts.NO_SUBNET_IN_ZONE.format("of the standby"))
    security = database.vpc_security_group_ids
    database.standby_interface_id = create_interface(ec2, other, security, "RDSNetworkInterface", "amazon-rds").id
    database.secondary_availability_zone = other.availability_zone


def remove_standby(rds: Any, database: Any) -> None:
    """Remove the interface of a standby."""
    ec2 = ec2_backends[rds.account_id][rds.region_name]
    if interface := ec2.enis.get(getattr(database, "standby_interface_id", "")):
        remove(ec2, interface)
    database.standby_interface_id, database.secondary_availability_zone = "", None


@add(RDSBackend, "delete_single")
def delete_single(self: Any, database: Any, final: str | None, *, keep_backups: bool) -> None:
    """Delete an instance without a cluster: take its final snapshot, drop its backups, and show `deleting`.

    Statuses without a final snapshot: API reference, DeleteDBInstance.
    """
    name, status = database.db_instance_identifier, database.status
    if final:
        if status in ("creating", "failed", "incompatible-restore", "incompatible-network"):
            refuse("InvalidDBInstanceState", texts.NO_SNAPSHOT_OF.format(name))
        self.validate_db_snapshot_identifier(final, parameter_name="FinalDBSnapshotIdentifier")
        snapshot = self.create_db_snapshot(name, final)
    for other, one in list(self.database_snapshots.items()):
        if one.snapshot_type == "automated" and one.db_instance_identifier == name and not keep_backups:
            self.database_snapshots.pop(other)
    if database.manage_master_user_password:
        database.master_user_secret.delete_secret()
    if database.is_replica:
        self.find_db_from_id(database.source_db_instance_identifier).remove_replica(database)
    gone_at = later(durations.DB_SINGLE_DELETE)
    database.gone_at = max(gone_at, snapshot.ready_at) if final else gone_at


@wrap(RDSResponse, "stop_db_instance")
def stop_db_instance(original: Any, self: Any) -> ActionResult:
    """StopDBInstance: refuse a member of a cluster; show `stopping`, and start it again after 7 days."""
    return _switched(self, original, "stopping", durations.DB_SINGLE_STOP)


@wrap(RDSResponse, "start_db_instance")
def start_db_instance(original: Any, self: Any) -> ActionResult:
    """StartDBInstance: refuse a member of a cluster; show `starting`, then `available`."""
    return _switched(self, original, "starting", durations.DB_SINGLE_START)


def _switched(response: Any, switch: Any, status: str, lasts: durations.Duration) -> ActionResult:
    name = response.params["DBInstanceIdentifier"]
    (database,) = response.backend.describe_db_instances(name)
    if not is_single(database):
        refuse("InvalidDBInstanceState", texts.STOPPED_WITH_CLUSTER.format(name))
    answer: ActionResult = switch(response)
    until = later(lasts)
    database.phases = [(status, until)]
    database.starts_at = later(durations.DB_SINGLE_STOPPED, after=until) if status == "stopping" else None
    return answer


@wrap(RDSBackend, "settle")
def settle(original: Any, self: Any) -> None:
    """Start the instances again that have been stopped for 7 days (RDS user guide, USER_StopInstance)."""
    original(self)
    for database in self.databases.values():
        due = getattr(database, "starts_at", None)
        if due is not None and passed(due):
            database.starts_at = None
            database.status = "available"
            database.phases = [("starting", later(durations.DB_SINGLE_START))]


replace(DBInstance, "db_instance_port")(property(lambda self: 0 if is_single(self) else self.port))
