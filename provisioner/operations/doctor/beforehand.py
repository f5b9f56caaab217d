"""What `up` on AWS checks by itself before its first write, if anything is to be made: what of `doctor` is cheap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from provisioner.engine import target as limit
from provisioner.engine.declaration import STEPS
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.doctor import boundary, images, network, permissions, quotas
from provisioner.operations.doctor.context import Context
from provisioner.operations.doctor.examine import together
from provisioner.operations.doctor.verdicts import joined
from provisioner.permissions.model import Use

if TYPE_CHECKING:
    from pathlib import Path

    from provisioner.aws.client import Aws
    from provisioner.operations.doctor.verdicts import Check
    from state.model import Record
    from steps.stack import Stack

NOW = (Use.LIFE, Use.OPTION, Use.IMPLIED)
CHECKS: Mapping[str, Check] = {
    permissions.NAME: partial(permissions.check, uses=NOW, sure=True),
    boundary.NAME: boundary.check,
    "images": images.own,
    "public access": network.public_access,
    **{f"quota {quota.name}": partial(quotas.check, quota) for quota in quotas.QUOTAS},
}


def check(aws: Aws, stack: Stack, file: Path, records: Mapping[str, Record], target_step: str | None = None) -> None:
    """Refuse to begin what would not go through, and note the warnings for the user. Only reads are made.

    Where everything is recorded nothing is asked. What cannot be told is no reason to stop.

    Args:
        stack: what is declared; it is given the notices. file: the configuration's.
        target_step: the step that the run is limited to.

    Raises:
        ConfigurationError: with one line for each check that failed.
    """
    declared = stack.declared
    if target_step:
        declared = limit.limited(declared, limit.step_and_dependencies(STEPS, target_step))
    if all(address in records and records[address].id for address in declared):
        return
    scope = replace(stack, declared=dict(declared))
    context = Context(aws.reading(), stack.config, file, lambda _: records, scope)
    try:
        found = together(context, lambda event: None, CHECKS)
    finally:
        aws.drop_reads()  # what was looked up under the names of this run's part alone
    if wrong := [one for one in found if one.verdict == "failed"]:
        lines = "".join(f"\n  {joined(one)}" for one in wrong)
        raise ConfigurationError(f"`up` would fail, so nothing was changed:{lines}")
    for one in found:
        if one.verdict == "warning":
            stack.notice(joined(one))
