"""Parameter groups of instances: families, users, and the parameters that are set."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from moto.core.responses import ActionResult
from moto.rds.models import RDSBackend
from moto.rds.responses import RDSResponse

from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.rds import texts
from ecs_emulator.services.rds.parameters import STATIC, engine_defaults
from ecs_emulator.services.rds.single_versions import SINGLES
from ecs_emulator.services.rds.versions import ENGINES

_NAME = re.compile(r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{0,254}(?<!-)")
_DEFAULT = "default."


@wrap(RDSBackend, "create_db_parameter_group")
def create_db_parameter_group(original: Any, self: Any, db_parameter_group_kwargs: dict[str, Any]) -> Any:
    """CreateDBParameterGroup: refuse a malformed name, and an unknown family of the engines that are known here."""
    name = db_parameter_group_kwargs["db_parameter_group_name"]
    family = db_parameter_group_kwargs.get("db_parameter_group_family") or ""
    if not _NAME.fullmatch(name):
        refuse(
            "InvalidParameterValue",
            "The parameter DBParameterGroupName is not a valid identifier. Identifiers must begin with a letter; must "
            "contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two "
            "consecutive hyphens.",
        )
    known = [one for engine in (*ENGINES.values(), *SINGLES.values()) for one in engine.families]
    if re.match(r"(aurora-)?(mysql|postgres)", family) and family not in known:
        refuse(
            "InvalidParameterValue",
            texts.WRONG_FAMILY_NAME.format(family),
        )
    return original(self, db_parameter_group_kwargs)


@wrap(RDSBackend, "modify_db_parameter_group")
def modify_db_parameter_group(
    original: Any, self: Any, db_parameter_group_name: str, db_parameter_group_parameters: Iterable[dict[str, Any]]
) -> Any:
    """ModifyDBParameterGroup: refuse the default groups, and to apply a static parameter at once.

    A parameter does not count as set if its new value is the engine's default (terraform-provider-aws#23335).
    """
    parameters = [*db_parameter_group_parameters]
    if db_parameter_group_name.lower().startswith(_DEFAULT):
        refuse("InvalidDBParameterGroupState", texts.DEFAULT_GROUP_CHANGED.format(db_parameter_group_name))
    check_methods(parameters)
    group = original(self, db_parameter_group_name, parameters)
    defaults = engine_defaults(group.family or "")
    for entry in parameters:
        if entry.get("ParameterValue") == defaults.get(entry["ParameterName"]):
            group.parameters.pop(entry["ParameterName"], None)
    return group


def check_methods(parameters: Iterable[dict[str, Any]]) -> None:
    """Refuse the method `immediate` for static parameters (ModifyDBParameterGroup, Parameters)."""
    for entry in parameters:
        if entry.get("ApplyMethod") == "immediate" and entry["ParameterName"] in STATIC:
            refuse("InvalidParameterCombination", texts.STATIC_PARAMETER)


@wrap(RDSBackend, "delete_db_parameter_group")
def delete_db_parameter_group(original: Any, self: Any, db_parameter_group_name: str) -> Any:
    """DeleteDBParameterGroup: refuse the default groups, and a group that an instance uses, even in deletion."""
    self.settle()
    name = db_parameter_group_name.lower()
    if name.startswith(_DEFAULT):
        refuse("InvalidDBParameterGroupState", texts.DEFAULT_GROUP_DELETED.format(name))
    if any((one.db_parameter_group_name or "").lower() == name for one in self.databases.values()):
        refuse("InvalidDBParameterGroupState", texts.PARAMETER_GROUP_IN_USE.format(db_parameter_group_name))
    return original(self, db_parameter_group_name)


@replace(RDSResponse, "describe_db_parameters")
def describe_db_parameters(self: Any) -> ActionResult:
    """DescribeDBParameters: return the parameters that were set (`user`), and the engine's defaults."""
    name, source = self.params["DBParameterGroupName"], self.params.get("Source")
    (group,) = self.backend.describe_db_parameter_groups({"db_parameter_group_name": name})
    defaults = engine_defaults(group.family or "")
    rows: list[dict[str, Any]] = []
    for key in sorted({*group.parameters, *defaults}):
        entry = {"ParameterName": key, "ParameterValue": defaults.get(key), "Source": "engine-default"}
        entry["ApplyMethod"] = "pending-reboot"
        if key in group.parameters:
            entry = {**group.parameters[key], "Source": "user"}
        apply_type = "static" if key in STATIC else "dynamic"
        rows.append({"ApplyType": apply_type, "DataType": "string", "IsModifiable": True, **entry})
    return ActionResult({"Parameters": [row for row in rows if source in (None, row["Source"])]})


@add(RDSResponse, "reset_db_parameter_group")
def reset_db_parameter_group(self: Any) -> ActionResult:
    """ResetDBParameterGroup: set all or the named parameters back to the engine's defaults."""
    name, given = self.params["DBParameterGroupName"], self.params.get("Parameters", [])
    (group,) = self.backend.describe_db_parameter_groups({"db_parameter_group_name": name})
    check_methods(given)
    named = [entry["ParameterName"] for entry in given]
    for key in list(group.parameters) if self.params.get("ResetAllParameters") else named:
        group.parameters.pop(key, None)
    return ActionResult({"DBParameterGroupName": group.name})
