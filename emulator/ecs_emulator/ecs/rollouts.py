"""Rollouts: begin, advance and end a service deployment.

Sources: ECS developer guide, "View service history using Amazon ECS service deployments" (the states) and "How the
Amazon ECS deployment circuit breaker detects failures"; API reference, `ServiceDeployment`; AWS CLI, examples of
`list-service-deployments` and `describe-service-deployments` (the shapes of ids and ARNs).
"""

from __future__ import annotations

import secrets
import string

from ecs_emulator import faults
from ecs_emulator.clock import later, passed
from ecs_emulator.ecs import breaker, early_success, hooks, shifting, stopping
from ecs_emulator.ecs.records import NEVER, Deployment, Service, ServiceDeployment, Shape, Task, now
from ecs_emulator.ecs.store import Store

ALARMED = "Service deployment rolled back because of CloudWatch alarms in state ALARM: {}."
"""By analogy: the text is not public. The text of the event is known (`failing.heed_alarms`)."""
BROKEN = "Service deployment rolled back because the circuit breaker threshold was exceeded."
NO_CANDIDATE = "No rollback candidate was found to run the rollback."
"""AWS's reasons for a rollback, and for one without a target (hashicorp/terraform-provider-aws, its ECS tests)."""
_PENDING_SECONDS = 1.6
"""The seconds between creation and start in AWS's example."""
_LETTERS = string.ascii_letters + string.digits + "_-"
_GROUP_PENDING = ("PROVISIONING", "PENDING", "ACTIVATING")


def begin(store: Store, service: Service, revision: Deployment, source: list[str]) -> None:
    """Begin the rollout of a revision. It stops a rollout that is under way.

    If the stopped one was shifting traffic, all traffic goes back to the revision that was completed last. That is by
    analogy: the API reference names the stage RECONCILE_SERVICE, and says nothing of the traffic. With the fault
    `reconcile-late` the weights stay.
    """
    for one in service.history:
        if not one.over:
            late = not one.rolls and faults.current.strike("reconcile-late", "ecs:service")
            if not one.rolls and not late and (former := completed(service)):
                shifting.shift(store, former, 100.0, shifting.PRODUCTION, shifting.TEST)
            rolling_back = one.status.startswith("ROLLBACK")
            _end(service, one, "ROLLBACK_FAILED" if rolling_back else "STOPPED")
            one.stopped = one.finished
    revision.balancers = shifting.resolved(store, service, revision.spec.get("loadBalancers", []))
    service.revisions[revision.id] = revision
    number = "".join(secrets.choice(_LETTERS) for _ in range(21))
    configuration = service.shape["deploymentConfiguration"]
    begun = ServiceDeployment(number, source, revision.id, configuration, until=later(_PENDING_SECONDS))
    service.history.insert(0, begun)


def under_way(service: Service) -> ServiceDeployment | None:
    """Return the rollout that has not ended yet, or None."""
    return service.history[0] if service.history and not service.history[0].over else None


def completed(service: Service) -> Deployment | None:
    """Return the revision that was completed last, the target of a rollback, or None."""
    return next((one for one in service.deployments if one.state == "COMPLETED"), None)


def start(store: Store, service: Service) -> str:
    """Start the newest rollout once its time has come; return the reason why it cannot go on, or ""."""
    one = under_way(service)
    if one is None or one.status != "PENDING" or not passed(one.until):
        return ""
    one.status, one.started, one.until = "IN_PROGRESS", now(), NEVER
    one.updated = one.started
    one.ignored = alarming(store, one)
    if one.rolls:
        return ""
    shifting.begin(one)
    return shifting.hindered(store, service, one)


def alarming(store: Store, one: ServiceDeployment) -> list[str]:
    """Return the rollout's alarms in ALARM; alarms that were in ALARM at its start are ignored until it ends.

    ECS developer guide, "How CloudWatch alarms detect Amazon ECS deployment failures".
    """
    from moto.cloudwatch.models import cloudwatch_backends

    alarms = one.configuration.get("alarms") or {}
    known = cloudwatch_backends[store.account][store.region].alarms
    names = alarms.get("alarmNames", ()) if alarms.get("enable") else ()
    return [n for n in names if n in known and known[n].state_value == "ALARM" and n not in one.ignored]


def baked(store: Store, service: Service) -> bool:
    """Return whether the alarms of a rolling update have been watched for long enough after it.

    ECS computes this bake time from the configuration of the alarms (developer guide, "How CloudWatch alarms detect
    Amazon ECS deployment failures"). By analogy it is the longest period of an alarm times its evaluation periods.
    """
    from moto.cloudwatch.models import cloudwatch_backends

    one = under_way(service)
    alarms = one.configuration.get("alarms") or {} if one else {}
    if one is None or not one.rolls or one.rollback or not alarms.get("enable"):
        return True
    if one.until == NEVER:
        known = cloudwatch_backends[store.account][store.region].alarms
        found = [known[name] for name in alarms.get("alarmNames", ()) if name in known]
        spans = (float(alarm.period or 60) * float(alarm.evaluation_periods or 1) for alarm in found)
        one.until = later(max(spans, default=0.0))
    return passed(one.until)


def waits(service: Service) -> bool:
    """Return whether the newest rollout has not yet reached the stage that starts tasks."""
    one = under_way(service)
    if one is None or stopping.requested(one):
        return one is not None
    return not one.rolls and (one.status == "PENDING" or one.stage in shifting.BEFORE_TASKS)


def early(service: Service) -> Shape:
    """Return the early success criteria of the rolling update under way; empty without any.

    A rollback has none: by analogy, as AWS describes them for deployments that nothing rolls back.
    """
    one = under_way(service)
    criteria: Shape = (one.configuration.get(early_success.MEMBER) or {}) if one and not one.rollback else {}
    return criteria if criteria.get("enable") else {}


def succeed(service: Service) -> None:
    """End the rollout with success."""
    if one := under_way(service):
        _end(service, one, "ROLLBACK_SUCCESSFUL" if one.rollback else "SUCCESSFUL")
        one.stage = ""


def give_up(store: Store, service: Service, former: Deployment | None, why: str, *, rollback: bool) -> None:
    """End the rollout, or begin its rollback, after the circuit breaker, an alarm or a failed shift of traffic.

    Args:
        former: the revision to roll back to; None if there is none.
        why: AWS's reason.
        rollback: whether to roll back.
    """
    one = under_way(service)
    if one is None:
        return
    if not rollback:
        # by analogy: the text is not public
        one.reason = why.replace("rolled back", "stopped")
        _end(service, one, "STOPPED")
        one.stopped = one.finished
        return
    hooks.leave(one)
    one.rollback = {"reason": why, "startedAt": now()}
    if former is None:
        one.reason = NO_CANDIDATE
        _end(service, one, "ROLLBACK_FAILED")
        return
    one.rollback["revision"] = former.id
    one.reason, one.status, one.updated = why, "ROLLBACK_IN_PROGRESS", now()
    one.stage, one.until, one.weight, one.test_weight = "", NEVER, 0.0, 0.0
    if not one.rolls:
        shifting.shift(store, former, 100.0, shifting.PRODUCTION, shifting.TEST)


def shifted(store: Store, service: Service, *, scaled_up: bool) -> bool:
    """Return whether old tasks may go: in rolling updates always, else once all traffic was shifted and has baked.

    Args:
        scaled_up: whether all new tasks are healthy.
    """
    one = under_way(service)
    if one is None or one.rollback:
        return True
    if stopping.requested(one):
        return False
    return one.rolls or shifting.go_on(store, service, one, scaled_up=scaled_up)


def refused(service: Service) -> str:
    """Return the reason for a rollback that a person or the end of a pause has decided; empty if there is none."""
    one = under_way(service)
    return hooks.refused(one) if one and one.status == "IN_PROGRESS" else ""


def _end(service: Service, one: ServiceDeployment, status: str) -> None:
    hooks.leave(one)
    one.status, one.finished = status, now()
    one.updated, one.started = one.finished, one.started or one.finished
    one.threshold = breaker.threshold(one.configuration, service.desired)


def count(store: Store, service: Service) -> None:
    """Record the numbers of tasks of the newest rollout; the last ones stay after its end (developer guide)."""
    one = service.history[0] if service.history else None
    if one is None or one.counted:
        return
    one.counted = one.over
    for number in {*one.source, one.target}:
        newest = number == service.deployments[0].id
        wanted = service.desired if newest else service.revisions[number].wanted
        tasks = [task for task in store.tasks_of(service.cluster, service.name) if task.deployment == number]
        one.counts[number] = {"requestedTaskCount": wanted, **revision_counts(tasks)}


def revision_arn(store: Store, service: Service, number: str) -> str:
    """Return the ARN of a service revision by the id of its deployment: both end in the same number."""
    return store.arn(f"service-revision/{service.cluster}/{service.name}/{number[8:]}")


def deployment_arn(store: Store, service: Service, one: ServiceDeployment) -> str:
    """Return the ARN of a service deployment."""
    return store.arn(f"service-deployment/{service.cluster}/{service.name}/{one.id}")


def counts(tasks: list[Task]) -> Shape:
    """Return how many of these tasks are running and pending, as services and their deployments show it."""
    return {
        "runningCount": sum(task.status == "RUNNING" for task in tasks),
        "pendingCount": sum(task.status in _GROUP_PENDING and task.desired == "RUNNING" for task in tasks),
    }


def revision_counts(tasks: list[Task]) -> Shape:
    """Return how many of these tasks are running and pending, as service revisions show it."""
    found = counts(tasks)
    return {"runningTaskCount": found["runningCount"], "pendingTaskCount": found["pendingCount"]}
