"""Translate the keys of Copilot's manifests that have a counterpart, each by a function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from provisioner.config import schedules
from provisioner.config import validators as values
from provisioner.config.deployment import ERRORS_ALARM
from provisioner.config.network import CONNECT
from provisioner.migration.copilot.count import count
from provisioner.migration.copilot.findings import JOB, SHELL, SIDECAR, Workload
from provisioner.migration.yaml_tree import Value

FARGATES_OWN, DISKS = 20, range(21, 201)
"""GiB of a task's disk on Fargate by default, and the sizes to ask for (ECS API reference, EphemeralStorage)."""
RECREATE: Mapping[str, int] = {"min_percent": 0, "max_percent": 100}
"""The table that says the same as `deployment = "recreate"`."""


def _command(workload: Workload, value: Value) -> None:
    if value.words:
        workload.table["command"] = value.words


def _entrypoint(workload: Workload, value: Value) -> None:
    if value.words:
        workload.table["entrypoint"] = value.words


def _exec(workload: Workload, value: Value) -> None:
    if workload.sort != JOB and value.flag is not None:
        workload.table["exec"] = value.flag


def _platform(workload: Workload, value: Value) -> None:
    processor = value.at("architecture")
    text = processor.text if processor else value.text
    if (text or "").lower().endswith("arm64"):
        workload.table["architecture"] = "arm64"


def _variables(workload: Workload, value: Value) -> None:
    found: dict[str, str] = {}
    for name, one in value.table.items():
        key = f"variables.{name}"
        if one.text is None and not one.table:
            found[name] = ""
        elif one.text is None:
            why = "is an output of another stack of CloudFormation: write its value"
            workload.imports(one, key, why, "environment", name)
        elif SHELL.search(one.text):
            workload.leave(one, key, "is filled in from the shell that Copilot runs in: write its value")
        elif re.fullmatch(values.VARIABLE, name):
            found[name] = one.text
            if workload.sort != SIDECAR:
                workload.gathered.variables.append((workload.name, name, one))
        else:
            workload.leave(one, key, "is not the name of a variable")
    if found:
        workload.table["environment"] = found


def _secrets(workload: Workload, value: Value) -> None:
    found: dict[str, str] = {}
    for name, one in value.table.items():
        place = _place(one)
        if place is None:
            workload.imports(one, f"secrets.{name}", _unplaced(one), "secrets", name)
        elif name in workload.table.get("environment", {}):
            workload.leave(one, f"secrets.{name}", "is in variables as well, of which ECS takes one")
        else:
            found[name] = place
    if found:
        workload.table["secrets"] = found


def _network(workload: Workload, value: Value) -> None:
    for key, one in value.table.items():
        if key == "connect":
            if one.flag is not False:
                why = f"{CONNECT}: callers name this service in `calls`, which sets its URL"
                workload.leave(one, "network.connect", why)
        elif key != "vpc":
            workload.leave(one, f"network.{key}", "is not known here")
        for inner, part in one.table.items() if key == "vpc" else ():
            if inner == "placement":
                _placement(workload, part)
            elif inner == "security_groups":
                _groups(workload, part)
            else:
                workload.leave(part, f"network.vpc.{inner}", "is not known here")


def _placement(workload: Workload, value: Value) -> None:
    if value.text in ("public", "private"):
        workload.gathered.placements[workload.name] = value.text
    else:
        workload.leave(value, "network.vpc.placement", "tasks are in the stack's own subnets, which network says")


def _groups(workload: Workload, value: Value) -> None:
    groups = value.at("groups") or value
    if deny := value.at("deny_default"):
        workload.leave(
            deny, "network.vpc.security_groups.deny_default", "no service is open to others here but by `calls`"
        )
    ids = [one for one in groups.texts if re.fullmatch(r"sg-[0-9a-f]+", one)]
    if ids:
        workload.table["security_groups"] = ids
    for one in groups.values:
        if one.text not in ids:
            why = "is an output of another stack of CloudFormation: write the group's id in security_groups"
            workload.imports(one, "network.vpc.security_groups", why, "security_groups")


def _deployment(workload: Workload, value: Value) -> None:
    rolling, alarms = value.at("rolling"), value.at("rollback_alarms")
    if rolling and rolling.text == "recreate":
        workload.table["deployment"] = "recreate"
    if alarms:
        _alarms(workload, alarms)
    for key, one in value.table.items():
        if key not in ("rolling", "rollback_alarms") or (key == "rolling" and one.text not in ("default", "recreate")):
            workload.leave(one, f"deployment.{key}", "has no counterpart here")


def _alarms(workload: Workload, value: Value) -> None:
    """Take over alarms that are given by name; Copilot makes one itself where a threshold is given."""
    names = [name for name in value.texts if name != ERRORS_ALARM]
    if value.table or ERRORS_ALARM in value.texts:
        what = "an alarm that Copilot makes" if value.table else f'"{ERRORS_ALARM}" is an alarm of the stack here'
        workload.leave(value, "deployment.rollback_alarms", f"{what}: make one, and name it in deployment.alarms")
    if names:
        before = RECREATE if workload.table.get("deployment") == "recreate" else {}
        workload.table["deployment"] = {**before, "alarms": names}


def _storage(workload: Workload, value: Value) -> None:
    for key, one in value.table.items():
        if key == "readonly_fs":
            if one.flag:
                workload.table["read_only"] = True
        elif key == "ephemeral" and (size := one.number) and size in DISKS:
            workload.table["ephemeral_storage"] = size
        elif key == "ephemeral":
            if one.number != FARGATES_OWN:
                workload.leave(one, "storage.ephemeral", f"Fargate has {DISKS[0]} to {DISKS[-1]} GiB")
        else:
            workload.leave(one, f"storage.{key}", "a task has no volumes here")


def _count(workload: Workload, value: Value) -> None:
    workload.table |= count(value, workload.leave)


def _schedule(workload: Workload, value: Value) -> None:
    schedule = value.at("schedule")
    if not schedule or workload.sort != JOB or schedule.text in (None, "none", ""):
        return
    try:
        workload.table["schedule"] = schedules.expression(schedules.in_aws_form(" ".join(str(schedule.text).split())))
    except ValueError as error:
        workload.leave(schedule, "on.schedule", str(error))


def _place(value: Value) -> str | None:
    """Return the place of a secret in the form of `secrets`; None if `secrets` has no form for it."""
    if manager := value.at("secretsmanager"):
        name, _, rest = (manager.text or "").partition(":")
        key = rest.partition(":")[0]
        plain = name and not SHELL.search(manager.text or "")
        return f"secretsmanager:{name}" + (f"#{key}" if key else "") if plain else None
    text = value.text or ""
    if re.fullmatch(r"arn:aws[\w-]*:(ssm|secretsmanager):\S+", text) and not SHELL.search(text):
        return text
    return f"ssm:{text}" if re.fullmatch(r"[\w.-]+|(/[\w.-]+)+", text, re.ASCII) else None


def _unplaced(value: Value) -> str:
    if value.at("from_cfn"):
        return "is an output of another stack of CloudFormation: write the parameter or the secret that it names"
    if SHELL.search(value.text or (value.at("secretsmanager") or value).text or ""):
        return "has a part that is filled in from the shell that Copilot runs in: write the whole name"
    return "does not name a parameter or a secret"


HANDLERS: Mapping[str, Callable[[Workload, Value], None]] = {
    "command": _command,
    "count": _count,
    "deployment": _deployment,
    "entrypoint": _entrypoint,
    "exec": _exec,
    "network": _network,
    "on": _schedule,
    "platform": _platform,
    "secrets": _secrets,
    "storage": _storage,
    "variables": _variables,
}
