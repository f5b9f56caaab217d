"""Check the options that limit a run or let resources go, before anything is read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import provisioner.steps  # noqa: F401  (importing the package registers the steps)
from provisioner.engine.declaration import STEPS
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning import target as limit
from provisioner.engine.planning.removal import Removal
from provisioner.engine.resource_types import current
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.config.models import Config

CAPACITY = "capacity"
"""The step that declares the instances."""


def check_target(target_step: str | None, records: Collection[Record] = ()) -> None:
    """Refuse a `--target-step` that neither this version nor a record has.

    Raises:
        ConfigurationError: there is no such step. The message names the existing steps.
    """
    limit.check(target_step, STEPS.keys() | {record.step for record in records if record.step})


def check_removal(delete: Sequence[str] | None, unprotect: bool, target_step: str | None) -> Removal:
    """Return the removals that `--delete` and `--unprotect` allow.

    Raises:
        ConfigurationError: the run is limited to a step, so it deletes nothing.
    """
    if target_step and (option := "--delete" if delete else "--unprotect" if unprotect else ""):
        raise ConfigurationError(f"{option}: with --target-step nothing is deleted: leave one of the two out")
    return Removal(frozenset(map(current, delete or ())), unprotect)


def check_new_ami(config: Config, target_step: str | None, *, new_ami: bool) -> None:
    """Refuse `--new-ami` for a stack without instances, or for a run without the step that declares them.

    Raises:
        ConfigurationError: the option does not apply. The message gives the reason.
    """
    if not new_ami:
        return
    if not config.on_instances:
        raise ConfigurationError(
            '--new-ami: no service has launch = "ec2", so there are no instances to replace: leave the option out'
        )
    if target_step and CAPACITY not in limit.step_and_dependencies(STEPS, target_step):
        raise ConfigurationError(
            f"--new-ami: the instances are of step {CAPACITY}, which --target-step {target_step} leaves out: leave "
            f"one of the two out"
        )
