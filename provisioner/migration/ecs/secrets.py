"""Translate the secrets of a container: the place of each, in the form of `secrets`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from provisioner.config import secrets as ours
from provisioner.migration.ecs.answers import Answer
from provisioner.migration.ecs.findings import Workload

_PARAMETER = re.compile(r"arn:aws[\w-]*:ssm:(?P<region>[\w-]+):(?P<account>\d{12}):parameter/(?P<name>[\w./-]+)")
_MANAGER = re.compile(r"(?P<arn>arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:[^:]+)(?::(?P<rest>.*))?")


def fill(workload: Workload, found: Sequence[Answer]) -> None:
    """Write the places of secrets into the table, and note secrets that `secrets` has no form for."""
    places: dict[str, str | bool] = workload.table.setdefault("secrets", {})
    own = f"ssm:{ours.path(workload.gathered.own)}" if workload.gathered.own else None
    for one in found:
        name, value = str(one.get("name", "")), str(one.get("valueFrom", ""))
        if place := place_of(value, workload.answers.account, workload.answers.region):
            places[name] = True if own and place == f"{own}{name}" else place
        else:
            workload.leave(
                f"secrets.{name}",
                "names a version or a stage of a secret, or something that is neither a parameter nor a secret: "
                "write its place",
            )
    if not places:
        del workload.table["secrets"]


def place_of(value: str, account: str, region: str) -> str:
    """Return the place of a secret in the form of `secrets`; empty if there is no form for it.

    Args:
        value: `valueFrom` of a container: a parameter's name or ARN, or a secret's ARN, perhaps followed by key, stage
            and version (ECS API reference, Secret).
        account, region: the stack's, in which a parameter's name is enough.
    """
    place = _parameter(value, account, region) or _secret(value)
    try:
        ours.read_secrets({"NAME": place})
    except ValueError:
        return ""
    return place


def _parameter(value: str, account: str, region: str) -> str:
    """Return the place of a parameter: its name if it is in this account and Region, else its ARN."""
    found = _PARAMETER.fullmatch(value)
    if found is None:
        return "" if value.startswith("arn:") else f"ssm:{value}"
    if (found["region"], found["account"]) != (region, account):
        return value
    # the ARN of a name with slashes lacks the name's first slash
    return f"ssm:/{found['name']}" if "/" in found["name"] else f"ssm:{found['name']}"


def _secret(value: str) -> str:
    """Return the place of a secret in Secrets Manager; empty if the value names a stage or a version."""
    found = _MANAGER.fullmatch(value)
    if found is None:
        return ""
    key, _, more = (found["rest"] or "").partition(":")
    if more.strip(":"):
        return ""
    return f"{found['arn']}:{key}::" if key else found["arn"]
