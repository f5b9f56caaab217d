"""Read the condition of services and jobs with few calls: images, health checks, last failures, last runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from provisioner.docker.reference import Reference, parse
from provisioner.engine.words import count
from provisioner.operations.inspection.verdicts import MISSING, verdict
from provisioner.resources import suspended_scaling
from provisioner.resources.application_autoscaling import ScalableTarget
from provisioner.resources.ecs.cluster import own_clusters, tasks
from provisioner.resources.ecs.problems import failing, why_stopped
from provisioner.resources.ecs.progress import Progress, progress_of
from provisioner.resources.ecs.revisions import revision_or_empty
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.strategies import target_groups
from provisioner.resources.elbv2.target_groups import target_health

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.engine.resource import Observed
    from provisioner.state.model import Record

Records = Mapping[str, "Record"]
CHECKED = frozenset({"HEALTHY", "UNHEALTHY"})
"""The health states of a task that has a health check of its own (ECS API reference, Task, healthStatus)."""
ROLLOUTS = {"COMPLETED": "completed", "IN_PROGRESS": "in progress", "FAILED": "failed"}
ROLLED_BACK = "rolled back"


def of(aws: Aws, records: Records, jobs: Collection[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the condition of the services and the condition of the jobs, as `status` shows them.

    Beside the calls that list the services, this makes one for suspended scaling, two for the tasks, one for each
    hundred tasks, one for each target group, and one for each revision that the state does not know. A service that is
    recorded but missing in ECS is included.

    Args:
        jobs: the names of the jobs.
    """
    scales = any(one.type == ScalableTarget.type_name for one in records.values())
    suspended = partial(suspended_scaling.read, aws) if scales else dict
    reads: Sequence[Callable[[], Any]] = (partial(aws.live, Service), partial(_tasks, aws), suspended)
    found, there, still = aws.each(lambda read: read(), reads)
    lives = sorted((live for live in found if live.owned), key=lambda live: str(live.id))
    shown = dict(zip([live.id for live in lives], aws.each(lambda live: _health(aws, live, there), lives), strict=True))
    images = _images(aws, records, {progress_of(live).runs for live in lives})
    services = [
        _service(live, shown[live.id], images.get(progress_of(live).runs, ""), records, there) for live in lives
    ]
    names = {one["name"] for one in services}
    recorded = [address.partition("/")[2] for address, one in records.items() if one.type == "service"]
    gone = [_missing(name) for name in sorted(recorded) if name not in names]
    return [one | {"state": verdict(one), "suspended": [*still.get(one["name"], ())]} for one in (*services, *gone)], [
        _job(name, records, there) for name in jobs if f"task_definition/{name}" in records
    ]


def _tasks(aws: Aws) -> list[Mapping[str, Any]]:
    """Return the tasks of the stack's clusters, the newest first. ECS lists a stopped task for one hour."""
    found = [task for cluster in own_clusters(aws) for task in tasks(aws, cluster, "RUNNING", "STOPPED")]
    return sorted(found, key=lambda task: _moment(task.get("createdAt")) or 0.0, reverse=True)


def _service(
    live: Observed, health: Mapping[str, Any], image: str, records: Records, there: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    shown, name = progress_of(live), str(live.attributes["service_name"])
    failed = next((task for task in there if task.get("group") == f"service:{name}" and failing(task)), None)
    return {
        "name": name,
        "running": shown.running_count,
        "desired": live.attributes["desired_count"],
        "revision": shown.runs.rpartition("/")[2],
        "rollout": live.status if live.deleting else shown.rollout_state,
        "strategy": shown.strategy,
        "stage": shown.stage,
        "weight": shown.weight,
        "capacity": [s["capacityProvider"] for s in live.attributes["capacity_provider_strategy"]],
        "problem": shown.problem or shown.rolled_back or health["problem"],
        "approval": _approval(shown),
        "deployed": shown.deployed.rpartition("/")[2],
        "deployment": ROLLED_BACK if shown.rolled_back else ROLLOUTS.get(shown.rollout_state, shown.rollout_state),
        "began": _moment(shown.began),
        **_image(image, records),
        "healthy": health["healthy"],
        "last_failure": {"at": _ended(failed), "why": why_stopped(failed)} if failed else None,
        "sidecars": _sidecars(name, records, [task for task in there if task.get("group") == f"service:{name}"]),
    }


def _approval(shown: Progress) -> dict[str, Any] | None:
    """Return the stage and deadline of a deployment that waits for a person's approval; None if it does not."""
    if not shown.pauses:
        return None
    first = shown.pauses[0]
    return {"stage": shown.stage, "until": _moment(first.until), "then": first.then.lower()}


def _sidecars(name: str, records: Records, mine: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a service's sidecars, each with the number of running tasks in which it runs, and in which it failed."""
    record = records.get(f"task_definition/{name}")
    definitions = record.arguments.get("container_definitions", ()) if record else ()
    running = [task for task in mine if task.get("lastStatus") == "RUNNING"]
    found = []
    for one in definitions:
        called = one.get("name")
        shown = [c for task in running for c in task.get("containers") or () if c.get("name") == called]
        if called != name:
            found.append(
                {
                    "name": called,
                    **_image(str(one.get("image", "")), records),
                    "essential": bool(one.get("essential", True)),
                    "running": sum(c.get("lastStatus") == "RUNNING" for c in shown),
                    "failed": sum(bool(c.get("exitCode")) for c in shown),
                }
            )
    return found


def _missing(name: str) -> dict[str, Any]:
    """Return the condition of a service that is recorded but missing in ECS."""
    told = dict.fromkeys(("revision", "strategy", "stage", "deployed", "deployment", "image", "tag", "digest"), "")
    return {
        "name": name,
        "running": 0,
        "desired": 0,
        "rollout": MISSING,
        "capacity": [],
        "problem": "it is recorded, and ECS has no such service",
        "approval": None,
        "weight": None,
        "began": None,
        "healthy": None,
        "last_failure": None,
        "sidecars": [],
        **told,
    }


def _health(aws: Aws, live: Observed, there: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the number of tasks that pass their checks: the load balancer's, their own, or both; None without any."""
    mine = [t for t in there if t.get("group") == f"service:{live.attributes['service_name']}"]
    own = [t["healthStatus"] for t in mine if t.get("lastStatus") == "RUNNING" and t.get("healthStatus") in CHECKED]
    counts, problem = ([own.count("HEALTHY")] if own else []), ""
    for balancer in () if live.deleting else live.attributes["load_balancers"]:
        targets = [one for group in target_groups(balancer) for one in target_health(aws, group)]
        counts.append(sum(one.get("State") == "healthy" for one in targets))
        ill = [one for one in targets if one.get("State") == "unhealthy"]
        if ill:
            why = ill[0].get("Description") or ill[0].get("Reason") or "no reason is given"
            problem = f"{count(len(ill), 'target')} unhealthy: {why}"
    return {"healthy": min(counts) if counts else None, "problem": problem}


def _images(aws: Aws, records: Records, revisions: set[str]) -> dict[str, str]:
    """Return the image of the workload's own container by revision ARN. ECS is asked only for unrecorded revisions."""
    known = {str(one.outputs.get("arn")): one.arguments for one in records.values() if one.type == "task_definition"}
    images = {arn: _own_image(known[arn], "container_definitions") for arn in revisions if arn in known}
    others = sorted(arn for arn in revisions - known.keys() if arn)
    asked = aws.each(partial(revision_or_empty, aws), others)
    return images | {arn: _own_image(one, "containerDefinitions") for arn, one in zip(others, asked, strict=True)}


def _own_image(shown: Mapping[str, Any], key: str) -> str:
    containers = shown.get(key) or [{}]
    name = next((one for one in containers if str(shown.get("family", "")).endswith(f"-{one.get('name')}")), None)
    return str((name or containers[0]).get("image", ""))


def _image(text: str, records: Records) -> dict[str, str]:
    """Return the image with its tag and digest. An image referenced by digest gets its recorded tag."""
    if not text:
        return dict.fromkeys(("image", "tag", "digest"), "")
    named = _parsed(text)
    return {"image": text, "tag": named.tag or _tag(text, records), "digest": named.digest}


def _tag(reference: str, records: Records) -> str:
    for one in records.values():
        if one.type in ("image", "copied_image") and one.outputs.get("reference") == reference:
            source = str(one.arguments.get("source", ""))
            return (_parsed(source).tag if source else "") or str(one.arguments.get("tag", ""))
    return ""


def _parsed(text: str) -> Reference:
    try:
        return parse(text)
    except ValueError:
        return Reference("", "")


def _job(name: str, records: Records, there: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a job with its last run: from ECS if it was in the last hour, else from the state."""
    family = f":task-definition/{records[f'task_definition/{name}'].arguments.get('family')}:"
    ran, schedule = records.get(f"job_run/{name}"), records.get(f"schedule/{name}")
    # compare families: runs by hand and by schedule have different task groups
    task = next((task for task in there if family in str(task.get("taskDefinitionArn", ""))), None)
    last: dict[str, Any] | None = None
    if task:
        last = _run(name, task)
    elif ran:
        # a record that is not ready: the run failed, or its end was not awaited; ECS does not list it any more
        last = {"at": ran.changed, "result": "succeeded" if ran.phase == "ready" else "unknown", "why": ""}
    return {
        "name": name,
        "schedule": str(schedule.arguments.get("schedule_expression", "")) if schedule else "",
        "last_run": last,
    }


def _run(name: str, task: Mapping[str, Any]) -> dict[str, Any]:
    if task.get("lastStatus") != "STOPPED":
        return {"at": _moment(task.get("createdAt")), "result": "running", "why": ""}
    containers = task.get("containers", ())
    own: Mapping[str, Any] = next((one for one in containers if one.get("name") == name), next(iter(containers), {}))
    good = own.get("exitCode") == 0
    why = "" if good else why_stopped(task) or "ECS says no reason"
    return {"at": _ended(task), "result": "succeeded" if good else "failed", "why": why}


def _ended(task: Mapping[str, Any]) -> float | None:
    return _moment(task.get("stoppedAt") or task.get("stoppingAt") or task.get("createdAt"))


def _moment(value: Any) -> float | None:
    return value.timestamp() if isinstance(value, datetime) else None
