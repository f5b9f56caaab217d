"""What is to be known of services, read with as few calls as there is something to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.tagging import tag_map
from provisioner.resources.ecs import strategies
from provisioner.resources.ecs.deployments import Deployment, Rejected, as_asked, latest, rejected
from provisioner.resources.ecs.problems import completed, short, stopped, troubled


@dataclass(frozen=True)
class Read:
    """A service as DescribeServices shows it, and what else ECS tells of one that is not steady, or not as asked for.

    Attributes:
        requests: the fields of the service as they are declared, if they are, and as they were asked for before.
        deployment: the newest service deployment.
        rejected: the revision that was asked for and given up.
        stopped: what `ecs_problems.stopped` returns of its cluster.
        serving: the target group that its tasks are in, of a service that is to be updated by rolling again.
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
    """Return services with what else is to be known of them; of steady ones, as they were asked for, that is nothing.

    Args:
        requested: what is declared and recorded of the cluster's services.
    """
    requests = {s["serviceArn"]: [f for f in requested if f["service_name"] == s["serviceName"]] for s in shown}
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
