"""Check that nobody has suspended the autoscaling of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.engine.words import names
from provisioner.operations.doctor.verdicts import ok, warning
from provisioner.resources import suspended_scaling
from provisioner.resources.application_autoscaling import ScalableTarget, suspended_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.engine.events import Checked
    from provisioner.operations.doctor.context import Context

NAME = "autoscaling"


def check(context: Context) -> Sequence[Checked]:
    """Check that the services with `scaling` that stand are scaled."""
    records = [one for one in context.records.values() if one.type == ScalableTarget.type_name and one.id]
    if not records:
        return []
    shown = suspended_scaling.read_targets(context.aws, [str(one.id) for one in records])
    found = [
        warning(
            NAME,
            f"somebody has suspended {names(what)} of services.{target['ResourceId'].rpartition('/')[2]}, which keeps "
            f"its number of tasks",
            f"end it: {suspended_scaling.remedy(target['ResourceId'])}",
        )
        for target in shown
        if (what := suspended_of(target))
    ]
    return found or [ok(NAME, f"none is suspended ({len(shown)})")]
