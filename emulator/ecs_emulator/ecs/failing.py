"""Let tasks fail, because of their image's name or a fault, and count failures as the service scheduler does."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from ecs_emulator import faults
from ecs_emulator.clock import later, passed
from ecs_emulator.containers import logs
from ecs_emulator.ecs import breaker, rollouts, secrets, stopping, texts
from ecs_emulator.ecs.records import NEVER, Deployment, Service, Shape, Task, is_essential, now
from ecs_emulator.ecs.store import Store, stores
from ecs_emulator.ecs.tasks import end
from ecs_emulator.ecs.volumes import unmounted
from ecs_emulator.ecs.ways_out import unreached
from ecs_emulator.patch import on_reset

NEVER_PULLED, EXITS = "does-not-exist", "exits-at-once"
"""Parts of image names: such an image cannot be pulled, or its container exits with code 1 when it starts."""
EXITS_LATER = re.compile(r"exits-(?:later|after-(\d+))")
"""A part of image names: such a container exits after it has run for a while, or for so many seconds."""
_RUNS_SECONDS = 20.0
_WELL_SECONDS = 40.0
_EXEC_LOGS = "/var/log/amazon/ssm"
_BACK_OFF_SECONDS = 10.0
_MOST_BACK_OFF_SECONDS = 300.0
_UNABLE = (
    "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the "
    "Amazon ECS Developer Guide."
)
_CIRCUIT = "ECS deployment circuit breaker: "
_NO_START = "tasks failed to start"
_well: dict[str, set[str]] = {}
"""The task definitions whose tasks do not exit at once, by service, or by first container of tasks without a
service; all other tasks of these exit."""
_SAID = ["starting", "fatal: the configuration is not complete", "exiting with code 1"]


def fail_to_pull(task: Task) -> bool:
    """Let the task fail if one of its images cannot be pulled (developer guide, CannotPullContainerError)."""
    for container in task.definition.shape["containerDefinitions"]:
        if NEVER_PULLED in container["image"]:
            reason = (
                f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
                f"{container['image']}: {container['image']}: not found"
            )
            return _fail_to_start(task, reason)
    return False


def fail_to_get_secrets(store: Store, task: Task) -> bool:
    """Let the task fail if its execution role cannot read its containers' secrets."""
    try:
        secrets.check(store, task)
    except secrets.Unreadable as error:
        return _fail_to_start(task, str(error))
    return False


def fail_to_reach(store: Store, task: Task) -> bool:
    """Let the task fail if it cannot reach a service that it needs to start: ECR, S3, CloudWatch Logs, its secrets.

    Fargate reports ResourceInitializationError if it cannot sign in to ECR or read secrets (aws/copilot-cli#5927,
    terraform-provider-aws#33044), or has no log. A failed pull is a CannotPullContainerError (ECS developer guide,
    "Stopped tasks error messages").
    """
    service = unreached(store, task)
    if not service:
        return False
    image = task.definition.shape["containerDefinitions"][0]["image"]
    host = f"{store.region}.amazonaws.com"
    layers = f"https://prod-{store.region}-starport-layer-bucket.s3.{host}/{image.rpartition('/')[2]}"
    timeout = "dial tcp: i/o timeout"
    initialization = "ResourceInitializationError: unable to pull secrets or registry auth:"
    reasons = {
        "s3": "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to copy: "
        f'httpReadSeeker: failed open: failed to do request: Get "{layers}": {timeout}',
        "ecr.dkr": f"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "
        f'{image}: failed to do request: Head "https://{image.partition("/")[0]}": {timeout}',
        "ecr.api": f"{initialization} The task cannot pull registry auth from Amazon ECR: There is a connection issue "
        f"between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed "
        f'caused by: Post "https://api.ecr.{host}/": {timeout}',
        "logs": "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon "
        "CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon "
        "CloudWatch. Check your network configuration.: signal: killed",
    }
    unreadable = (
        f"{initialization} execution resource retrieval failed: unable to retrieve secrets from {service}: service "
        f"call has been retried 5 time(s): RequestCanceled: request context canceled caused by: context deadline "
        f"exceeded. Please check your task network configuration."
    )
    return _fail_to_start(task, reasons.get(service, unreadable))


def fail_before_start(store: Store, task: Task) -> bool:
    """Let the task fail if it lacks anything that it needs before its containers start."""
    if fail_to_get_secrets(store, task) or fail_to_pull(task):
        return True
    return fail_to_reach(store, task) or fail_to_create(task) or fail_to_mount(store, task)


def fail_to_mount(store: Store, task: Task) -> bool:
    """Let the task fail if it cannot mount one of its file systems."""
    reason = unmounted(store, task)
    return bool(reason) and _fail_to_start(task, reason)


def _fail_to_start(task: Task, reason: str) -> bool:
    task.container_reason = reason
    end(task, reason, "TaskFailedToStart")
    return True


def fail_to_create(task: Task) -> bool:
    """Let a task with ECS Exec on an instance fail if it mounts the agent's own path: Docker refuses a second mount.

    Source: amazon-ecs-agent, agent/engine/execcmd/manager_init_task_linux.go.
    """
    paths = {
        mount.get("containerPath", "").rstrip("/")
        for container in task.definition.shape["containerDefinitions"]
        for mount in container.get("mountPoints", ())
    }
    if not (task.instance and task.spec.get("enableExecuteCommand") and _EXEC_LOGS in paths):
        return False
    task.container_reason = (
        f"CannotCreateContainerError: Error response from daemon: Duplicate mount point: {_EXEC_LOGS}"
    )
    end(task, task.container_reason, "TaskFailedToStart")
    return True


def never_well(task: Task) -> bool:
    """Return whether a running task never counts as healthy, because it will end before that.

    Without a check a task counts 40 s after it runs (API reference, DeploymentConfiguration, minimumHealthyPercent).
    """
    return _life(task) < _WELL_SECONDS


def fails_at(task: Task) -> float:
    """Return the moment at which a task that runs from now on will fail; `NEVER` for most tasks."""
    return later(life) if (life := _life(task)) < math.inf else NEVER


def _life(task: Task) -> float:
    """Return the seconds for which a task runs until one of its essential containers exits; infinite for most tasks."""
    names = (EXITS_LATER.search(one["image"]) for one in _exiting_later(task))
    return min((float(found[1] or _RUNS_SECONDS) for found in names if found), default=math.inf)


def fail_running(store: Store, task: Task) -> None:
    """End a task whose moment to fail has come."""
    for container in _exiting_later(task):
        _exit(store, task, container)
    end(task, texts.CONTAINER_EXITED, "EssentialContainerExited")


def _exiting_later(task: Task) -> list[Shape]:
    """Return the essential containers that exit after they have run for a while."""
    containers = task.definition.shape["containerDefinitions"]
    return [one for one in containers if EXITS_LATER.search(one["image"]) and is_essential(one)]


def _exit(store: Store, task: Task, container: Shape) -> None:
    task.note_exit(container, 1)
    logs.say(store, task, container, _SAID)


def exit_later(names: Iterable[str]) -> None:
    """Let the tasks of these services exit at once, except on the revisions that they run now.

    `service.sidecar` means only that container of the tasks; it ends its task if it is essential. A name may also be
    the first container's of tasks without a service. These do not run all the time, so all task definitions that are
    registered now are excepted.
    """
    for name in names:
        service = name.partition(".")[0]
        running = [one for kept in stores() for one in kept.services.values() if one.name == service]
        _well[name] = {deployment.task_definition for one in running for deployment in one.deployments}
        if not running:
            there = (one for kept in stores() for family in kept.definitions.values() for one in family)
            _well[name] = {one.arn for one in there if one.shape["containerDefinitions"][0]["name"] == service}


@on_reset
def forget() -> None:
    """Let no service's tasks exit at once any more."""
    _well.clear()


def exit_at_once(store: Store, task: Task) -> bool:
    """Let failing containers of the task exit with code 1 after a few log lines; return whether the task ends by that.

    A container that exits later and is not essential exits here too: the exact time does not matter.
    """
    first, *others = containers = task.definition.shape["containerDefinitions"]
    exiting = [one for one in containers if EXITS in one["image"]]
    exiting += [one for one in others if EXITS_LATER.search(one["image"]) and not is_essential(one)]
    name = task.service or first["name"]
    if _exits_now(task, name) or (not exiting and faults.current.strike("task-fails", f"ecs:{task.group}")):
        exiting = [first]
    exiting += [one for one in others if _exits_now(task, f"{name}.{one['name']}")]
    for container in exiting:
        _exit(store, task, container)
    if ends := any(map(is_essential, exiting)):
        end(task, texts.CONTAINER_EXITED, "EssentialContainerExited")
    return ends


def _exits_now(task: Task, name: str) -> bool:
    """Return whether tasks under this name exit at once, and the task's definition is not excepted."""
    return name in _well and task.definition.arn not in _well[name]


def count(store: Store, service: Service, primary: Deployment) -> None:
    """Count the deployment's failed tasks, wait longer after each, and let the circuit breaker end it.

    Tasks that could not be placed count too.
    """
    newly_failed = list(breaker.newly_failed(store, primary))
    for task in newly_failed:
        task.counted = True
        primary.failed += 1
        service.retry_at = later(min(_BACK_OFF_SECONDS * primary.failed, _MOST_BACK_OFF_SECONDS))
    configuration = service.shape["deploymentConfiguration"]
    if primary.failed < breaker.threshold(configuration, service.desired) or primary.state != "IN_PROGRESS":
        return
    circuit = configuration["deploymentCircuitBreaker"]
    serves = breaker.serves(configuration)
    if newly_failed or serves:
        service.say(_UNABLE)
    one = rollouts.under_way(service)
    if serves:
        if one:
            one.triggered = True
        give_up(store, service, _NO_START, rollouts.BROKEN, rollback=circuit["rollback"])


def heed_alarms(store: Store, service: Service) -> None:
    """Let a deployment fail when one of its alarms is in ALARM.

    The event: JWanderer73/credit-card-fraud, of a canary; aws/copilot-cli, its tests of a deployment's stream.
    """
    one = rollouts.under_way(service)
    if one is None or one.status != "IN_PROGRESS" or not (names := rollouts.alarming(store, one)):
        return
    one.alarms = names
    why = rollouts.ALARMED.format(", ".join(names))
    give_up(store, service, "alarm detected", why, rollback=bool(one.configuration["alarms"].get("rollback")))


def heed_stop(store: Store, service: Service) -> None:
    """Begin the rollback that StopServiceDeployment has requested, some seconds later."""
    one = rollouts.under_way(service)
    if one is not None and stopping.requested(one) and passed(one.until):
        give_up(store, service, "stopped by user", stopping.BY_USER)


def give_up(store: Store, service: Service, what: str, why: str, *, rollback: bool = True) -> None:
    """Mark the deployment FAILED; with rollback, roll the last completed one out again.

    The reason of its rollout state is known for tasks that failed to start; for other failures it is by analogy. For a
    stop that was requested it does not name a rollback, so that no client depends on words that are not public.

    Args:
        what: the failure as the service's events name it.
        why: the reason as the service deployment names it.
    """
    deployment = service.deployments[0]
    deployment.state, deployment.updated = "FAILED", now()
    asked = why == stopping.BY_USER
    deployment.reason = f"ECS deployment {deployment.id} stopped." if asked else f"{_CIRCUIT}{what}."
    service.say(f"(deployment {deployment.id}) deployment failed: {what}.")
    former = rollouts.completed(service)
    rollouts.give_up(store, service, former, why, rollback=rollback)
    if former is None or not rollback:
        return
    service.deployments.remove(former)
    service.deployments.insert(0, former)
    service.shape = {**service.shape, **former.spec}
    former.state, former.updated = "IN_PROGRESS", now()
    back = f"{_CIRCUIT}rolling back to deploymentId {former.id}."
    former.reason = f"ECS deployment {former.id} in progress." if asked else back
    service.retry_at = 0.0
    service.say(f"rolling back to deployment {former.id}.")
