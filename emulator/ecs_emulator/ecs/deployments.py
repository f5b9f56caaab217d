"""Service deployments: list and describe them, continue a paused one, and stop a rollout that is under way.

Sources: API reference; ECS developer guide, "View service history using Amazon ECS service deployments" (90 days, and
gone with the service); AWS CLI, examples of `list-service-deployments` and `describe-service-deployments`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ecs_emulator.ecs import breaker, hooks, shifting, stopping
from ecs_emulator.ecs.dispatch import at_most, operation
from ecs_emulator.ecs.records import Service, ServiceDeployment, Shape, now
from ecs_emulator.ecs.rollouts import deployment_arn, revision_arn
from ecs_emulator.ecs.services import find
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import refuse

KEPT = timedelta(days=90)
"""The age up to which the history keeps deployments."""
_STATUSES = frozenset(
    {
        "PENDING", "SUCCESSFUL", "STOPPED", "STOP_REQUESTED", "IN_PROGRESS", "ROLLBACK_REQUESTED",
        "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED",
    }
)  # fmt: skip


@operation
def list_service_deployments(store: Store, request: Shape) -> Shape:
    """Answer ListServiceDeployments: newest first, filtered by status and time of creation."""
    service, wanted = find(store, request), request.get("status") or []
    if not _STATUSES.issuperset(wanted):
        refuse("InvalidParameterException", f"status must be one of {', '.join(sorted(_STATUSES))}.")
    limits = request.get("createdAt") or {}
    after, before = (_moment(limits.get(name)) for name in ("after", "before"))
    found = [
        one
        for one in _kept(service)
        if (not wanted or one.status in wanted)
        and (after is None or one.created > after)
        and (before is None or one.created < before)
    ]
    return {"serviceDeployments": [_brief(store, service, one) for one in found]}


@operation
def describe_service_deployments(store: Store, request: Shape) -> Shape:
    """Answer DescribeServiceDeployments for up to 20 ARNs from the list."""
    at_most(request, "serviceDeploymentArns", 20)
    known = _known(store)
    arns = request.get("serviceDeploymentArns", [])
    if not arns:
        refuse("InvalidParameterException", "serviceDeploymentArns cannot be empty.")
    failures = [{"arn": arn, "reason": "MISSING"} for arn in arns if arn not in known]
    found = [_described(store, *known[arn]) for arn in arns if arn in known]
    return {"serviceDeployments": found, "failures": failures}


@operation
def continue_service_deployment(store: Store, request: Shape) -> Shape:
    """Answer ContinueServiceDeployment; the default action is CONTINUE."""
    arn, one = _asked(store, request)
    hooks.answer(one, request.get("hookId", ""), request.get("action") or "CONTINUE")
    return {"serviceDeploymentArn": arn}


@operation
def stop_service_deployment(store: Store, request: Shape) -> Shape:
    """Answer StopServiceDeployment: request a rollback, even if none was configured.

    Sources: API reference, whose enumeration has ABORT, but whose only valid value is ROLLBACK; developer guide,
    "Stopping Amazon ECS service deployments". That ROLLBACK is the default is by analogy, and so is the refusal of a
    deployment that is over: of the documented errors, ConflictException is about a state.
    """
    if (kind := request.get("stopType") or "ROLLBACK") != "ROLLBACK":
        refuse("InvalidParameterException", f"The stop type {kind} is not valid. The valid values are ROLLBACK.")
    arn, one = _asked(store, request)
    if one.over:
        refuse("ConflictException", f"The service deployment {arn} is {one.status} and cannot be stopped.")
    stopping.request(one)
    return {"serviceDeploymentArn": arn}


def _asked(store: Store, request: Shape) -> tuple[str, ServiceDeployment]:
    """Return the service deployment that a request names, with its ARN."""
    arn = request.get("serviceDeploymentArn", "")
    if arn not in (known := _known(store)):
        refuse("ServiceDeploymentNotFoundException", f"The service deployment {arn} was not found.")
    return arn, known[arn][1]


def _known(store: Store) -> dict[str, tuple[Service, ServiceDeployment]]:
    return {
        deployment_arn(store, service, one): (service, one)
        for service in store.services.values()
        for one in _kept(service)
    }


def _moment(given: datetime | None) -> datetime | None:
    """Return a time of the request in UTC: moto parses seconds since the epoch without a zone."""
    return given.replace(tzinfo=UTC) if given and given.tzinfo is None else given


def _kept(service: Service) -> list[ServiceDeployment]:
    """Return the deployments of the last 90 days; none of a deleted service."""
    if service.status == "INACTIVE":
        return []
    return [one for one in service.history if one.created > now() - KEPT]


def _brief(store: Store, service: Service, one: ServiceDeployment) -> Shape:
    shape: Shape = {
        "serviceDeploymentArn": deployment_arn(store, service, one),
        "serviceArn": service.arn,
        "clusterArn": store.clusters[service.cluster].arn,
        "createdAt": one.created,
        "targetServiceRevisionArn": revision_arn(store, service, one.target),
        "status": one.status,
    }
    optional = {"startedAt": one.started, "finishedAt": one.finished, "statusReason": one.reason}
    return shape | {name: value for name, value in optional.items() if value}


def _described(store: Store, service: Service, one: ServiceDeployment) -> Shape:
    shape = _brief(store, service, one)
    del shape["targetServiceRevisionArn"]
    shape |= {
        "updatedAt": one.updated,
        "sourceServiceRevisions": [_summary(store, service, one, number) for number in one.source],
        "targetServiceRevision": _summary(store, service, one, one.target),
        "deploymentConfiguration": one.configuration,
        "deploymentCircuitBreaker": _breaker(service, one),
        "alarms": _alarms(one),
    }
    if one.rollback:
        revision = one.rollback.get("revision")
        rollback = {name: value for name, value in one.rollback.items() if name != "revision"}
        arn = {"serviceRevisionArn": revision_arn(store, service, revision)} if revision else {}
        shape["rollback"] = rollback | arn
    details = hooks.shown(one)
    optional: dict[str, Any] = {"stoppedAt": one.stopped, "lifecycleStage": one.stage, "lifecycleHookDetails": details}
    return shape | {name: value for name, value in optional.items() if value}


def _summary(store: Store, service: Service, one: ServiceDeployment, number: str) -> Shape:
    none = {"requestedTaskCount": 0, "runningTaskCount": 0, "pendingTaskCount": 0}
    shape: Shape = {"arn": revision_arn(store, service, number), **one.counts.get(number, none)}
    if not one.rolls and number in (one.target, *one.source[:1]):
        shape["requestedProductionTrafficWeight"] = one.weight if number == one.target else 100.0 - one.weight
        shape["requestedTestTrafficWeight"] = _share(service, one, number)
    return shape


def _share(service: Service, one: ServiceDeployment, number: str) -> float:
    if not any(shifting.advanced(balancer).get(shifting.TEST) for balancer in service.revisions[one.target].balancers):
        return 0.0
    return one.test_weight if number == one.target else 100.0 - one.test_weight


def _alarms(one: ServiceDeployment) -> Shape:
    asked = one.configuration.get("alarms") or {}
    if not asked.get("enable"):
        return {"status": "DISABLED"}
    status = "TRIGGERED" if one.alarms else "MONITORING_COMPLETE" if one.over else "MONITORING"
    return {"status": status, "alarmNames": asked["alarmNames"], "triggeredAlarmNames": one.alarms}


def _breaker(service: Service, one: ServiceDeployment) -> Shape:
    if not breaker.serves(one.configuration):
        return {"status": "DISABLED"}
    status = "TRIGGERED" if one.triggered else "MONITORING_COMPLETE" if one.over else "MONITORING"
    threshold = one.threshold if one.over else breaker.threshold(one.configuration, service.desired)
    return {"status": status, "failureCount": service.revisions[one.target].failed, "threshold": threshold}
