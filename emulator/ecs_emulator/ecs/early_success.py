"""Early success criteria of rolling deployments: their refusals, and the tasks with which a deployment is completed.

Sources: API reference, `DeploymentEarlySuccessCriteria`; ECS developer guide, "Complete Amazon ECS rolling deployments
early with early success criteria"; kayac/ecspresso#1082 (the values that DescribeServices shows of criteria that are
off, and the refusal with another strategy). The other messages are by analogy.
"""

from __future__ import annotations

import math

from ecs_emulator.ecs.records import Shape
from ecs_emulator.patch import refuse

MEMBER = "earlySuccessCriteria"
DEFERRED = "DEFERRED"
_SHOWN: Shape = {"healthyPercent": 100, "sourceServiceRevisionCleanup": "BLOCKING"}


def merged(given: Shape) -> Shape:
    """Return criteria as DescribeServices shows them; refuse criteria that are on and not complete."""
    if given["enable"] and (missing := [name for name in _SHOWN if name not in given]):
        refuse("InvalidParameterException", f"earlySuccessCriteria requires {' and '.join(missing)} when enabled.")
    return {**_SHOWN, **given}


def check(configuration: Shape) -> None:
    """Refuse criteria with another strategy than ROLLING, and a percentage below the minimum of healthy tasks."""
    criteria = configuration.get(MEMBER) or {}
    if not criteria.get("enable"):
        return
    if (strategy := configuration["strategy"]) != "ROLLING":
        refuse("InvalidParameterException", f"Early success criteria not supported for {strategy} deployment strategy.")
    least = configuration["minimumHealthyPercent"]
    if not least <= criteria["healthyPercent"] <= 100:
        refuse(
            "InvalidParameterException",
            f"healthyPercent must be between the minimumHealthyPercent, which is {least}, and 100.",
        )


def needed(criteria: Shape, desired: int) -> int:
    """Return the number of healthy tasks that complete a deployment: at least one, unless none is desired."""
    percent = criteria["healthyPercent"] if criteria else 100
    return max(math.ceil(desired * percent / 100), min(1, desired))
