"""Strategies by which ECS shifts a service's traffic between two target groups: a service's settings for them.

Sources: API reference, `DeploymentConfiguration`, `AdvancedConfiguration`, `ServiceRevision`; ECS developer guide,
"Update the Amazon ECS deployment strategy".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from provisioner.aws.client import Aws
from provisioner.resources.ecs import pauses
from provisioner.resources.ecs.deployments import ROLLING, resolved_groups, strategy_of

CIRCUIT: Mapping[str, Any] = {
    "enable": False,
    "rollback": False,
    "resetOnHealthyTask": True,
    "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
}
"""The circuit breaker's values that DescribeServices leaves out.

Source: API reference, DeploymentCircuitBreaker and ThresholdConfiguration.
"""
NO_ALARMS: Mapping[str, Any] = {"alarmNames": [], "enable": False, "rollback": False}
ALARMS = "alarms"
EARLY = "earlySuccessCriteria"
EARLY_SUCCESS: Mapping[str, Any] = {
    "enable": True,
    "healthyPercent": 100,
    "sourceServiceRevisionCleanup": "DEFERRED",
}
"""The criteria with which a rolling update is completed before its old tasks are gone (API reference,
DeploymentEarlySuccessCriteria)."""
_NOT_EARLY: Mapping[str, Any] = {"enable": False}
_STEPS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "CANARY": ("canaryConfiguration", {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10}),
    "LINEAR": ("linearConfiguration", {"stepPercent": 10.0, "stepBakeTimeInMinutes": 6}),
}
"""By strategy, the member for its steps, and the member's defaults."""
_OF_ROLLING = ("deploymentCircuitBreaker", "maximumPercent", "minimumHealthyPercent")

Fields = Mapping[str, Any]


def configuration(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deployment configuration in the form of a declaration; for ROLLING, only the settings for it."""
    breaker = shown.get("deploymentCircuitBreaker", {})
    found = {
        "deploymentCircuitBreaker": {key: breaker.get(key, usual) for key, usual in CIRCUIT.items()},
        "maximumPercent": shown.get("maximumPercent"),
        "minimumHealthyPercent": shown.get("minimumHealthyPercent"),
    }
    strategy, alarms = shown.get("strategy", ROLLING), shown.get("alarms") or {}
    if strategy == ROLLING:
        early = shown.get(EARLY) or {}
        found |= {ALARMS: _with_defaults(alarms)} if alarms.get("alarmNames") else {}
        return found | ({EARLY: {name: early.get(name) for name in EARLY_SUCCESS}} if early.get("enable") else {})
    found |= {
        "strategy": strategy,
        "bakeTimeInMinutes": shown.get("bakeTimeInMinutes") or 0,
        ALARMS: _with_defaults(alarms),
    }
    if strategy in _STEPS:
        member, usual = _STEPS[strategy]
        found[member] = {**usual, **(shown.get(member) or {})}
    return found | pauses.configured(shown)


def _with_defaults(alarms: Fields) -> dict[str, Any]:
    return {key: alarms.get(key, usual) for key, usual in NO_ALARMS.items()}


def shifts(fields: Fields) -> bool:
    """Return whether these fields of a service ask for a strategy that shifts traffic."""
    return "strategy" in fields.get("deployment_configuration", {})


def rolling(fields: Fields) -> dict[str, Any]:
    """Return the deployment configuration of these fields for a rolling update."""
    return _of_rolling(fields["deployment_configuration"])


def _of_rolling(configuration: Fields) -> dict[str, Any]:
    return {name: configuration[name] for name in _OF_ROLLING}


def request(
    wanted: Mapping[str, Any], live: Mapping[str, Any], others: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return a deployment configuration as UpdateService takes it: omitted members keep their values there.

    Args:
        others: the hooks that somebody else has added, which stay.
    """
    back = "strategy" in live and "strategy" not in wanted
    off = {member: none for member, none in ((ALARMS, NO_ALARMS), (EARLY, _NOT_EARLY)) if member in live}
    sent = {**off, **wanted}
    sent |= {"strategy": ROLLING, "bakeTimeInMinutes": 0} if back else {}
    if {*wanted, *live} & {pauses.MEMBER}:
        sent[pauses.MEMBER] = [*wanted.get(pauses.MEMBER, ()), *others]
    return sent


def at_once(configuration: Fields) -> dict[str, Any]:
    """Return a deployment configuration that moves all traffic as soon as the tasks are healthy, and asks nobody.

    Its alarms are off: the revision that is to go may set them off, and ECS would return to it.
    """
    alarms = (
        {"alarms": {**configuration["alarms"], "enable": False, "rollback": False}} if "alarms" in configuration else {}
    )
    if "strategy" not in configuration:
        return {**configuration, **alarms}
    return {**_of_rolling(configuration), **alarms, "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}


def unpaused(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deployment configuration without its pauses."""
    return {key: value for key, value in configuration.items() if key != pauses.MEMBER}


def target_groups(balancer: Mapping[str, Any]) -> list[str]:
    """Return the ARNs of the target groups that a service's tasks may be in: two if ECS shifts its traffic.

    Args:
        balancer: one of the service's load balancers, in CreateService's spelling.
    """
    second = balancer.get("advancedConfiguration", {}).get("alternateTargetGroupArn")
    return [group for group in (balancer.get("targetGroupArn"), second) if group]


def minutes(fields: Fields) -> float:
    """Return the most minutes that a deployment waits: after each step, at the end, and for a person."""
    settings = fields["deployment_configuration"]
    waits, steps = float(settings.get("bakeTimeInMinutes", 0)), 1.0
    if canary := settings.get("canaryConfiguration"):
        waits, steps = waits + canary["canaryBakeTimeInMinutes"], 2.0
    if linear := settings.get("linearConfiguration"):
        steps = 100 / linear["stepPercent"]
        waits += linear["stepBakeTimeInMinutes"] * steps
    return waits + pauses.minutes(settings, steps)


def hidden(attributes: Fields, requests: Sequence[Fields]) -> dict[str, Any]:
    """Return a service's attributes without settings of deployments that no request asked for: somebody else set them.

    These are a strategy, alarms, and early success criteria.
    """
    if not shifts(attributes):
        asked = {member for one in requests for member in one["deployment_configuration"]}
        shown = attributes["deployment_configuration"].items()
        kept = {member: value for member, value in shown if member in asked or member in _OF_ROLLING}
        return {**attributes, "deployment_configuration": kept}
    if any(map(shifts, requests)):
        return {**attributes}
    plain = [
        {key: value for key, value in one.items() if key != "advancedConfiguration"}
        for one in attributes["load_balancers"]
    ]
    return {**attributes, "deployment_configuration": rolling(attributes), "load_balancers": plain}


def leaving(service: Mapping[str, Any], requests: Collection[Fields]) -> bool:
    """Return whether a request returns a shifting service, as AWS shows it, to rolling updates."""
    asked = [shifts(fields) for fields in requests]
    return strategy_of(service) != ROLLING and any(asked) and not all(asked)


def serving(aws: Aws, service: Mapping[str, Any]) -> str | None:
    """Return the target group that a service's tasks are in; None if AWS does not tell."""
    current = [one["arn"] for one in service.get("currentServiceRevisions", ()) if one.get("arn")]
    groups = resolved_groups(aws, current[:1])
    return groups[0] if groups else None
