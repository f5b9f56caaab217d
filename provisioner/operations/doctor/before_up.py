"""Run the cheap checks of `doctor` before the first write of `up` on AWS, if `up` creates anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from provisioner.aws.permissions import Use
from provisioner.engine.declaration import STEPS
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning import target as limit
from provisioner.operations.doctor import boundary, images, network, permissions, quotas
from provisioner.operations.doctor.context import Context
from provisioner.operations.doctor.examine import together
from provisioner.operations.doctor.verdicts import joined

if TYPE_CHECKING:
    from pathlib import Path

    from provisioner.aws.client import Aws
    from provisioner.operations.doctor.verdicts import Check
    from provisioner.state.model import Record
    from provisioner.steps.stack import Stack

NOW = (Use.LIFE, Use.OPTION, Use.IMPLIED)
CHECKS: Mapping[str, Mapping[str, Check]] = {
    permissions.NAME: {permissions.NAME: partial(permissions.check, uses=NOW)},
    boundary.NAME: {boundary.NAME: boundary.check},
    "images": {"images": images.own},
    "public-access": {"public access": network.public_access},
    "quotas": {f"quota {quota.name}": partial(quotas.check, quota) for quota in quotas.QUOTAS},
}
"""The checks by their name in `--skip-checks`."""
SIMULATED = (permissions.NAME,)
"""The checks by simulation. A simulated denial may be wrong, so they only warn and never stop `up`."""


PAST = "If a check is wrong, leave it out with `--skip-checks NAME` (docs/doctor.md)."


def skipped(text: str | None) -> frozenset[str]:
    """Return the names of checks in `--skip-checks`, which are separated by commas.

    Raises:
        ConfigurationError: no check has one of these names.
    """
    names = frozenset(filter(None, (text or "").split(",")))
    if wrong := sorted(names - CHECKS.keys()):
        raise ConfigurationError(f"--skip-checks: there is no check {wrong[0]}: choose from {', '.join(CHECKS)}")
    return names


def check(
    aws: Aws,
    stack: Stack,
    file: Path,
    records: Mapping[str, Record],
    target_step: str | None = None,
    skip: Collection[str] = (),
) -> None:
    """Refuse an `up` that would fail, and add the warnings to the stack's notices. Makes only read calls.

    If every declared resource is recorded, no call is made. Unknown results and failures of a simulation do not refuse.

    Args:
        stack: the declared stack, which receives the notices.
        file: the configuration file.
        target_step: the step to which the run is limited.
        skip: the names of checks to leave out, as in `CHECKS`.

    Raises:
        ConfigurationError: a check failed; the message has one line for each.
    """
    declared = stack.declared
    if target_step:
        declared = limit.limited(declared, limit.step_and_dependencies(STEPS, target_step))
    if all(address in records and records[address].id for address in declared):
        return
    scope = replace(stack, declared=dict(declared))
    context = Context(aws.reading(), stack.config, file, lambda _: records, scope)
    checks = {name: one for sort, several in CHECKS.items() if sort not in skip for name, one in several.items()}
    try:
        found = together(context, lambda event: None, checks)
    finally:
        aws.drop_reads()  # the answers were read with the names of only this run's resources
    if wrong := [one for one in found if one.verdict == "failed" and one.check not in SIMULATED]:
        lines = "".join(f"\n  {joined(one)}" for one in wrong)
        raise ConfigurationError(f"`up` would fail, so nothing was changed:{lines}\n{PAST}")
    for one in found:
        if one.verdict in ("warning", "failed"):
            stack.notice(joined(one))
