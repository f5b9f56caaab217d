"""What `up` on AWS checks by itself before its first write, if anything is to be made: what of `doctor` is cheap."""

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
"""The checks, by the name that `--skip-checks` has for them."""
SIMULATED = (permissions.NAME,)
"""What only says how AWS would decide: what it denies may be allowed, so it never stops `up`."""


PAST = "If a check is wrong, leave it out with `--skip-checks NAME` (docs/doctor.md)."


def skipped(text: str | None) -> frozenset[str]:
    """Return the checks that `--skip-checks` names, divided by commas.

    Raises:
        ConfigurationError: there is no such check.
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
    """Refuse to begin what would not go through, and note the warnings for the user. Only reads are made.

    Where everything is recorded nothing is asked. What cannot be told, and what only a simulation says, is no reason
    to stop.

    Args:
        stack: what is declared; it is given the notices. file: the configuration's.
        target_step: the step that the run is limited to.
        skip: the checks that are not made, by their names in `CHECKS`.

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
    checks = {name: one for sort, several in CHECKS.items() if sort not in skip for name, one in several.items()}
    try:
        found = together(context, lambda event: None, checks)
    finally:
        aws.drop_reads()  # what was looked up under the names of this run's part alone
    if wrong := [one for one in found if one.verdict == "failed" and one.check not in SIMULATED]:
        lines = "".join(f"\n  {joined(one)}" for one in wrong)
        raise ConfigurationError(f"`up` would fail, so nothing was changed:{lines}\n{PAST}")
    for one in found:
        if one.verdict in ("warning", "failed"):
            stack.notice(joined(one))
