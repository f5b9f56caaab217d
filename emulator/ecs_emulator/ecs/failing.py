"""Lets tasks fail, by the name of their image or by a fault, and counts failures as the service scheduler does."""

from __future__ import annotations

from collections.abc import Iterable

from ecs_emulator import faults
from ecs_emulator.clock import later
from ecs_emulator.containers import logs
from ecs_emulator.ecs import breaker, rollouts, secrets, texts
from ecs_emulator.ecs.records import NEVER, Deployment, Service, Shape, Task, is_essential, now
from ecs_emulator.ecs.store import Store, stores
from ecs_emulator.ecs.tasks import end
from ecs_emulator.ecs.ways_out import unreached
from ecs_emulator.patch import on_reset

NEVER_PULLED, EXITS = "does-not-exist", "exits-at-once"
"""An image with this in its name cannot be pulled, or its container exits with code 1 as soon as it is started."""
EXITS_LATER = "exits-later"
"""An image whose container exits when it has run for a while."""
_RUNS_SECONDS = 20.0
_EXEC_LOGS = "/var/log/amazon/ssm"
_BACK_OFF_SECONDS = 10.0
_MOST_BACK_OFF_SECONDS = 300.0
_UNABLE = (
    "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the "
    "Amazon ECS Developer Guide."
)
_NO_START = "tasks failed to start"
_well: dict[str, set[str]] = {}
"""By service, or container of tasks without one, whose new tasks exit at once, the revisions whose tasks do not."""
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
    """Let the task fail if its execution role cannot read what its containers get as secrets."""
    try:
        secrets.check(store, task)
    except secrets.Unreadable as error:
        return _fail_to_start(task, str(error))
    return False


def fail_to_reach(store: Store, task: Task) -> bool:
    """Let the task fail if there is no way to what it is started with: ECR, S3, CloudWatch Logs, its secrets.

    Fargate says ResourceInitializationError where it cannot sign in to ECR or read secrets (aws/copilot-cli#5927,
    terraform-provider-aws#33044), or has no log; whoever cannot pull, CannotPullContainerError (ECS developer guide,
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


def _fail_to_start(task: Task, reason: str) -> bool:
    task.container_reason = reason
    end(task, reason, "TaskFailedToStart")
    return True


def fail_to_create(task: Task) -> bool:
    """Let a task with ECS Exec fail on an instance if it mounts where the agent itself does: Docker refuses the second.

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
    """Whether a task that runs never counts as healthy, since it ends before it does.

    Without a check a task counts 40 s after it runs (API reference, DeploymentConfiguration, minimumHealthyPercent).
    """
    return bool(_exiting_later(task))


def fails_at(task: Task) -> float:
    """When a task that runs from now on will fail; never, of most."""
    return later(_RUNS_SECONDS) if _exiting_later(task) else NEVER


def fail_running(store: Store, task: Task) -> None:
    """End a task whose time to fail has come."""
    for container in _exiting_later(task):
        _exit(store, task, container)
    end(task, texts.CONTAINER_EXITED, "EssentialContainerExited")


def _exiting_later(task: Task) -> list[Shape]:
    """Return the essential containers that exit when they have run for a while."""
    containers = task.definition.shape["containerDefinitions"]
    return [one for one in containers if EXITS_LATER in one["image"] and is_essential(one)]


def _exit(store: Store, task: Task, container: Shape) -> None:
    task.note_exit(container, 1)
    logs.say(store, task, container, _SAID)


def exit_later(names: Iterable[str]) -> None:
    """Let the tasks of these services exit at once, but for those of the revisions that they run now.

    `service.sidecar` is only that container of them, which ends its task if it is essential. A name may also be that
    of the first container of tasks without a service, which run no revision all the time: of these, all that are
    registered now do well.
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
    """Let no service fail any more."""
    _well.clear()


def exit_at_once(store: Store, task: Task) -> bool:
    """Let those containers of the task exit with code 1 that do, after a few lines; return whether it ends with them.

    What exits later than others and is not essential does so here as well: nobody minds when.
    """
    first, *others = containers = task.definition.shape["containerDefinitions"]
    exiting = [one for one in containers if EXITS in one["image"]]
    exiting += [one for one in others if EXITS_LATER in one["image"] and not is_essential(one)]
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
    """Whether the tasks of a service, or one container of them, are to exit, but for those of these revisions."""
    return name in _well and task.definition.arn not in _well[name]


def count(store: Store, service: Service, primary: Deployment) -> None:
    """Count the deployment's failed tasks, wait longer after each, and let the circuit breaker give it up.

    What could not be placed counts too. A task that is healthy sets the count to zero, unless told otherwise.
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
    if newly_failed or circuit["enable"]:
        service.say(_UNABLE)
    one = rollouts.under_way(service)
    if circuit["enable"]:
        if one:
            one.triggered = True
        give_up(store, service, _NO_START, rollouts.BROKEN, rollback=circuit["rollback"])


def heed_alarms(store: Store, service: Service) -> None:
    """Give a deployment up whose alarms have come to be in ALARM.

    The event: JWanderer73/credit-card-fraud, of a canary; aws/copilot-cli, its tests of a deployment's stream.
    """
    one = rollouts.under_way(service)
    if one is None or one.status != "IN_PROGRESS" or not (names := rollouts.alarming(store, one)):
        return
    one.alarms = names
    why = rollouts.ALARMED.format(", ".join(names))
    give_up(store, service, "alarm detected", why, rollback=bool(one.configuration["alarms"].get("rollback")))


def give_up(store: Store, service: Service, what: str, why: str, *, rollback: bool = True) -> None:
    """The deployment is FAILED, and with rollback the last completed one is rolled out again.

    The reason of its roll-out state is known where tasks failed to start, and by analogy otherwise.

    Args:
        what: what the service's events say has failed.
        why: what the service deployment says.
    """
    deployment = service.deployments[0]
    deployment.state, deployment.updated = "FAILED", now()
    deployment.reason = f"ECS deployment circuit breaker: {what}."
    service.say(f"(deployment {deployment.id}) deployment failed: {what}.")
    former = rollouts.completed(service)
    rollouts.give_up(store, service, former, why, rollback=rollback)
    if former is None or not rollback:
        return
    service.deployments.remove(former)
    service.deployments.insert(0, former)
    service.shape = {**service.shape, **former.spec}
    former.state, former.updated = "IN_PROGRESS", now()
    former.reason = f"ECS deployment circuit breaker: rolling back to deploymentId {former.id}."
    service.retry_at = 0.0
    service.say(f"rolling back to deployment {former.id}.")
