"""Deployments that shift traffic: move blue/green, canary and linear ones through stages and listener weights.

Sources: ECS developer guide, "Amazon ECS blue/green service deployments workflow", "Amazon ECS canary deployments" and
"Amazon ECS linear deployments"; API reference, `ServiceDeployment`, lifecycleStage; go-to-k/cdk-real-drift#1730 and
carreque/bluegreenDeployment, its runbook of phase 6 (both seen live: weights of 100 and 0, and a first deployment that
ends in the group that had no weight; the second source also shows that the production rule decides the next group).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ecs_emulator import durations
from ecs_emulator.authorization import roles, tags
from ecs_emulator.authorization.policy import Check
from ecs_emulator.clock import later, passed
from ecs_emulator.ecs import hooks
from ecs_emulator.ecs.records import NEVER, Deployment, Service, ServiceDeployment, Shape, last_part, now
from ecs_emulator.ecs.store import Store

BEFORE_TASKS = ("RECONCILE_SERVICE", "PRE_SCALE_UP")
"""The stages before the new revision's tasks are started."""
_STAGES = (
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
)
_STEP, _BEFORE_STEP = "PRODUCTION_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT"
"""The stage of a step, and the stage before it: a deployment with hooks at the latter enters it before each step (API
reference, DeploymentLifecycleHook, lifecycleStages)."""
PRODUCTION, TEST = "productionListenerRule", "testListenerRule"
"""The members of a load balancer's settings that name the rules whose weights are changed."""
_SERVICE = "ecs.amazonaws.com"
_INVALID = "Service deployment rolled back because of invalid networking configuration"
"""The beginning of AWS's reasons (developer guide, "Troubleshooting Amazon ECS blue/green deployments")."""


def advanced(balancer: Shape) -> Shape:
    """Return a load balancer's settings for two target groups; empty if it has only one."""
    found: Shape = balancer.get("advancedConfiguration") or {}
    return found


def pair(balancer: Shape) -> list[str]:
    """Return the ARNs of the two target groups."""
    return [balancer["targetGroupArn"], advanced(balancer)["alternateTargetGroupArn"]]


def resolved(store: Store, service: Service, balancers: list[Shape]) -> list[Shape]:
    """Return the load balancers of a new revision, each with the target group for its tasks.

    A rolling update stays in the group that has the traffic; other strategies take the other group.
    """

    def chosen(balancer: Shape) -> Shape:
        if not advanced(balancer):
            return balancer
        serving = _serving(store, balancer)
        groups = pair(balancer)
        other = next((arn for arn in groups if arn != serving), groups[0])
        return {**balancer, "targetGroupArn": (serving or groups[0]) if service.rolls else other}

    return [chosen(balancer) for balancer in balancers]


def begin(one: ServiceDeployment) -> None:
    """Begin the deployment: set its first stage and its steps."""
    one.steps = _steps(one)
    _enter(one, "RECONCILE_SERVICE" if len(one.source) > 1 else "PRE_SCALE_UP")


def hindered(store: Store, service: Service, one: ServiceDeployment) -> str:
    """Return AWS's reason why a new deployment's traffic cannot be shifted; empty if it can."""
    for balancer in service.revisions[one.target].balancers:
        settings, rule = advanced(balancer), _rule(store, advanced(balancer).get("productionListenerRule", ""))
        if not settings:
            continue
        arn = settings.get("roleArn", "")
        role = roles.named(store.account, last_part(arn))
        needed = _moves(store.account, settings.get("productionListenerRule", ""))
        if role is None or _SERVICE not in str(role.assume_role_policy_document):
            return (
                f"{_INVALID}. ECS was unable to manage the ELB resources due to missing permissions on ECS "
                f"Infrastructure Role '{arn}'."
            )
        if not roles.allows(store.account, role, needed):
            who = f"arn:aws:sts::{store.account}:assumed-role/{role.name}/ECSNetworkingWithELB"
            return (
                f"{_INVALID}. User: {who} is not authorized to perform: {needed.action} on resource: {needed.resource} "
                f"because no identity-based policy allows the {needed.action} action"
            )
        test = _rule(store, settings.get(TEST, ""))
        if rule is None or (test is None and settings.get(TEST)):
            return f"{_INVALID}. One or more rules not found"
        if why := _misled(rule, test, _configured(service, one, balancer)):
            return why
    return ""


def _moves(account: str, rule: str) -> Check:
    """Return the check of a change of a rule by ECS: as any caller's, it may be limited by the rule's tags."""
    found = tags.of(account, rule)
    return Check("elasticloadbalancing:ModifyRule", rule, {f"aws:ResourceTag/{key}": (found[key],) for key in found})


def _misled(rule: Any, test: Any, groups: list[str]) -> str:
    """Return the reason why existing rules do not lead to the two target groups as required; empty if they do."""
    weights = _weights(rule)
    for group in groups:
        if group not in {**weights, **(_weights(test) if test else {})}:
            what = "is not associated with either productionListenerRule or testListenerRule."
            return f"{_INVALID}: Target group {group} {what}"
    serving = [group for group, weight in weights.items() if weight]
    if len(serving) != 1:
        return (
            f"{_INVALID}. productionListenerRule {rule.arn} should have exactly one target group serving traffic "
            f"but found {len(serving)} target groups which are serving traffic"
        )
    if serving[0] not in groups:
        return (
            f"{_INVALID}. Production listener rule is forwarding traffic to unexpected target group {serving[0]}. "
            f"Expected traffic to be forwarded to either targetGroupArn: {groups[0]} or alternateTargetGroupArn: "
            f"{groups[1]}"
        )
    return ""


def go_on(store: Store, service: Service, one: ServiceDeployment, *, scaled_up: bool) -> bool:
    """Take the next step of a deployment if its time has come; return whether the old tasks may go.

    Args:
        scaled_up: whether all new tasks are healthy.
    """
    if hooks.waits(one) or hooks.refused(one):
        return False
    if one.stage == "SCALE_UP":
        if scaled_up:
            _enter(one, "POST_SCALE_UP")
    elif one.stage in (_STEP, _BEFORE_STEP) and one.steps:
        if passed(one.until):
            _step(store, service, one)
    elif one.stage not in ("", "CLEAN_UP") and passed(one.until):
        _after(store, service, one)
    return one.stage == "CLEAN_UP"


def _after(store: Store, service: Service, one: ServiceDeployment) -> None:
    """Enter the stage that follows the present one."""
    following = _STAGES[_STAGES.index(one.stage) + 1]
    if following == "SCALE_UP":
        _enter(one, following, NEVER)
    elif following == _STEP:
        _enter(one, _BEFORE_STEP if hooks.at(one, _BEFORE_STEP) else _STEP, 0)
    elif following == "BAKE_TIME":
        _enter(one, following, float(one.configuration.get("bakeTimeInMinutes") or 0) * 60 if one.source else 0.0)
    else:
        _enter(one, following)
    if following == "TEST_TRAFFIC_SHIFT":
        one.test_weight = 100.0
        shift(store, service.revisions[one.target], 100.0, TEST)


def _step(store: Store, service: Service, one: ServiceDeployment) -> None:
    """Shift the next part of the traffic; if hooks precede each part, wait for them first."""
    if one.stage == _STEP and one.weight and hooks.at(one, _BEFORE_STEP):
        _enter(one, _BEFORE_STEP, 0)
        return
    one.weight, minutes = one.steps.pop(0)
    shift(store, service.revisions[one.target], one.weight)
    _enter(one, _STEP, minutes * 60 or durations.DEPLOYMENT_STAGE)


def shift(store: Store, revision: Deployment, percent: float, *rules: str) -> None:
    """Give a revision's target groups this share of the traffic, and the other group of each pair the rest.

    Args:
        rules: the members that name the rules to change; by default the production rule.
    """
    named = [
        (balancer, advanced(balancer).get(name, ""))
        for balancer in revision.balancers
        for name in rules or (PRODUCTION,)
    ]
    for balancer, arn in named:
        rule = _rule(store, arn)
        if rule is not None:
            _set(store, rule, _shares(rule, balancer["targetGroupArn"], percent))


def holds(store: Store, rule_arn: str, groups: list[str]) -> bool:
    """Return whether a listener rule forwards to all of these target groups, with any weights."""
    rule = _rule(store, rule_arn)
    return rule is not None and set(groups) <= _weights(rule).keys()


def _enter(one: ServiceDeployment, stage: str, lasts: durations.Duration | float = durations.DEPLOYMENT_STAGE) -> None:
    one.stage, one.until, one.updated = stage, later(lasts), now()
    hooks.reach(one)


def _steps(one: ServiceDeployment) -> list[tuple[float, float]]:
    """Return the percentages to shift, each with its bake time in minutes; the last one bakes in its own stage.

    A first deployment shifts all at once: there is no traffic to protect.
    """
    settings = one.configuration
    if one.source and settings["strategy"] == "CANARY":
        canary = settings.get("canaryConfiguration") or {}
        first = float(canary.get("canaryPercent", 5.0)), float(canary.get("canaryBakeTimeInMinutes", 10))
        return [first, (100.0, 0.0)]
    if one.source and settings["strategy"] == "LINEAR":
        linear = settings.get("linearConfiguration") or {}
        step, minutes = float(linear.get("stepPercent", 10.0)), float(linear.get("stepBakeTimeInMinutes", 6))
        parts = range(1, int(100 / step) + 1)
        return [*((step * part, minutes) for part in parts if step * part < 100), (100.0, 0.0)]
    return [(100.0, 0.0)]


def _configured(service: Service, one: ServiceDeployment, balancer: Shape) -> list[str]:
    """Return the two target groups in the service's order."""
    spec = service.revisions[one.target].spec.get("loadBalancers", ())
    return next((pair(given) for given in spec if advanced(given) == advanced(balancer)), pair(balancer))


def _serving(store: Store, balancer: Shape) -> str:
    """Return the one of the two groups with most of the production rule's traffic; empty if none has any."""
    rule = _rule(store, advanced(balancer).get("productionListenerRule", ""))
    found = {
        arn: weight for arn, weight in (_weights(rule) if rule else {}).items() if weight and arn in pair(balancer)
    }
    return max(found, key=lambda arn: found[arn]) if found else ""


def _rule(store: Store, arn: str) -> Any:
    return next((rule for rule in _rules(store) if rule.arn == arn), None)


def _rules(store: Store) -> Iterator[Any]:
    for balancer in store.elbv2.load_balancers.values():
        for listener in balancer.listeners.values():
            yield from listener.rules.values()


def _groups(rule: Any) -> list[Shape]:
    data = rule.actions[-1].data if rule.actions else {}
    found: list[Shape] = (data.get("ForwardConfig") or {}).get("TargetGroups") or []
    return found


def _weights(rule: Any) -> dict[str, int]:
    return {one["TargetGroupArn"]: int(one.get("Weight", 1)) for one in _groups(rule)}


def _shares(rule: Any, group: str, percent: float) -> dict[str, int]:
    """Return the weights of a rule's groups with a percentage at one of them, in tenths of a percent if needed."""
    unit = 1 if float(percent).is_integer() else 10
    others = [arn for arn in _weights(rule) if arn != group]
    rest = dict.fromkeys(others, 0)
    if others:
        before = _weights(rule)
        heir = max(others, key=lambda arn: before[arn])
        rest[heir] = round((100 - percent) * unit)
    return {**rest, group: round(percent * unit)}


def _set(store: Store, rule: Any, shares: dict[str, int]) -> None:
    """Rewrite a rule's action, as ECS does by ModifyRule, or by ModifyListener for a default rule."""
    from moto.elbv2.models import FakeAction

    from ecs_emulator.services.elbv2.rules import rebind

    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in sorted(shares.items())]
    config = {"TargetGroups": groups, "TargetGroupStickinessConfig": {"Enabled": False}}
    rule.actions = [FakeAction({"Type": "forward", "Order": 1, "ForwardConfig": config})]
    if rule.is_default:
        listener = next(
            one
            for balancer in store.elbv2.load_balancers.values()
            for one in balancer.listeners.values()
            if rule in one.rules.values()
        )
        listener.default_actions = rule.actions
    rebind(store.elbv2)
