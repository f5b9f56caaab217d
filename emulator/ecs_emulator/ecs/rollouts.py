"""Roll-outs: how a service deployment goes on and ends.

Sources: ECS developer guide, "View service history using Amazon ECS service deployments" (the states) and "How the
Amazon ECS deployment circuit breaker detects failures"; API reference, `ServiceDeployment`; AWS CLI, examples of
`list-service-deployments` and `describe-service-deployments` (the shapes of ids and ARNs).
"""

from __future__ import annotations

import secrets
import string

from ecs_emulator.clock import later, passed
from ecs_emulator.ecs import breaker
from ecs_emulator.ecs.store import NEVER, Deployment, Service, ServiceDeployment, Shape, Store, Task, now

BROKEN = "Service deployment rolled back because the circuit breaker threshold was exceeded."
NO_CANDIDATE = "No rollback candidate was found to run the rollback."
"""What AWS says of a rollback, and of one that has nowhere to go (hashicorp/terraform-provider-aws, its ECS tests)."""
STOPPED = "Service deployment stopped because the circuit breaker threshold was exceeded."
"""By analogy: nothing public quotes it."""
_PENDING_SECONDS = 1.6
"""Between creation and start in AWS's example."""
_LETTERS = string.ascii_letters + string.digits + "_-"
_GROUP_PENDING = ("PROVISIONING", "PENDING", "ACTIVATING")


def begin(service: Service, revision: Deployment, source: list[str]) -> None:
    """Note that a revision is to be rolled out; what was under way is over: a new deployment stops it."""
    for one in service.history:
        if not one.over:
            rolling_back = one.status.startswith("ROLLBACK")
            _end(service, one, "ROLLBACK_FAILED" if rolling_back else "STOPPED")
            one.stopped = one.finished
    service.revisions[revision.id] = revision
    number = "".join(secrets.choice(_LETTERS) for _ in range(21))
    configuration = service.shape["deploymentConfiguration"]
    begun = ServiceDeployment(number, source, revision.id, configuration, until=later(_PENDING_SECONDS))
    service.history.insert(0, begun)


def under_way(service: Service) -> ServiceDeployment | None:
    """Return the roll-out that is not over yet, if there is one."""
    return service.history[0] if service.history and not service.history[0].over else None


def start(service: Service) -> None:
    """The scheduler has seen the newest one: it is under way soon."""
    one = under_way(service)
    if one and one.status == "PENDING" and passed(one.until):
        one.status, one.started, one.until = "IN_PROGRESS", now(), NEVER
        one.updated = one.started
        if not service.rolls:
            one.stage = "SCALE_UP"


def succeed(service: Service) -> None:
    """All tasks of the primary revision are well, and those of others gone."""
    if one := under_way(service):
        _end(service, one, "ROLLBACK_SUCCESSFUL" if one.rollback else "SUCCESSFUL")
        one.stage = ""


def give_up(service: Service, former: Deployment | None) -> None:
    """The circuit breaker was triggered.

    Args:
        former: the revision that is rolled back to; None if there is none, or none is wanted.
    """
    one = under_way(service)
    if one is None:
        return
    one.triggered = True
    if not one.configuration["deploymentCircuitBreaker"].get("rollback"):
        one.reason = STOPPED
        _end(service, one, "STOPPED")
        one.stopped = one.finished
        return
    one.rollback = {"reason": BROKEN, "startedAt": now()}
    if former is None:
        one.reason = NO_CANDIDATE
        _end(service, one, "ROLLBACK_FAILED")
        return
    one.rollback["revision"] = former.id
    one.reason, one.status, one.updated = BROKEN, "ROLLBACK_IN_PROGRESS", now()
    one.stage, one.until = "", NEVER


def shifted(service: Service, *, scaled_up: bool) -> bool:
    """Say whether the old tasks may go: of rolling updates always, of others once traffic was shifted and has baked.

    Args:
        scaled_up: whether all new tasks are well.
    """
    one = under_way(service)
    if one is None or one.rollback or service.rolls or not one.source:
        return True
    if one.stage == "SCALE_UP" and scaled_up:
        one.stage, one.until, one.updated = "BAKE_TIME", later(_bake(one.configuration) * 60), now()
    if one.stage == "BAKE_TIME" and passed(one.until):
        one.stage, one.updated = "CLEAN_UP", now()
    return one.stage == "CLEAN_UP"


def _bake(configuration: Shape) -> float:
    """Minutes until all traffic has been at the new tasks for as long as the strategy says (API reference)."""
    minutes = float(configuration.get("bakeTimeInMinutes") or 0)
    match configuration["strategy"]:
        case "CANARY":
            return minutes + float(configuration.get("canaryConfiguration", {}).get("canaryBakeTimeInMinutes", 10))
        case "LINEAR":
            linear = configuration.get("linearConfiguration", {})
            steps = 100 / float(linear.get("stepPercent", 10.0))
            return minutes + float(linear.get("stepBakeTimeInMinutes", 6)) * (steps - 1)
    return minutes


def _end(service: Service, one: ServiceDeployment, status: str) -> None:
    one.status, one.finished = status, now()
    one.updated, one.started = one.finished, one.started or one.finished
    one.threshold = breaker.threshold(one.configuration, service.desired)


def count(store: Store, service: Service) -> None:
    """Keep the numbers of tasks of a roll-out that is under way: they stay when it is over (developer guide)."""
    one = service.history[0] if service.history else None
    if one is None or one.counted:
        return
    one.counted = one.over
    for number in {*one.source, one.target}:
        wanted = service.desired if number == service.deployments[0].id else 0
        tasks = [task for task in store.tasks_of(service.cluster, service.name) if task.deployment == number]
        one.counts[number] = {"requestedTaskCount": wanted, **revision_counts(tasks)}


def revision_arn(store: Store, service: Service, number: str) -> str:
    """The ARN of a service revision by the id of its deployment: both end in the same number."""
    return store.arn(f"service-revision/{service.cluster}/{service.name}/{number[8:]}")


def deployment_arn(store: Store, service: Service, one: ServiceDeployment) -> str:
    """The ARN of a service deployment."""
    return store.arn(f"service-deployment/{service.cluster}/{service.name}/{one.id}")


def counts(tasks: list[Task]) -> Shape:
    """How many of these tasks run and are pending, as services and their deployments say it."""
    return {
        "runningCount": sum(task.status == "RUNNING" for task in tasks),
        "pendingCount": sum(task.status in _GROUP_PENDING and task.desired == "RUNNING" for task in tasks),
    }


def revision_counts(tasks: list[Task]) -> Shape:
    """The same as service revisions say it."""
    found = counts(tasks)
    return {"runningTaskCount": found["runningCount"], "pendingTaskCount": found["pendingCount"]}
