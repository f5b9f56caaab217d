"""Translate a service's deployment settings into `deployment` and `circuit_breaker`."""

from __future__ import annotations

from provisioner.config.deployment import ERRORS_ALARM
from provisioner.config.services import CircuitBreaker
from provisioner.migration.ecs.answers import Answer
from provisioner.migration.ecs.findings import Keys, Workload
from provisioner.resources.ecs.strategies import EARLY, EARLY_SUCCESS

KEYS = Keys(
    read=frozenset(
        {
            *("deploymentCircuitBreaker", "maximumPercent", "minimumHealthyPercent", "alarms", "strategy"),
            *("bakeTimeInMinutes", EARLY),
        }
    ),
    why={
        "canaryConfiguration": "is of canary deployments, which are not made here",
        "lifecycleHooks": "are of deployments that are not rolling",
        "linearConfiguration": "is of linear deployments, which are not made here",
    },
)
MOST = 200
"""The highest `max_percent`."""


def fill(workload: Workload) -> None:
    """Write percentages and circuit breaker of deployments into the table, and note the rest."""
    wanted = workload.raw.get("deploymentConfiguration") or {}
    _controller(workload, wanted)
    _percentages(workload, wanted)
    _breaker(workload, wanted.get("deploymentCircuitBreaker") or {})
    alarms = wanted.get("alarms") or {}
    if alarms.get("enable"):
        _alarms(workload, alarms)
    early = wanted.get(EARLY) or {}
    if early.get("enable"):
        _early_success(workload, early)
    KEYS.leave_rest(wanted, lambda key, why: workload.leave(f"deploymentConfiguration.{key}", why))


def _alarms(workload: Workload, alarms: Answer) -> None:
    """Write the alarms that end deployments into the table; a service whose old task stops first has none here."""
    found, given = list(alarms.get("alarmNames") or ()), workload.table.get("deployment", {})
    names = [name for name in found if name != ERRORS_ALARM]
    if names != found:
        workload.leave(
            "deploymentConfiguration.alarms", f"{ERRORS_ALARM}: here the name of an alarm of the stack: rename yours"
        )
    if alarms.get("rollback") and isinstance(given, dict):
        workload.table["deployment"] = {**given, "alarms": names}
        return
    why = "add them to deployment.alarms, whose alarms roll back" if isinstance(given, dict) else "not with recreate"
    workload.leave("deploymentConfiguration.alarms", f"{', '.join(names)}: {why}")


def _early_success(workload: Workload, found: Answer) -> None:
    """Write that deployments are done before their old tasks are gone; a service that stops those first has none."""
    key, given = f"deploymentConfiguration.{EARLY}", workload.table.get("deployment", {})
    if found.get("healthyPercent") != EARLY_SUCCESS["healthyPercent"]:
        workload.leave(f"{key}.healthyPercent", f"{found.get('healthyPercent')}: here all new tasks are healthy then")
    if found.get("sourceServiceRevisionCleanup") != EARLY_SUCCESS["sourceServiceRevisionCleanup"]:
        return
    if isinstance(given, dict):
        workload.table["deployment"] = {**given, "early_success": True}
    else:
        workload.leave(key, "not with recreate")


def _controller(workload: Workload, wanted: Answer) -> None:
    controller = (workload.raw.get("deploymentController") or {}).get("type", "ECS")
    if controller != "ECS":
        workload.leave("deploymentController", f"{controller}: ECS deploys here, rolling")
    strategy = wanted.get("strategy", "ROLLING")
    if strategy != "ROLLING":
        workload.leave("deploymentConfiguration.strategy", f"{strategy}: deployments are rolling here")


def _percentages(workload: Workload, wanted: Answer) -> None:
    """Write the percentages into the table; ECS's defaults are 100 and 200 (API reference, DeploymentConfiguration)."""
    least, most = (wanted.get(key) for key in ("minimumHealthyPercent", "maximumPercent"))
    least, most = 100 if least is None else int(least), MOST if most is None else int(most)
    key = "deploymentConfiguration"
    if most > MOST:
        workload.leave(f"{key}.maximumPercent", f"{most}: is at most {MOST} here")
        most = MOST
    if least > 100:
        workload.leave(f"{key}.minimumHealthyPercent", f"{least}: is at most 100 here")
        least = 100
    scaling = workload.table.get("scaling", {})
    if (least, most) == (0, 100) and scaling.get("max", workload.table.get("count", 1)) <= 1:
        workload.table["deployment"] = "recreate"
    elif (least, most) != (100, MOST):
        workload.table["deployment"] = {"min_percent": least, "max_percent": most}


def _breaker(workload: Workload, found: Answer) -> None:
    if not found.get("enable") or not found.get("rollback"):
        why = "a deployment whose tasks fail is always given up and rolled back here"
        workload.leave("deploymentConfiguration.deploymentCircuitBreaker", f"is off: {why}")
    limit = found.get("thresholdConfiguration") or {}
    value = int(limit.get("value") or 0)
    if not value:
        return
    threshold = f"{value}%" if limit.get("type") == "BOUNDED_PERCENT" else value
    if threshold != CircuitBreaker().threshold:
        workload.table["circuit_breaker"] = {"threshold": threshold}
