"""A service's roll-outs in ECS: its service deployments, and the service revisions that they roll out.

Sources: ECS developer guide, "View service history using Amazon ECS service deployments"; API reference,
`ServiceDeployment`, `ServiceRevision`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from provisioner.aws.client import Aws, batches
from provisioner.engine.declaration import unknown
from provisioner.engine.resource import canonical
from provisioner.resources import members
from provisioner.resources.ecs import connect, monitoring
from provisioner.resources.ecs.pauses import Pause, waiting

ROLLING = "ROLLING"
BATCH = 20
"""The most ARNs that one call of DescribeServiceDeployments or DescribeServiceRevisions takes."""
NETWORK = {"subnets": "subnets", "security_groups": "securityGroups", "assign_public_ip": "assignPublicIp"}
"""The fields' names in `awsvpcConfiguration` of CreateService, UpdateService and DescribeServices."""
_NETWORK_DEFAULTS: Mapping[str, Any] = {"subnets": [], "securityGroups": [], "assignPublicIp": "DISABLED"}
_BALANCER = ("targetGroupArn", "containerName", "containerPort", "advancedConfiguration")
_MONITORED = {monitoring.MEMBER, "serviceRevisionArn"}
"""The members of answers that tell the resolution of metrics: of services that were read with it, and of revisions."""
_OPTIONAL: Mapping[str, Any] = {"service_connect": None, monitoring.FIELD: ()}
"""Fields that earlier versions did not record, and their values then."""
_UNORDERED = ("capacity_provider_strategy", "subnets", "security_groups", "load_balancers", "service_registries")


@dataclass(frozen=True)
class Deployment:
    """One service deployment.

    Attributes:
        status, reason, stage, strategy: in ECS's words; empty if ECS gives none.
        revision: the number of the revision that it rolls out: the end of the revision's ARN, and of the deployment's
            id in DescribeServices.
        back_to: the number of the revision that ECS rolled back to; empty if it did not.
        failures, threshold: the circuit breaker's count of failures, and the count at which it gives up; 0 without a
            breaker.
        triggered: whether the breaker or an alarm has ended it.
        weight: its percentage of the traffic; None if ECS does not say, as for rolling updates.
        arn: its ARN.
        pauses: the pauses at which it waits for a person's answer.
    """

    status: str
    reason: str = ""
    stage: str = ""
    strategy: str = ROLLING
    revision: str = ""
    back_to: str = ""
    failures: int = 0
    threshold: int = 0
    triggered: bool = False
    weight: float | None = None
    arn: str = ""
    pauses: tuple[Pause, ...] = ()

    @property
    def failed(self) -> bool:
        """Return whether ECS gave the deployment up; it did not if a newer deployment stopped it."""
        return self.undone or self.status == "ROLLBACK_FAILED" or (self.status.startswith("STOP") and self.triggered)

    @property
    def undone(self) -> bool:
        """Return whether ECS rolls back, or has rolled back, to another revision."""
        return self.status in ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL")


@dataclass(frozen=True)
class Rejected:
    """A requested revision that ECS did not keep; `fields` are the service's fields in the request."""

    deployment: Deployment
    fields: Mapping[str, Any]


def revision_fields(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that make up a revision, from a service or a service revision as AWS shows it.

    Without the metrics of high resolution if they are not known: of a service, ECS shows them only in its revisions.
    """
    network = shown.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    return {
        "task_definition": shown.get("taskDefinition"),
        "capacity_provider_strategy": [
            {"capacityProvider": s["capacityProvider"], "weight": s.get("weight", 0), "base": s.get("base", 0)}
            for s in shown.get("capacityProviderStrategy", ())
        ],
        **members.shown(NETWORK, {**_NETWORK_DEFAULTS, **network}),
        "load_balancers": [{key: lb[key] for key in _BALANCER if lb.get(key)} for lb in shown.get("loadBalancers", ())],
        "service_registries": [
            {key: value for key, value in registry.items() if value is not None}
            for registry in shown.get("serviceRegistries", ())
        ],
        "service_connect": connect.shown(shown),
        **({monitoring.FIELD: monitoring.shown(shown)} if shown.keys() & _MONITORED else {}),
    }


def as_asked(shown: Mapping[str, Any], requests: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether a service is as all of these requests ask, as far as their values are known.

    A newer revision of the task definition counts as requested: somebody else deployed it, and ECS did not roll back to
    it.
    """
    live = revision_fields(shown)
    return all(
        (name == "task_definition" and newer(live[name], fields[name]))
        or unknown(fields[name])
        or _same(name, live, fields)
        for fields in requests
        for name in live.keys() & fields.keys()
    )


def newer(one: str, other: str) -> bool:
    """Say whether a task definition's ARN is a newer revision of the other's family."""
    return numbered(one)[0] == numbered(other)[0] and numbered(one)[1] > numbered(other)[1]


def numbered(arn: str) -> tuple[str, int]:
    """Return the family's ARN and the revision number in a task definition's ARN; the number is 0 if it has none."""
    family, _, last = arn.rpartition(":")
    return (family, int(last)) if last.isdecimal() else (arn, 0)


def _same(name: str, live: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    if name not in fields and name not in _OPTIONAL:
        return False
    there, asked = live[name], fields.get(name, _OPTIONAL.get(name))
    if name == "load_balancers" and not any("advancedConfiguration" in one for one in asked or ()):
        # the choice between two target groups is no part of a request that names only one
        there = [{key: value for key, value in one.items() if key != "advancedConfiguration"} for one in there]
    loose = name in _UNORDERED
    return bool(canonical(there, loose) == canonical(asked, loose))


def strategy_of(shown: Mapping[str, Any]) -> str:
    """Return the deployment strategy of a service or a service deployment as AWS shows it."""
    return str(shown.get("deploymentConfiguration", {}).get("strategy", ROLLING))


def number(identifier: str) -> str:
    """Return a revision's number: the end of its ARN, and of its deployment's id in DescribeServices."""
    return identifier.rpartition("/")[2]


def latest(aws: Aws, services: Collection[Mapping[str, Any]]) -> dict[str, Deployment]:
    """Return the newest service deployment of each service, by the service's ARN.

    DescribeServices names it, but not at once; until then a list does. A deployment of another revision than the
    service shows is left out, since it is older.
    """
    named = {s["serviceArn"]: s.get("currentServiceDeployment") for s in services}
    unnamed = [service for service in services if not named[service["serviceArn"]]]
    for service, briefs in zip(unnamed, aws.each(partial(_listed, aws), unnamed), strict=True):
        named[service["serviceArn"]] = next((brief["serviceDeploymentArn"] for brief in briefs), None)
    known = _described(aws, [arn for arn in named.values() if arn])
    found = {}
    for service in services:
        deployment = known.get(named[service["serviceArn"]] or "")
        primary = next((number(d["id"]) for d in service.get("deployments", ()) if d["status"] == "PRIMARY"), "")
        if deployment and primary in ("", deployment.revision, deployment.back_to):
            found[service["serviceArn"]] = deployment
    return found


def rejected(aws: Aws, service: Mapping[str, Any], requests: Sequence[Mapping[str, Any]]) -> Rejected | None:
    """Return the requested revision if ECS gave up its last deployment.

    Args:
        requests: the fields of the service as declared, and as requested before.
    """
    briefs = _listed(aws, service)[:BATCH]
    if not any(brief["status"].startswith(("ROLLBACK", "STOP")) for brief in briefs):
        return None
    arns = list(dict.fromkeys(brief["targetServiceRevisionArn"] for brief in briefs))
    revisions = {arn: revision_fields(one) for arn, one in shown_revisions(aws, arns).items()}
    for brief in briefs:
        revision = revisions.get(brief["targetServiceRevisionArn"], {})
        for fields in requests:
            if revision and all(_same(name, revision, fields) for name in revision):
                arn = brief["serviceDeploymentArn"]
                deployment = _described(aws, [arn]).get(arn)
                return Rejected(deployment, fields) if deployment and deployment.failed else None
    return None


def _listed(aws: Aws, service: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return listed(aws, service["clusterArn"], service["serviceName"])


def listed(aws: Aws, cluster: str, service: str, **more: int) -> list[Mapping[str, Any]]:
    """Return the newest service deployments of a service in short form, the newest first; reads one page only.

    Args:
        more: `maxResults`, if 20 are not enough (ECS API, ListServiceDeployments).
    """
    found = aws.client("ecs").list_service_deployments(cluster=cluster, service=service, **more)["serviceDeployments"]
    return sorted(found, key=lambda brief: brief["createdAt"], reverse=True)


def shown_revisions(aws: Aws, arns: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return service revisions as AWS shows them, by ARN."""
    ecs = aws.client("ecs")
    return {
        one["serviceRevisionArn"]: one
        for some in batches(arns, BATCH)
        for one in ecs.describe_service_revisions(serviceRevisionArns=list(some))["serviceRevisions"]
    }


def resolved_groups(aws: Aws, arns: Sequence[str]) -> list[str]:
    """Return the target groups that contain the tasks of service revisions."""
    return [
        one["targetGroupArn"]
        for revision in shown_revisions(aws, arns).values()
        for one in revision.get("resolvedConfiguration", {}).get("loadBalancers", ())
        if "targetGroupArn" in one
    ]


def with_monitoring(
    aws: Aws, services: Sequence[Mapping[str, Any]], requests: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[Mapping[str, Any]]:
    """Return services with the resolution of their metrics, which their newest revisions show, if a request has one.

    Args:
        requests: the fields of each service as declared and as requested before, by its ARN.
    """
    wanted = {
        s["serviceArn"]: _newest(s)
        for s in services
        if s["status"] == "ACTIVE" and any(fields.get(monitoring.FIELD) for fields in requests[s["serviceArn"]])
    }
    revisions = shown_revisions(aws, [arn for arn in wanted.values() if arn])
    known = {arn: revisions[revision] for arn, revision in wanted.items() if revision in revisions}
    return [
        {**s, monitoring.MEMBER: known[s["serviceArn"]].get(monitoring.MEMBER)} if s["serviceArn"] in known else s
        for s in services
    ]


def _newest(service: Mapping[str, Any]) -> str:
    """Return the ARN of the revision that a service rolls out, or has; empty if AWS does not tell."""
    primary = next((number(one["id"]) for one in service.get("deployments", ()) if one["status"] == "PRIMARY"), "")
    current = (one["arn"] for one in service.get("currentServiceRevisions", ()) if one.get("arn"))
    return next((arn for arn in current if number(arn) == primary), "")


def _described(aws: Aws, arns: Sequence[str]) -> dict[str, Deployment]:
    ecs = aws.client("ecs")
    shown = [
        one
        for some in batches(arns, BATCH)
        for one in ecs.describe_service_deployments(serviceDeploymentArns=list(some))["serviceDeployments"]
    ]
    return {one["serviceDeploymentArn"]: _deployment(one) for one in shown}


def _deployment(shown: Mapping[str, Any]) -> Deployment:
    breaker, rollback = shown.get("deploymentCircuitBreaker", {}), shown.get("rollback", {})
    said = (rollback.get("reason", ""), shown.get("statusReason", ""))
    monitors = (breaker, shown.get("alarms", {}))
    return Deployment(
        shown.get("status", ""),
        " ".join(dict.fromkeys(text for text in said if text)).rstrip("."),
        shown.get("lifecycleStage", ""),
        strategy_of(shown),
        number(shown.get("targetServiceRevision", {}).get("arn", "")),
        number(rollback.get("serviceRevisionArn", "")),
        breaker.get("failureCount", 0),
        breaker.get("threshold", 0),
        any(one.get("status") == "TRIGGERED" for one in monitors),
        shown.get("targetServiceRevision", {}).get("requestedProductionTrafficWeight"),
        shown.get("serviceDeploymentArn", ""),
        waiting(shown),
    )
