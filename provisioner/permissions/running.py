"""Permissions of `provision run` alone, for callers that run jobs but must not change the stack."""

from __future__ import annotations

from provisioner.aws.permissions import ASKED, Part, Permission, Use, creating, grants
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
    *grants(
        "iam",
        "PassRole",
        "role{role_path}{stack}-execution*",
        "role{role_path}{stack}-task-*",
        conditions=(("StringEquals", "iam:PassedToService", ("ecs-tasks.amazonaws.com",)),),
        use=Use.IMPLIED,
        why="RunTask",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
        parts=_RUN,
    ),
    *grants("ecs", "ListTasks", conditions=(IN_CLUSTER,), use=Use.OTHER, why=_WHY, parts=_RUN),
    *grants("ecs", "DescribeTasks StopTask", _TASKS, use=Use.OTHER, why=_WHY, parts=_RUN),
    *grants("logs", "GetLogEvents", "log-group:/ecs/{stack}/*", use=Use.OTHER, why=_WHY, parts=_RUN),
)
