"""Translate a service's deployment settings into `deployment` and `circuit_breaker`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.config.deployment import ERRORS_ALARM, PAUSES, PORTS, STEPS
from provisioner.config.services import CircuitBreaker
from provisioner.migration.ecs.answers import Answer
from provisioner.migration.ecs.findings import Keys, Workload
from provisioner.resources.ecs.strategies import EARLY, EARLY_SUCCESS

KEYS = Keys(
    read=frozenset(
        {
            *("deploymentCircuitBreaker", "maximumPercent", "minimumHealthyPercent", "alarms", "strategy"),
            *("bakeTimeInMinutes", EARLY, "canaryConfiguration", "linearConfiguration", "lifecycleHooks"),
        }
    ),
    why={},
)
MOST = 200
"""The highest `max_percent`."""
STRATEGIES = {"BLUE_GREEN": "blue-green", "CANARY": "canary", "LINEAR": "linear"}
_STEPS = {
    "canary": ("canaryConfiguration", "canaryPercent", "canaryBakeTimeInMinutes"),
    "linear": ("linearConfiguration", "stepPercent", "stepBakeTimeInMinutes"),
}
"""The members of ECS for a strategy's steps: percentage and minutes (API reference, CanaryConfiguration)."""
USUAL_PAUSE = 1440
"""Minutes of a pause that sets none (API reference, DeploymentLifecycleHookTimeoutConfiguration)."""
_KEY = "deploymentConfiguration"
RECREATE = {"min_percent": 0, "max_percent": 100}
"""The table that says the same as `deployment = "recreate"`."""


def fill(workload: Workload) -> None:
    """Write strategy, percentages and circuit breaker of deployments into the table, and note the rest."""
    wanted = workload.raw.get(_KEY) or {}
    _controller(workload)
    strategy = _strategy(workload, str(wanted.get("strategy") or "ROLLING"))
    if strategy:
        _shifting(workload, strategy, wanted)
    else:
        _percentages(workload, wanted)
    _breaker(workload, wanted.get("deploymentCircuitBreaker") or {}, rolling=not strategy)
    alarms = wanted.get("alarms") or {}
    if alarms.get("enable"):
        _alarms(workload, alarms)
    early = wanted.get(EARLY) or {}
    if early.get("enable"):
        _early_success(workload, early)
    _hooks(workload, wanted.get("lifecycleHooks") or (), rolling=not strategy)
    KEYS.leave_rest(wanted, lambda key, why: workload.leave(f"{_KEY}.{key}", why))


def _add(workload: Workload, keys: Mapping[str, Any]) -> None:
    """Add keys to the deployment in the table, which may have a name alone."""
    given = workload.table.get("deployment", {})
    given = RECREATE if given == "recreate" else {"strategy": given} if isinstance(given, str) else given
    workload.table["deployment"] = {**given, **keys}


def _controller(workload: Workload) -> None:
    controller = (workload.raw.get("deploymentController") or {}).get("type", "ECS")
    if controller != "ECS":
        why = 'ECS deploys here: for CodeDeploy\'s blue/green write deployment = "blue-green"'
        workload.leave("deploymentController", f"{controller}: {why}")


def _strategy(workload: Workload, named: str) -> str:
    """Return the strategy of a service whose traffic is shifted; empty for rolling updates, also where others fail."""
    strategy = STRATEGIES.get(named, "")
    if named == "ROLLING" or (strategy and workload.table.get("public")):
        return strategy
    why = (
        "shifts traffic of a load balancer, which this service does not have here" if strategy else "is not known here"
    )
    workload.leave(f"{_KEY}.strategy", f"{named}: {why}: its deployments are rolling")
    return ""


def _shifting(workload: Workload, strategy: str, wanted: Answer) -> None:
    """Write a strategy that shifts traffic, with its steps, if they are not ECS's defaults."""
    table: dict[str, Any] = {"strategy": strategy}
    if strategy in _STEPS:
        member, percent, minutes = _STEPS[strategy]
        found, usual = wanted.get(member) or {}, STEPS[strategy]
        if (value := found.get(percent)) is not None and value != usual[0]:
            table["step_percent"] = value
        if (value := found.get(minutes)) is not None and value != usual[1]:
            table["step_minutes"] = value
    if (bake := wanted.get("bakeTimeInMinutes")) is not None:
        table["bake_minutes"] = int(bake)
    if port := _test_port(workload):
        table["test_port"] = port
    least, most = (wanted.get(key) for key in ("minimumHealthyPercent", "maximumPercent"))
    if least not in (None, 100) or most not in (None, MOST):
        why = f"have no effect with {strategy}, which runs all new tasks beside the old ones"
        workload.tell(f"{_KEY}.minimumHealthyPercent", f"{least} to {most}: {why}")
    scaling = workload.table.get("scaling", {})
    if "requests" in scaling:
        why = f"requests are counted in one target group, and {strategy} uses two in turn: they do not scale it here"
        workload.leave("scaling.requests", f"{scaling.pop('requests')}: {why}")
        if not scaling.keys() & {"cpu", "memory"}:
            workload.leave("scaling.cpu", "70 takes their place: write the metric that the tasks should follow")
            scaling["cpu"] = 70
    workload.table["deployment"] = table


def _test_port(workload: Workload) -> int:
    """Return the port at which new tasks can be tried; 0, perhaps with a note, if there is none."""
    balancing = workload.answers.balancing
    for one in workload.raw.get("loadBalancers") or ():
        rule = str((one.get("advancedConfiguration") or {}).get("testListenerRule") or "")
        if not rule:
            continue
        # …:listener-rule/app/NAME/ID/LISTENER/RULE is a rule of …:listener/app/NAME/ID/LISTENER
        arn = rule.replace(":listener-rule/", ":listener/").rpartition("/")[0]
        listener = next((each for each in balancing.listeners if each.get("ListenerArn") in (arn, rule)), {})
        port = int(listener.get("Port") or 0)
        if listener.get("Protocol") == "HTTPS" and port and port not in PORTS:
            return port
        why = "new tasks are tried at a port of their own by HTTPS here: write deployment.test_port"
        workload.leave("loadBalancers.advancedConfiguration.testListenerRule", why)
    return 0


def _alarms(workload: Workload, alarms: Answer) -> None:
    """Write the alarms that end deployments into the table."""
    found = list(alarms.get("alarmNames") or ())
    names = [name for name in found if name != ERRORS_ALARM]
    if names != found:
        workload.leave(f"{_KEY}.alarms", f"{ERRORS_ALARM}: here the name of an alarm of the stack: rename yours")
    if alarms.get("rollback"):
        _add(workload, {"alarms": names})
        return
    why = "end a deployment without a rollback there: add them to deployment.alarms, whose alarms roll back"
    workload.leave(f"{_KEY}.alarms", f"{', '.join(names)}: {why}")


def _early_success(workload: Workload, found: Answer) -> None:
    """Write that deployments are done before their old tasks are gone."""
    key = f"{_KEY}.{EARLY}"
    if found.get("healthyPercent") != EARLY_SUCCESS["healthyPercent"]:
        workload.leave(f"{key}.healthyPercent", f"{found.get('healthyPercent')}: here all new tasks are healthy then")
    if found.get("sourceServiceRevisionCleanup") != EARLY_SUCCESS["sourceServiceRevisionCleanup"]:
        return
    if "strategy" in dict(workload.table["deployment"] if isinstance(workload.table.get("deployment"), dict) else {}):
        workload.leave(key, "is of rolling deployments")
    else:
        _add(workload, {"early_success": True})


def _hooks(workload: Workload, hooks: Any, *, rolling: bool) -> None:
    """Write the stages at which a deployment waits for a person; note Lambda functions, which are not called here."""
    stages: list[str] = []
    for hook in hooks:
        named = [str(stage).lower().replace("_", "-") for stage in hook.get("lifecycleStages") or ()]
        key = f"{_KEY}.lifecycleHooks"
        if hook.get("targetType", "AWS_LAMBDA") != "PAUSE":
            function = str(hook.get("hookTargetArn") or "").rpartition(":")[2]
            workload.leave(key, f"{function}: no function is called here at {', '.join(named)}")
            continue
        waits = [stage for stage in named if stage in PAUSES and not rolling]
        if others := [stage for stage in named if stage not in waits]:
            workload.leave(
                key, f"{', '.join(others)}: a deployment waits only at other stages, and not if it is rolling"
            )
        if not waits:
            continue
        stages += [stage for stage in waits if stage not in stages]
        timeout = hook.get("timeoutConfiguration") or {}
        if timeout.get("action", "ROLLBACK") != "ROLLBACK":
            workload.leave(key, "goes on by itself when its time is over there; here it is rolled back then")
        if (minutes := int(timeout.get("timeoutInMinutes") or USUAL_PAUSE)) != USUAL_PAUSE:
            _add(workload, {"pause_minutes": minutes})
    if stages:
        _add(workload, {"pause_at": [stage for stage in PAUSES if stage in stages]})


def _percentages(workload: Workload, wanted: Answer) -> None:
    """Write the percentages into the table; ECS's defaults are 100 and 200 (API reference, DeploymentConfiguration)."""
    least, most = (wanted.get(key) for key in ("minimumHealthyPercent", "maximumPercent"))
    least, most = 100 if least is None else int(least), MOST if most is None else int(most)
    if most > MOST:
        workload.leave(f"{_KEY}.maximumPercent", f"{most}: is at most {MOST} here")
        most = MOST
    if least > 100:
        workload.leave(f"{_KEY}.minimumHealthyPercent", f"{least}: is at most 100 here")
        least = 100
    scaling = workload.table.get("scaling", {})
    if (least, most) == (0, 100) and scaling.get("max", workload.table.get("count", 1)) <= 1:
        workload.table["deployment"] = "recreate"
    elif (least, most) != (100, MOST):
        workload.table["deployment"] = {"min_percent": least, "max_percent": most}


def _breaker(workload: Workload, found: Answer, *, rolling: bool) -> None:
    """Write the threshold of the circuit breaker, which ECS has for rolling updates (API reference)."""
    key = f"{_KEY}.deploymentCircuitBreaker"
    if rolling and not (found.get("enable") and found.get("rollback")):
        why = "a deployment whose tasks fail is always given up and rolled back here"
        workload.tell(key, f"{'does not roll back' if found.get('enable') else 'is off'}: {why}")
    if found.get("resetOnHealthyTask") is False:
        workload.leave(f"{key}.resetOnHealthyTask", "false: a task that becomes healthy begins the count anew here")
    limit = found.get("thresholdConfiguration") or {}
    value, kind = int(limit.get("value") or 0), limit.get("type", "COUNT")
    if not value:
        return
    threshold: int | str = value if kind == "COUNT" else f"{min(value, 100)}%"
    if kind == "UNBOUNDED_PERCENT":
        why = f"{value} percent of the tasks; here at least 3 and at most 200 tasks"
        workload.leave(f"{key}.thresholdConfiguration", f"{why}, and at most 100 percent" if value > 100 else why)
    if threshold != CircuitBreaker().threshold:
        workload.table["circuit_breaker"] = {"threshold": threshold}
