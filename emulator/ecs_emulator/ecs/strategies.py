"""Deployment strategies: check their members and limits in CreateService and UpdateService.

Sources: API reference, `DeploymentConfiguration`, `CanaryConfiguration`, `LinearConfiguration`; ECS developer guide,
"Troubleshooting Amazon ECS blue/green deployments", which quotes AWS's messages, and "Update the Amazon ECS deployment
strategy"; messages that no public text quotes are by analogy.
"""

from __future__ import annotations

from ecs_emulator.ecs import breaker, early_success, hooks, rollouts, shifting
from ecs_emulator.ecs.records import Service, Shape
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import refuse

_OF = {"canaryConfiguration": "CANARY", "linearConfiguration": "LINEAR"}
_LIMITS = {
    "canaryPercent": (0.1, 100.0),
    "canaryBakeTimeInMinutes": (0, 1440),
    "stepPercent": (3.0, 100.0),
    "stepBakeTimeInMinutes": (0, 1440),
}
_LONGEST_BAKE = 1440
_RULE = ":listener-rule/"


def merged(former: Shape, given: Shape | None) -> Shape:
    """Return the configuration after an update: omitted members stay, except the members of another strategy."""
    defaults = {"maximumPercent": 200, "minimumHealthyPercent": 100, "strategy": "ROLLING", "bakeTimeInMinutes": 0}
    shape = {**defaults, **former, **(given or {})}
    _check_members(shape, given or {})
    if given and given.get(early_success.MEMBER):
        shape[early_success.MEMBER] = early_success.merged(given[early_success.MEMBER])
    early_success.check(shape)
    circuit = (one.get("deploymentCircuitBreaker", {}) for one in (former, given or {}))
    shape["deploymentCircuitBreaker"] = breaker.merged(*circuit)
    return {name: value for name, value in shape.items() if _OF.get(name, shape["strategy"]) == shape["strategy"]}


def check(store: Store, shape: Shape) -> None:
    """Refuse strategies of another controller, and load balancers without settings for two target groups."""
    strategy, controller = shape["deploymentConfiguration"]["strategy"], shape["deploymentController"]["type"]
    if controller != "ECS" and strategy != "ROLLING":
        refuse(
            "InvalidParameterException", f"The deployment strategy {strategy} requires the ECS deployment controller."
        )
    balancers = shape["loadBalancers"]
    with_settings = [balancer for balancer in balancers if shifting.advanced(balancer)]
    if with_settings and len(with_settings) < len(balancers):
        refuse(
            "InvalidParameterException",
            "Either all or none of the provided loadBalancers must have advancedConfiguration defined",
        )
    if balancers and not with_settings and strategy != "ROLLING":
        refuse(
            "InvalidParameterException",
            "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment "
            "strategy",
        )
    for balancer in with_settings:
        _check_settings(store, balancer)


def check_change(service: Service, shape: Shape) -> None:
    """Refuse a change between rolling updates and other strategies while a deployment is under way.

    Developer guide, update-rolling-to-bluegreen and update-bluegreen-to-rolling: all deployments have to be completed
    before. No public text tells whether UpdateService refuses it, or with which message.
    """
    strategies = [one["deploymentConfiguration"]["strategy"] for one in (service.shape, shape)]
    if strategies[0] != strategies[1] and "ROLLING" in strategies and rollouts.under_way(service):
        refuse(
            "InvalidParameterException",
            "The deployment strategy cannot be changed while a service deployment is in progress.",
        )


def _check_settings(store: Store, balancer: Shape) -> None:
    settings = shifting.advanced(balancer)
    production, test = settings.get("productionListenerRule", ""), settings.get("testListenerRule", "")
    for name, arn in (("productionListenerRule", production), ("testListenerRule", test)):
        if arn and _RULE not in arn:
            refuse(
                "InvalidParameterException",
                f"{name} has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for NLB. Got: {arn}",
            )
    if test and test == production:
        refuse(
            "InvalidParameterException",
            f"The following rules cannot be used as both production and test listener rules: {test}",
        )
    groups = shifting.pair(balancer)
    if groups[0] == groups[1]:
        refuse("InvalidParameterException", f"Duplicate targetGroupArn found: {groups[0]}")
    if groups[1] not in store.elbv2.target_groups:
        refuse("InvalidParameterException", f"The specified target group does not exist. {groups[1]}")
    if not settings.get("roleArn"):
        refuse("InvalidParameterException", "roleArn is required in advancedConfiguration.")
    if not test and not shifting.holds(store, production, groups):
        refuse(
            "InvalidParameterException",
            "For Application LoadBalancer, testListenerRule is required when productionListenerRule is not associated "
            "with both targetGroup and alternateTargetGroup",
        )


def _check_members(shape: Shape, given: Shape) -> None:
    if shape["strategy"] not in ("ROLLING", "BLUE_GREEN", "CANARY", "LINEAR"):
        refuse("InvalidParameterException", f"The deployment strategy {shape['strategy']} is not valid.")
    if not 0 <= int(shape["bakeTimeInMinutes"] or 0) <= _LONGEST_BAKE:
        refuse("InvalidParameterException", f"bakeTimeInMinutes must be between 0 and {_LONGEST_BAKE}.")
    hooks.check(given.get("lifecycleHooks") or [])
    for name, strategy in _OF.items():
        if not given.get(name):
            continue
        if shape["strategy"] != strategy:
            refuse("InvalidParameterException", f"{name} is only valid with the deployment strategy {strategy}.")
        for member, value in given[name].items():
            least, most = _LIMITS[member]
            if not least <= value <= most or round(value * 10) != value * 10:
                refuse("InvalidParameterException", f"{member} must be a multiple of 0.1 from {least} to {most}.")
