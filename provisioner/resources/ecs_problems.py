"""Why the tasks of an ECS service do not come up: the reasons that ECS gives, and the last lines of their logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.aws.errors import code_of, not_found
from provisioner.engine.clock import at, since
from provisioner.resources.ecs_cluster import tasks
from provisioner.resources.ecs_health import advice
from provisioner.resources.ecs_hosts import explained, lacking, short_of_spot

ATTEMPTS = 3
"""Failed tasks after which a deployment is given up; ECS's own circuit breaker waits for more when many are wanted."""
FAILED_STOPS = ("TaskFailedToStart", "EssentialContainerExited")
ROLLING_BACK = "rolling back"
STEADY = "has reached a steady state"
WISHED = "Scaling activity initiated by"
"""What the reason of a task begins with that the scheduler stopped because it was one too many."""
CONSISTENTLY = "unable to consistently start tasks"
"""What ECS says when its circuit breaker ends a deployment, whatever for."""
LOG_LINES = 5


def newest(service: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the deployment that ECS calls the primary one."""
    return next((d for d in service.get("deployments", ()) if d["status"] == "PRIMARY"), {})


def completed(service: Mapping[str, Any]) -> bool:
    """Say whether the newest deployment is completed."""
    return bool(newest(service).get("rolloutState", "COMPLETED") == "COMPLETED")


def short(service: Mapping[str, Any]) -> bool:
    """Say whether fewer tasks of the newest deployment run than are wanted, though it was completed once."""
    return bool(newest(service).get("runningCount", 0) < newest(service).get("desiredCount", 0))


def problem(aws: Aws, service: Mapping[str, Any], stopped_tasks: Sequence[Mapping[str, Any]]) -> tuple[bool, str]:
    """Say whether a service's newest deployment has failed, and what keeps it from completing as far as ECS tells.

    It has failed when ECS says so, or when so many of its tasks failed and none runs.

    Args:
        stopped_tasks: what `stopped` returns of its cluster.
    """
    primary = newest(service)
    if completed(service):
        theirs = [task for task in stopped_tasks if task.get("startedBy") == primary.get("id")]
        return False, (_unable(service, {}) or (_why(theirs[0]) if theirs else "")) if short(service) else ""
    state = primary["rolloutState"]
    given_up = [d for d in service["deployments"] if d.get("rolloutState") == "FAILED"]
    # the one that is rolled back to has no problem: that of the one before it is what counts
    looked_at = given_up[0] if given_up and ROLLING_BACK in primary.get("rolloutStateReason", "") else primary
    theirs = [task for task in stopped_tasks if task.get("startedBy") == looked_at["id"]]
    # ECS sets its own count to zero as soon as a task ran, however shortly
    count = max(looked_at.get("failedTasks", 0), sum(task.get("stopCode") in FAILED_STOPS for task in theirs))
    unable = _unable(service, looked_at)
    # ECS counts also what it could not place, which leaves no stopped task and may pass
    unplaced = bool(unable) and not theirs
    failed = state == "FAILED" or (count >= ATTEMPTS and not looked_at.get("runningCount") and not unplaced)
    if count:
        why = _why(theirs[0]) if theirs else unable
        tail = _last_lines(aws, theirs[0]) if failed and theirs else ""
        return failed, f"{count} failed{f': {why}' if why else ''}{tail}"
    return failed, unable


def _unable(service: Mapping[str, Any], deployment: Mapping[str, Any]) -> str:
    """Return ECS's newest word on what it is unable to do, or an empty string if all was well since.

    Tasks that were started since prove nothing yet: those that could not be placed count as failed until one runs.

    Args:
        deployment: only what was said since this one began counts.
    """
    began, said = deployment.get("createdAt"), list[str]()
    for event in service.get("events", ()):
        if STEADY in event["message"] or (began is not None and event["createdAt"] < began):
            break
        if "unable" in event["message"]:
            said.append(str(event["message"]).partition(") ")[2].rstrip("."))
    # that it is unable to start tasks consistently is no reason
    told = next((text for text in said if CONSISTENTLY not in text), next(iter(said), ""))
    return told + short_of_spot(service, told)


def last_failure(aws: Aws, cluster: str, service_name: str) -> str:
    """Say why the last task of a service that failed did so, with the end of its log."""
    found = stopped(aws, cluster, service_name)
    failed = [task for task in found if task.get("stopCode") in FAILED_STOPS or advice(task)]
    return f"{_why(failed[0])}{_last_lines(aws, failed[0])}" if failed else ""


def rolled_back(service: Mapping[str, Any]) -> str:
    """Return ECS's newest word of a rollback, or an empty string."""
    events = (e["message"] for e in service.get("events", ()) if ROLLING_BACK in e["message"])
    return next(events, "").partition(") ")[2].rstrip(".")


def standing(aws: Aws, cluster: str, service_name: str) -> str:
    """Say what ECS last said of a service, which of its tasks are on their way since when, and why the last one failed.

    Of a service on instances also whether there are any for its tasks.
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
    """Return the tasks of a cluster or a service that stopped by no wish of the scheduler, newest first."""
    found = tasks(aws, cluster, "STOPPED", **({"serviceName": service_name} if service_name else {}))
    unwished = [task for task in found if not task.get("stoppedReason", WISHED).startswith(WISHED)]
    return sorted(unwished, key=lambda task: task["createdAt"], reverse=True)


def _why(task: Mapping[str, Any]) -> str:
    """Say why a task stopped: ECS's reason, and what each container says of its end."""
    ends = (c.get("reason") or (f"exit code {c['exitCode']}" if c.get("exitCode") else "") for c in task["containers"])
    reasons = (explained(task["stoppedReason"]), *ends)
    told = "; ".join(dict.fromkeys(text.rstrip(".") for text in reasons if text))
    return ". ".join(filter(None, (told, advice(task))))


def _last_lines(aws: Aws, task: Mapping[str, Any]) -> str:
    """Return the last log lines of a task's containers, as far as they log with awslogs and said anything."""
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
        # a container that was never started has no stream, and reading the log may not be allowed
        if not not_found(error) and "AccessDenied" not in code_of(error):
            raise
        return []
    return [event["message"].rstrip() for event in events[-LOG_LINES:]]
