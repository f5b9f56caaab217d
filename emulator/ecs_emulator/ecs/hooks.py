"""PAUSE hooks: stages at which a deployment waits for a person, and the action after a timeout.

Sources: ECS developer guide, "Lifecycle hooks for Amazon ECS service deployments", "Pause hooks for Amazon ECS service
deployments", "Continuing service deployments"; API reference, `DeploymentLifecycleHook`,
`DeploymentLifecycleHookTimeoutConfiguration`. ECS's messages for refusals and rollbacks are not public; they are
here by analogy. Rolling updates go through no stages here, so their hooks never wait. No Lambda function is called.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from ecs_emulator.clock import later, passed
from ecs_emulator.ecs.records import Hook, ServiceDeployment, Shape, now
from ecs_emulator.patch import on_reset, refuse

PAUSE, AWAITING = "PAUSE", "AWAITING_ACTION"
ROLLED_BACK = "Service deployment rolled back because the lifecycle hook {} {}."
_PAUSING = (
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
)
_SHIFTING = ("TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")
"""Stages at which no deployment pauses: a rollback goes through them as well."""
_USUAL = {"timeoutInMinutes": 1440, "action": "ROLLBACK"}
_LONGEST = 20160
_approved: list[bool] = []


def check(hooks: list[Shape]) -> None:
    """Refuse hooks that ECS does not take."""
    for hook in hooks:
        kind, stages = hook.get("targetType", "AWS_LAMBDA"), hook.get("lifecycleStages") or []
        if kind not in (PAUSE, "AWS_LAMBDA"):
            _refuse(f"The lifecycle hook target type {kind} is not valid.")
        if not stages:
            _refuse("lifecycleStages is required for a lifecycle hook.")
        if unknown := [stage for stage in stages if stage not in (*_PAUSING, *_SHIFTING)]:
            _refuse(f"The lifecycle stage {unknown[0]} is not valid.")
        if kind != PAUSE:
            if not (hook.get("hookTargetArn") and hook.get("roleArn")):
                _refuse("hookTargetArn and roleArn are required for a lifecycle hook of type AWS_LAMBDA.")
            continue
        if shifting := [stage for stage in stages if stage in _SHIFTING]:
            _refuse(f"PAUSE hooks cannot be configured at the lifecycle stage {shifting[0]}.")
        timeout = {**_USUAL, **(hook.get("timeoutConfiguration") or {})}
        if not 1 <= int(timeout["timeoutInMinutes"]) <= _LONGEST:
            _refuse(f"timeoutInMinutes must be between 1 and {_LONGEST}.")
        if timeout["action"] not in ("CONTINUE", "ROLLBACK"):
            _refuse(f"The timeout action {timeout['action']} is not valid.")


def at(one: ServiceDeployment, stage: str) -> list[Shape]:
    """Return the PAUSE hooks of a stage, from the configuration with which the deployment began."""
    hooks = one.configuration.get("lifecycleHooks") or []
    return [hook for hook in hooks if hook.get("targetType") == PAUSE and stage in hook["lifecycleStages"]]


def reach(one: ServiceDeployment) -> None:
    """Let the hooks of the stage that a deployment has reached wait, each with a new id."""
    one.hooks = []
    for hook in at(one, one.stage):
        timeout = {**_USUAL, **(hook.get("timeoutConfiguration") or {})}
        minutes = int(timeout["timeoutInMinutes"])
        expires = now() + timedelta(minutes=minutes)
        number = f"ecs-pause-{secrets.token_urlsafe(32)}"
        one.hooks.append(Hook(number, later(minutes * 60), expires, str(timeout["action"])))


def waits(one: ServiceDeployment) -> bool:
    """Return whether a hook still waits for a person's answer."""
    _expire(one)
    return any(hook.status == AWAITING for hook in one.hooks)


def refused(one: ServiceDeployment) -> str:
    """Return the reason for a rollback of the deployment; empty if there is none."""
    _expire(one)
    for hook in one.hooks:
        if hook.status == "FAILED":
            return ROLLED_BACK.format(hook.id, "was answered with ROLLBACK")
        if hook.status == "TIMED_OUT" and hook.action == "ROLLBACK":
            return ROLLED_BACK.format(hook.id, "timed out")
    return ""


def _expire(one: ServiceDeployment) -> None:
    """End the hooks that have waited too long, or that are approved automatically."""
    for hook in one.hooks:
        if hook.status == AWAITING and _approved:
            hook.status = "SUCCEEDED"
        if hook.status == AWAITING and passed(hook.until):
            hook.status = "TIMED_OUT"


def answer(one: ServiceDeployment, number: str, action: str) -> None:
    """Continue the deployment, or let it roll back, as a person has decided."""
    if action not in ("CONTINUE", "ROLLBACK"):
        _refuse(f"The action {action} is not valid.")
    _expire(one)
    hook = next((hook for hook in one.hooks if hook.id == number and hook.status == AWAITING), None)
    if hook is None or one.status != "IN_PROGRESS":
        refuse("InvalidParameterException", f"The lifecycle hook {number} is not awaiting an action.")
    hook.status = "SUCCEEDED" if action == "CONTINUE" else "FAILED"


def leave(one: ServiceDeployment) -> None:
    """Drop the waiting hooks of a deployment that has ended for another reason."""
    one.hooks = [hook for hook in one.hooks if hook.status != AWAITING]


def shown(one: ServiceDeployment) -> list[Shape]:
    """Return the hooks as DescribeServiceDeployments answers them."""
    return [
        {
            "hookId": hook.id,
            "targetType": PAUSE,
            "status": hook.status,
            "expiresAt": hook.expires,
            "timeoutAction": hook.action,
        }
        for hook in one.hooks
    ]


def approve_all() -> None:
    """Approve every hook from now on as soon as a deployment reaches it."""
    _approved[:] = [True]


@on_reset
def forget() -> None:
    """Let hooks wait again."""
    _approved.clear()


def _refuse(text: str) -> None:
    refuse("InvalidParameterException", text)
