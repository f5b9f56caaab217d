"""Reads of services: each service gets only the calls that its condition needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provisioner.aws.client import Aws, batches
from provisioner.aws.tagging import tag_map
from provisioner.engine.words import count
from provisioner.resources.ecs import strategies
from provisioner.resources.ecs.cluster import own_clusters
from provisioner.resources.ecs.deployments import Deployment, Rejected, as_asked, latest, rejected, with_monitoring
from provisioner.resources.ecs.problems import completed, short, stopped, troubled


@dataclass(frozen=True)
class Read:
    """A service as DescribeServices shows it, and further reads if it is not steady or not as requested.

    Attributes:
        requests: the fields of the service as declared, if it is, and as requested before.
        deployment: the newest service deployment.
        rejected: the requested revision that ECS gave up.
        stopped: the cluster's result of `problems.stopped`.
        serving: the target group of its tasks, if the service is to return to rolling updates.
    """

    service: Mapping[str, Any]
    requests: Sequence[Mapping[str, Any]] = ()
    deployment: Deployment | None = None
    rejected: Rejected | None = None
    stopped: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    serving: str | None = None


def reads(
    aws: Aws, cluster: str, shown: Sequence[Mapping[str, Any]], requested: Sequence[Mapping[str, Any]]
) -> list[Read]:
    """Return services with the further reads that they need: none if a service is steady and as requested.

    Args:
        requested: the declared and recorded fields of the cluster's services.
    """
    requests = {s["serviceArn"]: [f for f in requested if f["service_name"] == s["serviceName"]] for s in shown}
    shown = with_monitoring(aws, shown, requests)
    mine = [s for s in shown if s["status"] == "ACTIVE" and aws.owns(tag_map(s.get("tags"), "key", "value"))]
    unsteady = [service for service in mine if not completed(service) or short(service)]
    tasks = stopped(aws, cluster) if unsteady else None
    deployments = latest(aws, [service for service in unsteady if troubled(service, tasks or ())])
    undone = [
        service
        for service in mine
        if not as_asked(service, requests[service["serviceArn"]])
        and (completed(service) or ((one := deployments.get(service["serviceArn"])) and one.failed))
    ]
    given_up = aws.each(lambda service: rejected(aws, service, requests[service["serviceArn"]]), undone)
    refused = {service["serviceArn"]: one for service, one in zip(undone, given_up, strict=True)}
    if tasks is None:
        tasks = stopped(aws, cluster) if any(given_up) else []
    leaving = [service for service in mine if strategies.leaving(service, requests[service["serviceArn"]])]
    serving = {service["serviceArn"]: strategies.serving(aws, service) for service in leaving}
    return [
        Read(
            s,
            requests[s["serviceArn"]],
            deployments.get(s["serviceArn"]),
            refused.get(s["serviceArn"]),
            tasks,
            serving.get(s["serviceArn"]),
        )
        for s in shown
    ]


def existing(aws: Aws, cluster: str, names: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the existing services with these names; DescribeServices takes ten at once."""
    shown = aws.client("ecs").describe_services(cluster=cluster, services=names, include=["TAGS"])["services"]
    return [service for service in shown if service["status"] != "INACTIVE"]


def still_replaced(aws: Aws) -> str:
    """Describe the tasks of former revisions that ECS stops after the deployment; empty if there are none."""
    left = 0
    for cluster in own_clusters(aws):
        names = [arn.rpartition("/")[2] for arn in aws.pages("ecs", "list_services", "serviceArns", cluster=cluster)]
        for service in (one for some in batches(names, 10) for one in existing(aws, cluster, some) if completed(one)):
            former = (one for one in service.get("deployments", ()) if one["status"] != "PRIMARY")
            left += sum(one["runningCount"] + one["pendingCount"] for one in former)
    return f"{count(left, 'former task')} still running" if left else ""
