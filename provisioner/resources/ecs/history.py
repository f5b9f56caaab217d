"""What ECS tells of a service's past: its service deployments of 90 days, with the task definition of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioner.aws.client import Aws, batches
from provisioner.resources.ecs.deployments import BATCH

MOST = 100
"""How many service deployments one call lists (ECS API, ListServiceDeployments, maxResults)."""


@dataclass(frozen=True)
class Past:
    """One service deployment.

    Attributes:
        task_definition: the ARN of the revision that it rolled out.
        status: ECS's word (ECS API, ServiceDeployment, status).
        began, ended: when; None if ECS does not say.
    """

    task_definition: str
    status: str
    began: datetime | None
    ended: datetime | None


def past(aws: Aws, cluster: str, service: str, most: int = MOST) -> list[Past]:
    """Return a service's deployments, the newest first.

    Args:
        most: how many are looked at.
    """
    ecs = aws.client("ecs")
    listed = ecs.list_service_deployments(cluster=cluster, service=service, maxResults=min(most, MOST))
    briefs = sorted(listed.get("serviceDeployments", ()), key=lambda brief: str(brief.get("createdAt")), reverse=True)
    revisions = list(dict.fromkeys(brief["targetServiceRevisionArn"] for brief in briefs))
    shown = [
        one
        for some in batches(revisions, BATCH)
        for one in ecs.describe_service_revisions(serviceRevisionArns=list(some))["serviceRevisions"]
    ]
    definitions = {one["serviceRevisionArn"]: str(one.get("taskDefinition", "")) for one in shown}
    return [_past(brief, definitions.get(brief["targetServiceRevisionArn"], "")) for brief in briefs]


def _past(brief: Mapping[str, Any], task_definition: str) -> Past:
    began = brief.get("startedAt") or brief.get("createdAt")
    return Past(task_definition, str(brief.get("status", "")), began, brief.get("finishedAt"))


def definition(aws: Aws, arn: str) -> Mapping[str, Any]:
    """Return a revision of a task definition as ECS shows it, whether it can still be used or not."""
    shown: Mapping[str, Any] = aws.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    return shown
