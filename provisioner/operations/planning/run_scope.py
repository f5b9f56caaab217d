"""The scope of a run: the resources that it creates or changes, and the resources that it removes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import provisioner.steps  # noqa: F401  (importing the package registers the steps)
from provisioner.engine.declaration import STEPS, Declared
from provisioner.engine.planning import target as limit
from provisioner.engine.planning.removal import going
from provisioner.state.model import Record
from provisioner.steps.stack import Stack


def find_scope(
    records: Mapping[str, Record], stack: Stack, target_step: str | None
) -> tuple[Mapping[str, Declared], Sequence[str]]:
    """Return the declared resources of a run, and the addresses of the recorded resources that it removes."""
    if target_step is None:
        return stack.declared, going(records, stack.declared, stack.removal)
    return limit.limited(stack.declared, limit.step_and_dependencies(STEPS, target_step)), ()
