"""Permissions of `provision run` alone, for callers that run jobs but must not change the stack."""

from __future__ import annotations

from provisioner.aws.permissions import ASKED, OF_TASKS, Part, Permission, Use, creating, grants, passing
from provisioner.resources.ecs.job_run import IN_CLUSTER

_RUN = frozenset({Part.RUN})
_TASKS, _WHY = "task/{stack}/*", "run"

RUNNING: tuple[Permission, ...] = (
    *grants(
        "ecs",
        "RunTask",
        "task-definition/{stack}-*",
        conditions=(*ASKED, IN_CLUSTER),
        use=Use.OTHER,
        why=_WHY,
        parts=_RUN,
    ),
    *grants(
        "ecs",
        "TagResource",
        _TASKS,
        conditions=creating("ecs:CreateAction", "RunTask"),
        use=Use.IMPLIED,
        why="tags in the calls that create",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html",
        parts=_RUN,
    ),
    # the roles of tasks, to ECS only: a command has the rights of its service, and no more
    *passing("ecs-tasks.amazonaws.com", "RunTask", *OF_TASKS, parts=_RUN),
    *grants("ecs", "ListTasks", conditions=(IN_CLUSTER,), use=Use.OTHER, why=_WHY, parts=_RUN),
    *grants("ecs", "DescribeTasks StopTask", _TASKS, use=Use.OTHER, why=_WHY, parts=_RUN),
    *grants("logs", "GetLogEvents", "log-group:/ecs/{stack}/*", use=Use.OTHER, why=_WHY, parts=_RUN),
)
