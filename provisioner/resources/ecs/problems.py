"""Reasons why an ECS service's tasks do not start: ECS's own reasons, and the last lines of the tasks' logs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.aws.errors import code_of, not_found
from provisioner.engine.clock import at, since
from provisioner.resources.ecs.cluster import tasks
from provisioner.resources.ecs.deployments import ROLLING, Deployment, Rejected, strategy_of
from provisioner.resources.ecs.health import advice
from provisioner.resources.ecs.hosts import explained, lacking, short_of_spot
from provisioner.resources.ecs.stopping import BY_USER, CLEAN_UP, former

FAILED_STOPS = ("TaskFailedToStart", "EssentialContainerExited")
FAILED_CHECKS = "health checks"
"""A part of the stop reason of tasks that failed their own or a load balancer's health checks."""
ROLLING_BACK = "rolling back"
STEADY = "has reached a steady state"
WISHED = "Scaling activity initiated by"
"""The beginning of the stop reason of tasks that the scheduler stopped because there were too many."""
CONSISTENTLY = "unable to consistently start tasks"
"""ECS's message for every deployment that its circuit breaker ended."""
LOG_LINES = 5
EARLY = ("RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP")
"""The stages in which a new revision has no traffic, and has not been healthy as a whole."""
NO_END = "its tasks fail again and again, and ECS does not give up"
UNSERVED = "traffic is at its tasks, and none of them runs any more"
REASONS = 3
"""The most different reasons of failed tasks to show, the newest first."""
_STATES = {"SUCCESSFUL": "COMPLETED", "ROLLBACK_SUCCESSFUL": "COMPLETED"}


@dataclass(frozen=True)
class Rollout:
    """The progress of a service's newest roll-out.

    Attributes:
        state: IN_PROGRESS, COMPLETED or FAILED.
        reason: ECS's reason, if the state is not the wanted one.
        failed: whether it cannot succeed any more by itself.
        undone: whether ECS rolls back, or has rolled back, to another revision.
        problem: the known reason why its tasks fail.
        judged: whether it fails by this tool's judgement: ECS goes on with it.
        cause: the cause of the last failed task, in a few words. last_line: the last line of that task's log.
    """

    state: str
    reason: str = ""
    failed: bool = False
    undone: bool = False
    problem: str = ""
    judged: bool = False
    cause: str = ""
    last_line: str = ""


def newest(service: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the primary deployment in ECS's list."""
    return next((d for d in service.get("deployments", ()) if d["status"] == "PRIMARY"), {})


def completed(service: Mapping[str, Any]) -> bool:
    """Say whether the newest deployment is completed, by the service alone.

    If ECS gives no state, a service counts as completed that has all its new tasks and no old ones (botocore, the
    waiter ServicesStable).
    """
    if "rolloutState" in newest(service):
        return bool(newest(service)["rolloutState"] == "COMPLETED")
    return len(service.get("deployments", ())) <= 1 and service["runningCount"] == service["desiredCount"]


def short(service: Mapping[str, Any]) -> bool:
    """Say whether the newest deployment runs fewer tasks than desired, even if it was completed before."""
    return bool(newest(service).get("runningCount", 0) < newest(service).get("desiredCount", 0))


def troubled(service: Mapping[str, Any], stopped_tasks: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether a service's newest roll-out needs further reads beyond DescribeServices."""
    primary = newest(service)
    if "rolloutState" not in primary or strategy_of(service) != ROLLING:
        # its stage, and its share of the traffic
        return not completed(service)
    given_up = any(one.get("rolloutState") == "FAILED" for one in service["deployments"])
    given_up = given_up or ROLLING_BACK in primary.get("rolloutStateReason", "")
    failed = bool(primary.get("failedTasks")) or any(t.get("startedBy") == primary["id"] for t in stopped_tasks)
    return primary["rolloutState"] != "COMPLETED" and (given_up or failed)


def rollout(
    aws: Aws, service: Mapping[str, Any], deployment: Deployment | None, stopped_tasks: Sequence[Mapping[str, Any]]
) -> Rollout:
    """Return the progress of a service's newest roll-out.

    ECS says if it has given a roll-out up. If as many tasks have failed as the circuit breaker allows, and ECS does not
    count them (`_goes_on`), the roll-out has failed as well.

    Args:
        deployment: the service's result of `deployments.latest`.
        stopped_tasks: the cluster's result of `stopped`.
    """
    primary = newest(service)
    state, reason = _state(service, deployment)
    undone = bool(deployment and deployment.undone) or ROLLING_BACK in primary.get("rolloutStateReason", "")
    if state == "COMPLETED":
        theirs = [task for task in stopped_tasks if task.get("startedBy") == primary.get("id")]
        why = (_unable(service, {}) or _reasons(theirs)) if short(service) else ""
        return Rollout(state, reason, undone=undone, problem=why)
    # after a rollback, the problem is in the failed deployment, not in the one before it, which ECS restored
    looked_at = _given_up(service, deployment) or primary
    theirs = [task for task in stopped_tasks if task.get("startedBy") == looked_at.get("id")]
    failures = [task for task in theirs if failing(task)]
    threshold = (deployment.threshold if deployment else 0) or _threshold(service)
    judged = state != "FAILED" and not undone and _goes_on(service, deployment, failures, threshold)
    failed = state == "FAILED" or judged
    if judged and not reason:
        reason = NO_END if len(failures) >= threshold else UNSERVED
    # ECS resets its own count as soon as a task is healthy, and counts tasks that it could not place
    count = max(looked_at.get("failedTasks", 0), deployment.failures if deployment else 0, len(failures))
    unable = _unable(service, looked_at)
    if not count:
        return Rollout(state, reason, failed, undone, unable)
    why = _reasons(failures or theirs) or unable
    ended = failed or undone
    tail = last_lines(aws, failures[0]) if ended and failures else ""
    limit = f" (given up at {threshold})" if threshold and not ended else ""
    problem = f"{count} failed{limit}{f': {why}' if why else ''}{tail}"
    cause, line = (_cause(failures[0]), last_line(tail)) if ended and failures else ("", "")
    return Rollout(state, reason, failed, undone, problem, judged, cause, line)


def _goes_on(
    service: Mapping[str, Any], deployment: Deployment | None, failures: Sequence[Mapping[str, Any]], threshold: int
) -> bool:
    """Return whether a roll-out has failed though ECS goes on with it.

    The circuit breaker does not count tasks that end after they started, unless a health check failed (AWS re:Post,
    "ecs-deployment-roll-back-failure"), and watches rolling updates only (API reference, DeploymentCircuitBreaker).
    Where traffic is shifted, the former tasks run until the bake time is over. So one failure is enough once there is
    traffic and no new task runs: that share of the requests fails.
    """
    stage = deployment.stage if deployment else ""
    if not threshold or (deployment and deployment.status not in ("", "IN_PROGRESS")) or stage == CLEAN_UP:
        return False
    shifts = strategy_of(service) != ROLLING
    if shifts and stage in EARLY and not (deployment and deployment.threshold):
        return len(failures) >= threshold
    loops = [task for task in failures if "startedAt" in task and FAILED_CHECKS not in task.get("stoppedReason", "")]
    none_runs = not newest(service).get("runningCount")
    if shifts and loops and none_runs and deployment and deployment.weight and former(service, stage):
        return True
    return len(loops) >= threshold and (none_runs or shifts)


def _threshold(service: Mapping[str, Any]) -> int:
    """Return the number of failures at which a service's circuit breaker is to give up; 0 if it is off.

    Source: ECS developer guide, "How the Amazon ECS deployment circuit breaker detects failures".
    """
    breaker = service.get("deploymentConfiguration", {}).get("deploymentCircuitBreaker", {})
    if not breaker.get("enable"):
        return 0
    asked = breaker.get("thresholdConfiguration") or {}
    kind, value = asked.get("type", "BOUNDED_PERCENT"), int(asked.get("value", 50))
    if kind == "COUNT":
        return value
    share = math.ceil(int(service.get("desiredCount", 0)) * value / 100)
    return max(1, share) if kind == "UNBOUNDED_PERCENT" else min(200, max(3, share))


def _cause(task: Mapping[str, Any]) -> str:
    """Return the cause of a failed task in a few words: its exit code, its health checks, or ECS's reason."""
    containers = [one for one in task.get("containers", ()) if one.get("exitCode")]
    if containers and FAILED_CHECKS not in task.get("stoppedReason", ""):
        of = f" of {containers[0].get('name')}" if len(task["containers"]) > 1 else ""
        return f"exit code {containers[0]['exitCode']}{of}"
    return why_stopped(task).partition(". ")[0]


def last_line(tail: str) -> str:
    """Return the last line of a result of `last_lines`."""
    return tail.rpartition("\n")[2].strip() if "\n" in tail else ""


def _state(service: Mapping[str, Any], deployment: Deployment | None) -> tuple[str, str]:
    """Return the state of a roll-out, and ECS's reason if the state is not the wanted one."""
    primary = newest(service)
    if "rolloutState" in primary:
        state, said = str(primary["rolloutState"]), primary.get("rolloutStateReason", "")
        told = deployment.reason if deployment and deployment.failed else ""
        unwanted = state == "FAILED" or ROLLING_BACK in said
        return state, (told or said.rstrip(".")) if unwanted or told else ""
    if deployment is None:
        return "COMPLETED" if completed(service) else "IN_PROGRESS", ""
    if deployment.failed and not deployment.undone:
        return "FAILED", deployment.reason
    return _STATES.get(deployment.status, "IN_PROGRESS"), deployment.reason if deployment.failed else ""


def _given_up(service: Mapping[str, Any], deployment: Deployment | None) -> Mapping[str, Any]:
    """Return the failed deployment of a service; empty if there is none."""
    shown = service.get("deployments", ())
    if deployment and deployment.failed and deployment.revision:
        name = f"ecs-svc/{deployment.revision}"
        return next((d for d in shown if d["id"] == name), {"id": name})
    return next((d for d in shown if d.get("rolloutState") == "FAILED"), {})


def failing(task: Mapping[str, Any]) -> bool:
    """Return whether a stopped task has failed: it did not start, ended by itself, or failed its health checks."""
    return task.get("stopCode") in FAILED_STOPS or FAILED_CHECKS in task.get("stoppedReason", "")


def _reasons(tasks: Sequence[Mapping[str, Any]]) -> str:
    """Return the reasons why tasks stopped, each once, the newest first."""
    return "; before that: ".join(list(dict.fromkeys(filter(None, map(why_stopped, tasks))))[:REASONS])


def _unable(service: Mapping[str, Any], deployment: Mapping[str, Any]) -> str:
    """Return ECS's newest event about an action that it is unable to do; empty if the service was steady since.

    Tasks that were started since prove nothing yet: tasks that ECS could not place count as failed until one runs.

    Args:
        deployment: only events since its beginning count.
    """
    began, said = deployment.get("createdAt"), list[str]()
    for event in service.get("events", ()):
        if STEADY in event["message"] or (began is not None and event["createdAt"] < began):
            break
        if "unable" in event["message"]:
            said.append(str(event["message"]).partition(") ")[2].rstrip("."))
    # that ECS is unable to start tasks consistently is no reason
    told = next((text for text in said if CONSISTENTLY not in text), next(iter(said), ""))
    return told + short_of_spot(service, told)


def last_failure(aws: Aws, cluster: str, service_name: str) -> str:
    """Return the reason why a service's last failed task failed, with the end of its log."""
    failed = [task for task in stopped(aws, cluster, service_name) if failing(task)]
    return f"{why_stopped(failed[0])}{last_lines(aws, failed[0])}" if failed else ""


def why_rejected(aws: Aws, rejected: Rejected, stopped_tasks: Sequence[Mapping[str, Any]]) -> tuple[str, str, str]:
    """Return the reasons why ECS did not keep a revision, the cause in a few words, and the end of a failed task's log.

    ECS shows a stopped task for an hour.

    Args:
        stopped_tasks: the cluster's result of `stopped`.
    """
    deployment = rejected.deployment
    name = f"ecs-svc/{deployment.revision}"
    failures = [task for task in stopped_tasks if task.get("startedBy") == name and failing(task)]
    count = f"{deployment.failures} failed" if deployment.failures else ""
    reasons = _reasons(failures)
    # this tool stops what fails, and users stop what works
    said = "" if deployment.reason == BY_USER and reasons else deployment.reason or deployment.status
    why = ": ".join(filter(None, [said, count, reasons]))
    return (why, _cause(failures[0]), last_lines(aws, failures[0])) if failures else (why, said, "")


def standing(aws: Aws, cluster: str, service_name: str) -> str:
    """Describe a service's last event, its starting tasks and their ages, and the reason of its last failure.

    For a service on instances, also describe whether there are instances for its tasks.
    """
    ecs = aws.client("ecs")
    (service,) = ecs.describe_services(cluster=cluster, services=[service_name])["services"]
    events = [f"ECS reported{at(e['createdAt'])}: {e['message'].rstrip('.')}" for e in service.get("events", ())[:1]]
    wanted = tasks(aws, cluster, "RUNNING", serviceName=service_name)
    coming = [
        f"task {task['taskArn'].rpartition('/')[2]} is {task['lastStatus']}{since(task.get('createdAt'))}"
        for task in wanted
        if task["lastStatus"] != "RUNNING"
    ]
    placed = [task for task in wanted if task.get("containerInstanceArn") or task.get("launchType") == "FARGATE"]
    waits = len(placed) < len(wanted)
    hosts = lacking(aws, service, waits=waits) if waits or not wanted else ""
    failed = last_failure(aws, cluster, service_name)
    last = f"last failed task: {failed}" if failed else ""
    return "; ".join(filter(None, [*events, *coming, hosts, last]))


def stopped(aws: Aws, cluster: str, service_name: str | None = None) -> list[Mapping[str, Any]]:
    """Return the stopped tasks of a cluster or a service that the scheduler did not stop itself, newest first."""
    found = tasks(aws, cluster, "STOPPED", **({"serviceName": service_name} if service_name else {}))
    unwished = [task for task in found if not task.get("stoppedReason", WISHED).startswith(WISHED)]
    return sorted(unwished, key=lambda task: task["createdAt"], reverse=True)


def why_stopped(task: Mapping[str, Any]) -> str:
    """Return the reason why a task stopped: ECS's own, and each container's reason or exit code."""
    containers = task.get("containers", ())
    ends = (
        f"{c.get('name')}: {end}" if end and len(containers) > 1 else end
        for c in containers
        for end in (c.get("reason") or (f"exit code {c['exitCode']}" if c.get("exitCode") else ""),)
    )
    reasons = (explained(task.get("stoppedReason", "")), *ends)
    told = "; ".join(dict.fromkeys(text.rstrip(".") for text in reasons if text))
    return ". ".join(filter(None, (told, advice(task))))


def last_lines(aws: Aws, task: Mapping[str, Any]) -> str:
    """Return the last log lines of a task's containers that log with awslogs."""
    shown = aws.client("ecs").describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
    text = ""
    for container in shown["containerDefinitions"]:
        options = container.get("logConfiguration", {}).get("options", {})
        if "awslogs-stream-prefix" in options:
            stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{task['taskArn'].rpartition('/')[2]}"
            lines = _log(aws, options["awslogs-group"], stream)
            text += f". Last log lines of {container['name']}:" if lines else ""
            text += "".join(f"\n  {line}" for line in lines)
    return text


def _log(aws: Aws, group: str, stream: str) -> list[str]:
    try:
        events = aws.client("logs").get_log_events(logGroupName=group, logStreamName=stream, limit=LOG_LINES)["events"]
    except ClientError as error:
        # a container that was never started has no stream, and the caller may not be allowed to read the log
        if not not_found(error) and "AccessDenied" not in code_of(error):
            raise
        return []
    return [event["message"].rstrip() for event in events[-LOG_LINES:]]
