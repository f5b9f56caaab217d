"""The service scheduler: start each service's tasks, roll out deployments, drain deleted services."""

from __future__ import annotations

import math

from ecs_emulator.clock import later, passed
from ecs_emulator.ecs import breaker, connect, early_success, failing, placement, rollouts
from ecs_emulator.ecs.probes import is_unchecked, is_well, unwell
from ecs_emulator.ecs.records import Deployment, Service, Shape, Task, now
from ecs_emulator.ecs.store import Store
from ecs_emulator.ecs.tasks import end, new

_SCALING = "Scaling activity initiated by (deployment {})"
_STOPPED_ONE = "has stopped 1 running tasks: (task {})."

_BACK_OFF_SECONDS = 30.0
_PER_ROUND = 10
_NO_INSTANCE = (
    "was unable to place a task because no container instance met all of its requirements. "
    "Reason: No Container Instances were found in your cluster. For more information, see the Troubleshooting section "
    "of the Amazon ECS Developer Guide."
)

_NO_SPOT = (
    "was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a "
    "different availability zone. For more information, see the Troubleshooting section of the Amazon ECS Developer "
    "Guide."
)
"""AWS does not fall back to FARGATE (containers-roadmap#852; the message: sil-org/ecs-deploy#277)."""


def schedule(store: Store, service: Service) -> None:
    """Advance a service by one round: start and stop tasks, and complete deployments."""
    if service.status == "INACTIVE":
        return
    tasks = [task for task in store.tasks_of(service.cluster, service.name) if task.desired == "RUNNING"]
    if service.status == "DRAINING":
        for task in tasks:
            end(task, "Service deleted", "ServiceSchedulerInitiated")
        if not any(store.tasks_of(service.cluster, service.name)):
            service.status = "INACTIVE"
            service.say("has been deleted.")
            connect.settle(store, service)
        return
    _note_healthy(service, tasks)
    failing.count(store, service, service.deployments[0])
    failing.heed_stop(store, service)
    failing.heed_alarms(store, service)
    service.deployments[0].seen = True
    if why := rollouts.start(store, service) or rollouts.refused(service):
        # the event has the whole reason, as for a failed hook (carreque/bluegreenDeployment, docs/phases/phase6)
        failing.give_up(store, service, why.rstrip("."), why)
    primary = service.deployments[0]
    current = [task for task in tasks if task.deployment == primary.id and not _draining(store, task)]
    outdated = [task for task in tasks if task not in current]
    failed = [task for task in current if unwell(service, task)]
    current = [task for task in current if task not in failed]
    _shrink(service, primary, current)
    # other strategies than rolling updates start new tasks beside all old ones
    room = _most(service) + (0 if service.rolls else len(outdated)) - len(tasks)
    started = 0 if rollouts.waits(service) else _grow(store, service, primary, len(current), room)
    if not started:
        _heal(service, current, failed, room)
    _keep(store, service, outdated, room - started)
    _reconcile(service, outdated)
    if rollouts.shifted(store, service, scaled_up=sum(map(_well, current)) == service.desired):
        _replace(service, primary, tasks, outdated)
        _complete(store, service, primary, current, [*outdated, *failed])
    rollouts.count(store, service)
    connect.settle(store, service)


def _note_healthy(service: Service, tasks: list[Task]) -> None:
    """Reset a deployment's count of failures when a task becomes healthy, unless its breaker keeps it."""
    for task in tasks:
        if not task.was_well and _well(task):
            task.was_well = True
            if breaker.resets(service) and task.deployment in service.revisions:
                service.revisions[task.deployment].failed = 0


def _shrink(service: Service, primary: Deployment, current: list[Task]) -> None:
    """Stop surplus tasks: first tasks that do not run yet, then the youngest; protected tasks stay.

    Source: ECS developer guide, "Protect your Amazon ECS tasks from being terminated by scale-in events".
    """
    surplus = max(0, len(current) - service.desired)
    removable = [task for task in current if not task.is_protected]
    removable.sort(key=lambda task: (task.status != "RUNNING", task.times["createdAt"]), reverse=True)
    if not (stopped := removable[:surplus]):
        return
    for task in stopped:
        end(task, _SCALING.format(primary.id), "ServiceSchedulerInitiated")
        current.remove(task)
    service.say(f"has stopped {len(stopped)} running tasks: " + " ".join(f"(task {task.id})." for task in stopped))


def _most(service: Service) -> int:
    """Return the most tasks that may exist at once."""
    percent = int(service.shape["deploymentConfiguration"]["maximumPercent"])
    return max(service.desired, math.floor(service.desired * percent / 100))


def _grow(store: Store, service: Service, primary: Deployment, current: int, room: int) -> int:
    """Start the missing tasks, as far as the maximum leaves room; return how many."""
    if not passed(service.retry_at) or primary.state == "FAILED":
        return 0
    number = min(service.desired - current, room, _PER_ROUND)
    started = _start(store, service, primary, number)
    if started < number:
        # it counts as a failed task, though it never existed (API reference, Deployment, failedTasks; recorded)
        primary.failed += 1
        service.retry_at = later(_BACK_OFF_SECONDS)
    return started


def _start(store: Store, service: Service, deployment: Deployment, number: int) -> int:
    """Start tasks of a deployment until one cannot be placed; return how many were started."""
    started: list[Task] = []
    for _ in range(number):
        task = _task(store, service, deployment)
        if not placement.place(store, task):
            service.say(_NO_SPOT if task.launch_type == "FARGATE" else _NO_INSTANCE)
            break
        store.tasks[task.id] = task
        started.append(task)
    if started:
        service.say(f"has started {len(started)} tasks: " + " ".join(f"(task {task.id})." for task in started))
    return len(started)


def _keep(store: Store, service: Service, outdated: list[Task], room: int) -> None:
    """Replace ended tasks of the revision that was completed last, by that revision, while a newer one is rolled out.

    Source: What's New, November 2025, "Amazon ECS improves Service Availability during Rolling deployments". For other
    strategies, whose old tasks serve until the clean-up, it is by analogy.
    """
    one, former = rollouts.under_way(service), rollouts.completed(service)
    if one is None or former is None or former is service.deployments[0]:
        return
    if one.stage == "CLEAN_UP":
        former.wanted = 0
    there = sum(task.deployment == former.id and not unwell(service, task) for task in outdated)
    if passed(former.retry_at):
        missing = min(former.wanted - there, room if service.rolls else former.wanted, _PER_ROUND)
        if _start(store, service, former, missing) < missing:
            former.retry_at = later(_BACK_OFF_SECONDS)


def _heal(service: Service, current: list[Task], failed: list[Task], room: int) -> None:
    """Replace tasks that failed their checks.

    A replacement starts first. If it is healthy, the failed task is stopped; if it fails too, one of the two is. If the
    maximum leaves no room, the failed tasks are stopped one by one (developer guide, "Amazon ECS services").

    Args:
        current: the tasks of the newest deployment that did not fail.
        room: how many more tasks there may be.
    """
    coming = len(current) - sum(map(_well, current))
    if not failed or coming:
        return
    for task in failed[: _replaceable(len(current), len(failed), service.desired, room)]:
        end(task, task.unwell, "ServiceSchedulerInitiated")
        service.say(_STOPPED_ONE.format(task.id))


def _replaceable(current: int, failed: int, desired: int, room: int) -> int:
    """Return how many failed tasks may be stopped now: those beyond the desired number, and one if none can start."""
    return max(current + failed - desired, 0 if room > 0 else 1)


def _replace(service: Service, primary: Deployment, tasks: list[Task], outdated: list[Task]) -> None:
    """Stop old tasks as far as the minimum of healthy tasks allows; protected tasks stay, as in `_shrink`."""
    percent = service.shape["deploymentConfiguration"]["minimumHealthyPercent"]
    least = math.ceil(service.desired * percent / 100)
    running = sum(_counts(task) and task.desired == "RUNNING" for task in tasks)
    former = rollouts.completed(service)
    for task in outdated:
        if task.is_protected:
            continue
        kept = former is not None and task.deployment == former.id and not unwell(service, task)
        coming = kept and task.status != "RUNNING"
        if (not _well(task) and not coming) or running > least:
            if former is not None and kept:
                former.wanted = max(0, former.wanted - 1)
            running -= _counts(task)
            end(task, _SCALING.format(primary.id), "ServiceSchedulerInitiated")
            service.say(_STOPPED_ONE.format(task.id))


def _reconcile(service: Service, outdated: list[Task]) -> None:
    """Stop the tasks of a deployment that shifted traffic and was stopped by a newer one."""
    one, former = rollouts.under_way(service), rollouts.completed(service)
    if one is None or one.stage != "RECONCILE_SERVICE" or former is None:
        return
    for task in outdated:
        if task.deployment != former.id:
            end(task, _SCALING.format(one.target), "ServiceSchedulerInitiated")


def _complete(store: Store, service: Service, primary: Deployment, current: list[Task], outdated: list[Task]) -> None:
    """Complete the newest deployment: when all its tasks are healthy and no old one is left, or as its criteria say.

    With early success criteria the old tasks may be left, and others be missing, which start as for any service.
    """
    criteria = rollouts.early(service)
    deferred = criteria.get("sourceServiceRevisionCleanup") == early_success.DEFERRED
    well, enough = sum(map(_well, current)), early_success.needed(criteria, service.desired)
    if well < enough or (outdated and not deferred) or not rollouts.baked(store, service):
        return
    if not outdated:
        del service.deployments[1:]
    if primary.state == "IN_PROGRESS":
        primary.state, primary.updated = "COMPLETED", now()
        primary.reason = f"ECS deployment {primary.id} completed."
        rollouts.succeed(service)
        service.say(f"(deployment {primary.id}) deployment completed.")
        if not outdated and well == service.desired:
            service.say("has reached a steady state.")


def _well(task: Task) -> bool:
    """Return whether a task is healthy, and will not fail later."""
    return is_well(task) and not failing.never_well(task)


def _counts(task: Task) -> bool:
    """Return whether a task counts towards the minimum of healthy tasks; an unchecked task does so later."""
    return _well(task) and (not is_unchecked(task) or passed(task.counts_at))


def _draining(store: Store, task: Task) -> bool:
    return bool(task.instance) and store.instances[task.instance].status == "DRAINING"


def _task(store: Store, service: Service, primary: Deployment) -> Task:
    definition = store.revision(primary.task_definition)
    placed = {"loadBalancers": primary.balancers} if primary.balancers else {}
    spec: Shape = {**primary.spec, **placed, "enableExecuteCommand": service.shape["enableExecuteCommand"]}
    tags = {"SERVICE": service.tags, "TASK_DEFINITION": definition.tags}.get(service.shape["propagateTags"], {})
    if service.shape["enableECSManagedTags"]:
        tags = {**tags, "aws:ecs:serviceName": service.name, "aws:ecs:clusterName": service.cluster}
    task = new(store, store.clusters[service.cluster], definition, spec, f"service:{service.name}", tags)
    task.service, task.deployment, task.started_by = service.name, primary.id, primary.id
    return task
