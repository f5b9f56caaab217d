"""Database subnet groups and cluster parameter groups: zones, duplicates, users, and the parameters that are set."""

from __future__ import annotations

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.rds.models import RDSBackend
from moto.rds.responses import RDSResponse

from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.rds import texts
from ecs_emulator.services.rds.parameters import STATIC, engine_defaults
from ecs_emulator.services.rds.versions import ENGINES

_NAME = re.compile(r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{0,254}(?<!-)")


def _subnets(self: Any) -> list[Any]:
    """Return the subnets of a request; refuse unknown ones, several VPCs, and fewer than two zones."""
    ec2 = ec2_backends[self.current_account][self.region]
    known = {subnet.id: subnet for subnet in ec2.describe_subnets()}
    wanted = self.params.get("SubnetIds", [])
    unknown = [subnet_id for subnet_id in wanted if subnet_id not in known]
    if unknown:
        refuse("InvalidParameterValue", texts.SUBNETS_INVALID.format(", ".join(unknown)))
    subnets = [known[subnet_id] for subnet_id in wanted]
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        refuse("InvalidVPCNetworkStateFault", "The subnets of a DB subnet group must be in one VPC.")
    zones = sorted({subnet.availability_zone for subnet in subnets})
    if len(zones) < 2:
        refuse(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
            f"{', '.join(zones)}. Add subnets to cover at least 2 AZs.",
        )
    return subnets


@replace(RDSResponse, "create_db_subnet_group")
def create_db_subnet_group(self: Any) -> ActionResult:
    """CreateDBSubnetGroup: refuse a used or malformed name, and fewer than two zones."""
    name = self.params["DBSubnetGroupName"]
    if not re.fullmatch(r"[a-zA-Z0-9 ._-]{1,255}", name):
        refuse(
            "InvalidParameterValue",
            f"The parameter DBSubnetGroupName {name} is not valid: at most 255 letters, numbers, periods, underscores, "
            "spaces or hyphens.",
        )
    if name.lower() == "default":
        refuse("InvalidParameterValue", "The DBSubnetGroupName 'default' is reserved.")
    if name in self.backend.subnet_groups:
        refuse("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
    tags = self.params.get("Tags", [])
    group = self.backend.create_subnet_group(name, self.params["DBSubnetGroupDescription"], _subnets(self), tags)
    return ActionResult({"DBSubnetGroup": group})


def _users(rds: Any, name: str) -> list[str]:
    clusters = [item.db_cluster_identifier for item in rds.clusters.values() if item.db_subnet_group_name == name]
    groups = [(item, getattr(item, "db_subnet_group", None)) for item in rds.databases.values()]
    return clusters + [item.db_instance_identifier for item, group in groups if group and group.name == name]


@replace(RDSResponse, "modify_db_subnet_group")
def modify_db_subnet_group(self: Any) -> ActionResult:
    """ModifyDBSubnetGroup: replace the subnets; refuse to remove a subnet with a database's interface."""
    group = self.backend.describe_db_subnet_groups(self.params["DBSubnetGroupName"])[0]
    subnets = _subnets(self)
    kept = {subnet.id for subnet in subnets}
    for database in self.backend.databases.values():
        place = getattr(database, "subnet_id", None)
        if place and place not in kept and place in {subnet.id for subnet in group._subnets}:
            refuse("SubnetAlreadyInUse", f"Some of the subnets to be deleted are currently in use: {place}")
    group._subnets = subnets
    group.description = self.params.get("DBSubnetGroupDescription") or group.description
    return ActionResult({"DBSubnetGroup": group})


@wrap(RDSBackend, "delete_subnet_group")
def delete_subnet_group(original: Any, self: Any, subnet_name: str) -> Any:
    """DeleteDBSubnetGroup: refuse while a cluster or an instance is in it, even in deletion."""
    group = self.describe_db_subnet_groups(subnet_name)[0]
    self.settle()
    if users := _users(self, group.name):
        refuse(
            "InvalidDBSubnetGroupStateFault",
            f"Cannot delete the subnet group '{group.name}' because at least one database instance: {users[0]} is "
            "still using it.",
        )
    return original(self, subnet_name)


@wrap(RDSBackend, "create_db_cluster_parameter_group")
def create_db_cluster_parameter_group(
    original: Any,
    self: Any,
    db_cluster_parameter_group_name: str,
    db_parameter_group_family: str,
    *args: Any,
    **kw: Any,
) -> Any:
    """CreateDBClusterParameterGroup: refuse a malformed name, and an unknown family."""
    if not _NAME.fullmatch(db_cluster_parameter_group_name):
        refuse(
            "InvalidParameterValue",
            "The parameter DBClusterParameterGroupName is not a valid identifier. Identifiers must begin with a "
            "letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain "
            "two consecutive hyphens.",
        )
    known = [family for engine in ENGINES.values() for family in engine.families]
    if db_parameter_group_family.startswith(("aurora-mysql", "aurora-postgresql")) and (
        db_parameter_group_family not in known
    ):
        refuse(
            "InvalidParameterValue",
            texts.WRONG_FAMILY_NAME.format(db_parameter_group_family),
        )
    return original(self, db_cluster_parameter_group_name, db_parameter_group_family, *args, **kw)


@wrap(RDSBackend, "modify_db_cluster_parameter_group")
def modify_db_cluster_parameter_group(
    original: Any, self: Any, db_cluster_parameter_group_name: str, db_cluster_parameter_group_parameters: Any
) -> Any:
    """ModifyDBClusterParameterGroup: refuse the default groups; accept unknown parameters.

    The family's whole list of parameters is not here. A parameter does not count as set if its new value is the
    engine's default (terraform-provider-aws#23335).
    """
    name, parameters = db_cluster_parameter_group_name, db_cluster_parameter_group_parameters
    if name.lower().startswith("default."):
        refuse("InvalidDBParameterGroupState", texts.DEFAULT_GROUP_CHANGED.format(name))
    _check_methods(parameters)
    group = original(self, name, parameters)
    defaults = engine_defaults(group.db_parameter_group_family)
    for entry in parameters:
        key = entry["ParameterName"]
        if entry.get("ParameterValue") == defaults.get(key):
            group.parameters.pop(key, None)
    return group


def _check_methods(parameters: list[dict[str, Any]]) -> None:
    for entry in parameters:
        if entry.get("ApplyMethod") == "immediate" and entry["ParameterName"] in STATIC:
            refuse("InvalidParameterCombination", texts.STATIC_PARAMETER)


@wrap(RDSBackend, "delete_db_cluster_parameter_group")
def delete_db_cluster_parameter_group(original: Any, self: Any, db_cluster_parameter_group_name: str) -> Any:
    """DeleteDBClusterParameterGroup: refuse the default groups, and a group that a cluster uses."""
    self.settle()
    name = db_cluster_parameter_group_name.lower()
    if name.startswith("default."):
        refuse("InvalidDBParameterGroupState", texts.DEFAULT_GROUP_DELETED.format(name))
    if any(cluster.parameter_group.lower() == name for cluster in self.clusters.values()):
        refuse(
            "InvalidDBParameterGroupState",
            texts.PARAMETER_GROUP_IN_USE.format(db_cluster_parameter_group_name),
        )
    return original(self, db_cluster_parameter_group_name)


@replace(RDSResponse, "describe_db_cluster_parameters")
def describe_db_cluster_parameters(self: Any) -> ActionResult:
    """DescribeDBClusterParameters: return the parameters that were set (`user`), and the engine's defaults."""
    name, source = self.params["DBClusterParameterGroupName"], self.params.get("Source")
    was_set = {entry["ParameterName"]: entry for entry in self.backend.describe_db_cluster_parameters(name)}
    defaults = engine_defaults(self.backend.db_cluster_parameter_groups[name].db_parameter_group_family)
    rows: list[dict[str, Any]] = []
    for key in sorted({*was_set, *defaults}):
        entry = {"ParameterName": key, "ParameterValue": defaults.get(key), "Source": "engine-default"}
        entry["ApplyMethod"] = "pending-reboot"
        if key in was_set:
            entry = {**was_set[key], "Source": "user"}
        apply_type = "static" if key in STATIC else "dynamic"
        rows.append({"ApplyType": apply_type, "DataType": "string", "IsModifiable": True, **entry})
    chosen = [row for row in rows if source in (None, row["Source"])]
    return ActionResult({"Parameters": chosen})


@add(RDSResponse, "reset_db_cluster_parameter_group")
def reset_db_cluster_parameter_group(self: Any) -> ActionResult:
    """ResetDBClusterParameterGroup: set all or the named parameters back to the engine's defaults."""
    name = self.params["DBClusterParameterGroupName"]
    group = self.backend.describe_db_cluster_parameter_groups(name)[0]
    _check_methods(self.params.get("Parameters", []))
    named = [entry["ParameterName"] for entry in self.params.get("Parameters", [])]
    for key in list(group.parameters) if self.params.get("ResetAllParameters") else named:
        group.parameters.pop(key, None)
    return ActionResult({"DBClusterParameterGroupName": group.name})
