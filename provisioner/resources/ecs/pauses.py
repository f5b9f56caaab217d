"""PAUSE hooks: where a deployment waits for a person, and how it is answered.

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
"""The member of a deployment configuration that has its hooks, and which of them wait for a person."""
EACH_STEP = "PRE_PRODUCTION_TRAFFIC_SHIFT"
"""The stage to which canary and linear deployments come before each of their steps."""
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
"""How long a hook waits and what ECS then does, unless something else is asked for."""


@dataclass(frozen=True)
class Pause:
    """A hook at which a service deployment waits for a person now.

    Attributes:
        hook: its id, which is of this one pause.
        until: when ECS answers itself; None if it does not say.
        then: how: `CONTINUE` or `ROLLBACK`.
    """

    hook: str
    until: datetime | None = None
    then: str = ROLLBACK


def pause(stages: Sequence[str], minutes: int) -> dict[str, Any]:
    """Return a hook that waits at these stages for so many minutes, and lets ECS roll back then."""
    return _normal({"lifecycleStages": stages, "timeoutConfiguration": {"timeoutInMinutes": minutes}})


def _normal(hook: Mapping[str, Any]) -> dict[str, Any]:
    stages = set(hook.get("lifecycleStages") or ())
    return {
        "targetType": KIND,
        "lifecycleStages": [*(one for one in _ORDER if one in stages), *sorted(stages - set(_ORDER))],
        "timeoutConfiguration": {**_USUAL, **(hook.get("timeoutConfiguration") or {})},
    }


def configured(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return the PAUSE hooks of a deployment configuration as they are declared; empty if it has none."""
    found = [_normal(hook) for hook in shown.get(MEMBER) or () if hook.get("targetType") == KIND]
    return {MEMBER: found} if found else {}


def others(shown: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the hooks of a deployment configuration that are no pauses: somebody else's Lambda functions."""
    return [hook for hook in shown.get(MEMBER) or () if hook.get("targetType") != KIND]


def minutes(settings: Mapping[str, Any], steps: float) -> float:
    """Return for how many minutes the pauses of a deployment last at the most.

    Args:
        steps: in how many steps it shifts traffic.
    """
    return sum(
        float(hook["timeoutConfiguration"]["timeoutInMinutes"]) * (steps if stage == EACH_STEP else 1)
        for hook in settings.get(MEMBER, ())
        for stage in hook["lifecycleStages"]
    )


def waiting(shown: Mapping[str, Any]) -> tuple[Pause, ...]:
    """Return the pauses of a service deployment that wait for an answer, the one that expires first before others.

    Args:
        shown: it, as DescribeServiceDeployments shows it.
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
    """Say what a service's deployment waits for, until when, and what comes then; empty if it waits for nobody."""
    if not pauses:
        return ""
    first = pauses[0]
    moment = f" until {first.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if first.until else ""
    then = "goes on" if first.then == CONTINUE else "rolls back"
    return f"waits for `provision approve {service}`{moment}, then ECS {then}"


def answer(aws: Aws, deployment: str, pauses: Sequence[Pause], action: str) -> None:
    """Answer the pauses of a service deployment.

    Args:
        deployment: its ARN.
        action: `CONTINUE` or `ROLLBACK`.
    """
    ecs = aws.client("ecs")
    for one in pauses:
        ecs.continue_service_deployment(serviceDeploymentArn=deployment, hookId=one.hook, action=action)
