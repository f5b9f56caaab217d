"""Database instances: their subnets, states and deletion."""

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
from ecs_emulator.services.rds.clusters import STANDING_STILL, check_identifier
from ecs_emulator.services.rds.versions import CLASSES, ENGINES

_LETTERS = string.ascii_uppercase + string.digits


@wrap(RDSBackend, "create_db_instance")
def create_db_instance(original: Any, self: Any, db_kwargs: dict[str, Any]) -> Any:
    """CreateDBInstance: give a member its cluster's subnet group and groups, and an interface in one zone."""
    self.settle()
    check_identifier("DBInstanceIdentifier", db_kwargs["db_instance_identifier"])
    cluster_id = db_kwargs.get("db_cluster_identifier")
    if not cluster_id:
        return original(self, db_kwargs)
    cluster = self.clusters.get(cluster_id)
    if cluster is None:
        refuse("DBClusterNotFoundFault", f"Could not find DB Cluster: {cluster_id}")
    _check_member(cluster, db_kwargs)
    db_kwargs["db_subnet_group_name"] = cluster.db_subnet_group_name
    subnet = _choose_subnet(self, cluster, db_kwargs.get("availability_zone"))
    db_kwargs["availability_zone"] = subnet.availability_zone
    database = original(self, db_kwargs)
    # a call during the cluster's creation: the instance begins once the cluster is ready
    database.ready_at = later(durations.DB_INSTANCE_CREATE, after=cluster.ready_at)
    database.dbi_resource_id = "db-" + "".join(secrets.choice(_LETTERS) for _ in range(26))
    ec2, groups = ec2_backends[self.account_id][self.region_name], cluster.vpc_security_group_ids
    database.subnet_id = subnet.id
    database.interface_id = create_interface(ec2, subnet, groups, "RDSNetworkInterface", "amazon-rds").id
    return database


def _check_member(cluster: Any, wanted: Any) -> None:
    if cluster.status == "deleting":
        refuse("InvalidDBClusterStateFault", f"DbCluster {cluster.db_cluster_identifier} is in deleting state.")
    # "You can create DB instances only after […] the DB cluster is available" (RDS API, RestoreDBClusterFromSnapshot)
    if cluster.status == "creating" and getattr(cluster, "restored_from", ""):
        refuse("InvalidDBClusterStateFault", f"DbCluster {cluster.db_cluster_identifier} is in creating state.")
    if wanted.get("master_username") or wanted.get("master_user_password"):
        refuse(
            "InvalidParameterCombination",
            "The requested DB Instance will be a member of a DB Cluster. Set master user for the DB Cluster.",
        )
    size = wanted["db_instance_class"]
    if cluster.engine in ENGINES and size not in CLASSES:
        refuse(
            "InvalidParameterCombination",
            f"RDS does not support creating a DB instance with the following combination: DBInstanceClass={size}, "
            f"Engine={cluster.engine}, EngineVersion={cluster.engine_version}.",
        )
    if size == "db.serverless" and not cluster.serverless_v2_scaling_configuration:
        refuse(
            "InvalidDBClusterStateFault",
            "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB "
            "instance.",
        )


def _choose_subnet(rds: Any, cluster: Any, zone: str | None) -> Any:
    subnets = rds.subnet_groups[cluster.db_subnet_group_name]._subnets
    usable = [subnet for subnet in subnets if zone in (None, subnet.availability_zone)]
    if not usable:
        refuse("InvalidVPCNetworkStateFault", texts.NO_SUBNET_IN_ZONE.format(zone))
    return usable[len(cluster._members) % len(usable)]


@replace(DBInstanceClustered, "save_automated_backup")
def no_instance_backup(self: Any) -> None:
    """Make no backup: Aurora backs up clusters, not their instances."""


def _status(self: Any) -> str:
    """Return an instance's present status."""
    if getattr(self, "gone_at", None) is not None:
        return "deleting"
    if not passed(getattr(self, "ready_at", 0)):
        return "creating"
    if phase := next((shown for shown, until in getattr(self, "phases", ()) if not passed(until)), None):
        return str(phase)
    cluster = self.cluster.status if isinstance(self, DBInstanceClustered) else ""
    # the instances of a cluster are stopped and started with it (Aurora user guide, "Stopping and starting")
    return cluster if cluster in STANDING_STILL else str(self.__dict__["_status"])


def _set_status(self: Any, value: str) -> None:
    self.__dict__["_status"] = value


replace(DBInstance, "status")(property(_status, _set_status))


@wrap(DBInstance, "endpoint")
def endpoint(original: Any, self: Any) -> Any:
    """Return the endpoint; None while the instance is being created."""
    return None if self.status == "creating" else original(self)


@wrap(RDSBackend, "describe_db_instances")
def describe_db_instances(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """DescribeDBInstances: list an instance in deletion until it is gone."""
    self.settle()
    return original(self, *args, **kwargs)


@wrap(RDSBackend, "modify_db_instance")
def modify_db_instance(original: Any, self: Any, db_instance_identifier: str, db_kwargs: Any) -> Any:
    """ModifyDBInstance: refuse unless the instance is available."""
    database = self.describe_db_instances(db_instance_identifier)[0]
    # the disk is optimized while the database serves (RDS user guide, "Modifying settings")
    if database.status not in ("available", "storage-optimization"):
        refuse("InvalidDBInstanceState", texts.INSTANCE_NOT_AVAILABLE.format(db_instance_identifier))
    return original(self, db_instance_identifier, db_kwargs)


@wrap(RDSResponse, "delete_db_instance")
def delete_db_instance(original: Any, self: Any) -> ActionResult:
    """DeleteDBInstance: refuse a protected instance, and a member's final snapshot; then show `deleting`."""
    rds, params = self.backend, self.params
    database = rds.describe_db_instances(params["DBInstanceIdentifier"])[0]
    final, skip = params.get("FinalDBSnapshotIdentifier"), params.get("SkipFinalSnapshot")
    if database.deletion_protection:
        refuse(
            "InvalidParameterCombination",
            "Cannot delete protected DB Instance, please disable deletion protection and try again.",
        )
    if database.status == "deleting":
        refuse("InvalidDBInstanceState", f"Instance {database.db_instance_identifier} is already being deleted.")
    if isinstance(database, DBInstanceClustered) and database.status in STANDING_STILL:
        name = database.cluster.db_cluster_identifier
        refuse("InvalidDBClusterStateFault", texts.CLUSTER_IN_STATE.format(name, database.status))
    if not isinstance(database, DBInstanceClustered):
        if not skip and not final:
            refuse("InvalidParameterCombination", texts.SNAPSHOT_REQUIRED)
        rds.delete_single(database, final, keep_backups=params.get("DeleteAutomatedBackups") is False)
        return ActionResult({"DBInstance": database})
    if final:
        refuse(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier can not be specified when deleting a cluster instance",
        )
    database.gone_at = later(durations.DB_INSTANCE_DELETE)  # type: ignore[attr-defined]
    return ActionResult({"DBInstance": database})


@add(RDSBackend, "drop_instance")
def drop_instance(self: Any, database: Any) -> None:
    """Remove an instance at once, with its interface."""
    self.databases.pop(database.db_instance_identifier)
    ec2 = ec2_backends[self.account_id][self.region_name]
    for name in (database.interface_id, getattr(database, "standby_interface_id", "")):
        if interface := ec2.enis.get(name):
            remove(ec2, interface)


@wrap(RDSBackend, "_get_resource_for_tagging")
def resource_for_tagging(original: Any, self: Any, arn: str) -> Any:
    """ListTagsForResource, AddTagsToResource: refuse an unknown cluster or instance."""
    self.settle()
    resource_type, name = arn.split(":")[5], arn.rpartition(":")[2]
    if resource_type == "cluster" and name not in self.clusters:
        refuse("DBClusterNotFoundFault", texts.NO_CLUSTER.format(name))
    if resource_type == "db" and name not in self.databases:
        refuse("DBInstanceNotFound", f"DBInstance {name} not found.")
    return original(self, arn)


@wrap(DBInstance, "default_db_parameter_group_details")
def default_parameter_group(original: Any, self: Any) -> tuple[str, str]:
    """Name the default group after the family, which for Aurora MySQL holds no Aurora version."""
    if self.engine not in ENGINES:
        found: tuple[str, str] = original(self)
        return found
    family = ENGINES[self.engine].family(self.engine_version)
    return family, f"default.{family}"
