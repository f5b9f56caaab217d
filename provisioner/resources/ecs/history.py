"""A service's past: its service deployments of the last 90 days, with the task definition of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioner.aws.client import Aws
from provisioner.resources.ecs.deployments import listed, shown_revisions

MOST = 100
"""The most service deployments that one call lists (ECS API, ListServiceDeployments, maxResults)."""


@dataclass(frozen=True)
class Past:
    """One service deployment.

    Attributes:
        task_definition: the ARN of the revision that it rolled out.
        status: ECS's word (ECS API, ServiceDeployment, status).
        began, ended: its times; None if ECS does not give them.
    """

    task_definition: str
    status: str
    began: datetime | None
    ended: datetime | None


def past(aws: Aws, cluster: str, service: str, most: int = MOST) -> list[Past]:
    """Return a service's deployments, the newest first.

    Args:
        most: the most deployments to read.
    """
    briefs = listed(aws, cluster, service, maxResults=min(most, MOST))
    shown = shown_revisions(aws, list(dict.fromkeys(brief["targetServiceRevisionArn"] for brief in briefs)))
    return [_past(brief, shown.get(brief["targetServiceRevisionArn"], {})) for brief in briefs]


def _past(brief: Mapping[str, Any], revision: Mapping[str, Any]) -> Past:
    began = brief.get("startedAt") or brief.get("createdAt")
    return Past(str(revision.get("taskDefinition", "")), str(brief.get("status", "")), began, brief.get("finishedAt"))


def definition(aws: Aws, arn: str) -> Mapping[str, Any]:
    """Return a revision of a task definition as ECS shows it, whether active or not."""
    shown: Mapping[str, Any] = aws.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    return shown
