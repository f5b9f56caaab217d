"""PAUSE hooks: the stages at which a deployment waits for a person, and the calls that answer it.

Sources: API reference, `DeploymentLifecycleHook`, `DeploymentLifecycleHookDetail`, `ContinueServiceDeployment`; ECS
developer guide, "Pause hooks for Amazon ECS service deployments".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from provisioner.aws.client import Aws

MEMBER, KIND = "lifecycleHooks", "PAUSE"
"""A deployment configuration's member for its hooks, and the type of the hooks that wait for a person."""
EACH_STEP = "PRE_PRODUCTION_TRAFFIC_SHIFT"
"""The stage that canary and linear deployments reach before each of their steps."""
CONTINUE, ROLLBACK = "CONTINUE", "ROLLBACK"
_ORDER = (
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "POST_TEST_TRAFFIC_SHIFT",
    EACH_STEP,
    "POST_PRODUCTION_TRAFFIC_SHIFT",
)
_USUAL: Mapping[str, Any] = {"timeoutInMinutes": 1440, "action": ROLLBACK}
"""The defaults of a hook: the time that it waits, and ECS's action afterwards."""


@dataclass(frozen=True)
class Pause:
    """A hook at which a service deployment is waiting for a person.

    Attributes:
        hook: the hook's id, unique to this pause.
        until: the time at which ECS answers by itself; None if ECS does not give it.
        then: ECS's answer then: `CONTINUE` or `ROLLBACK`.
    """

    hook: str
    until: datetime | None = None
    then: str = ROLLBACK


def pause(stages: Sequence[str], minutes: int) -> dict[str, Any]:
    """Return a hook that waits at these stages for `minutes`, and then lets ECS roll back."""
    return _normal({"lifecycleStages": stages, "timeoutConfiguration": {"timeoutInMinutes": minutes}})


def _normal(hook: Mapping[str, Any]) -> dict[str, Any]:
    stages = set(hook.get("lifecycleStages") or ())
    return {
        "targetType": KIND,
        "lifecycleStages": [*(one for one in _ORDER if one in stages), *sorted(stages - set(_ORDER))],
        "timeoutConfiguration": {**_USUAL, **(hook.get("timeoutConfiguration") or {})},
    }


def configured(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return the PAUSE hooks of a deployment configuration in the form of a declaration; empty without any."""
    found = [_normal(hook) for hook in shown.get(MEMBER) or () if hook.get("targetType") == KIND]
    return {MEMBER: found} if found else {}


def others(shown: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the hooks of a deployment configuration that are no pauses: somebody else's Lambda functions."""
    return [hook for hook in shown.get(MEMBER) or () if hook.get("targetType") != KIND]


def minutes(settings: Mapping[str, Any], steps: float) -> float:
    """Return the most minutes that the pauses of a deployment last.

    Args:
        steps: the number of steps in which it shifts traffic.
    """
    return sum(
        float(hook["timeoutConfiguration"]["timeoutInMinutes"]) * (steps if stage == EACH_STEP else 1)
        for hook in settings.get(MEMBER, ())
        for stage in hook["lifecycleStages"]
    )


def waiting(shown: Mapping[str, Any]) -> tuple[Pause, ...]:
    """Return the pauses of a service deployment that wait for an answer, the first to expire first.

    Args:
        shown: the deployment as DescribeServiceDeployments shows it.
    """
    if shown.get("status") != "IN_PROGRESS":
        return ()
    found = (
        Pause(one["hookId"], one.get("expiresAt"), one.get("timeoutAction") or ROLLBACK)
        for one in shown.get("lifecycleHookDetails") or ()
        if one.get("targetType") == KIND and one.get("status") == "AWAITING_ACTION" and one.get("hookId")
    )
    return tuple(sorted(found, key=lambda one: one.until.timestamp() if one.until else float("inf")))


def told(service: str, pauses: Sequence[Pause]) -> str:
    """Describe the first pause of a service's deployment: the command that answers it, its end, and ECS's action then.

    Empty without a pause.
    """
    if not pauses:
        return ""
    first = pauses[0]
    moment = f" until {first.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if first.until else ""
    then = "goes on" if first.then == CONTINUE else "rolls back"
    return f"waits for `provision deploy {service} --approve`{moment}, then ECS {then}"


def answer(aws: Aws, deployment: str, pauses: Sequence[Pause], action: str) -> None:
    """Answer the pauses of a service deployment.

    Args:
        deployment: the deployment's ARN.
        action: `CONTINUE` or `ROLLBACK`.
    """
    ecs = aws.client("ecs")
    for one in pauses:
        ecs.continue_service_deployment(serviceDeploymentArn=deployment, hookId=one.hook, action=action)
