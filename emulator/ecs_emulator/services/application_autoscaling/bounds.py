"""Check the bounds of a scalable target, as RegisterScalableTarget and PutScheduledAction do."""

from __future__ import annotations

from ecs_emulator.patch import refuse
from ecs_emulator.services.application_autoscaling import texts


def check_bounds(least: int | None, most: int | None) -> None:
    """Refuse bounds below 0, and a minimum above the maximum (API reference, RegisterScalableTarget)."""
    if any(bound is not None and bound < 0 for bound in (least, most)):
        refuse("ValidationException", texts.BELOW_ZERO)
    if least is not None and most is not None and least > most:
        refuse("ValidationException", texts.OUT_OF_ORDER)
