"""Permissions of `provision exec` and `tunnel` alone, for callers that enter tasks but must not change the stack.

A caller that may forward ports of a task avoids the log of commands that ECS Exec can keep.
"""

from __future__ import annotations

from provisioner.aws.permissions import Part, Permission, Use, grants
from provisioner.resources.ecs.job_run import IN_CLUSTER

_SHELL = frozenset({Part.SHELL})
_TASKS, _EXEC, _TUNNEL, _CAUSE = "task/{stack}/*", "exec", "tunnel", "exec, tunnel: why there is no session"
_EITHER = "exec, tunnel"
_OWN_SESSIONS = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-quickstart.html"
)

SHELL: tuple[Permission, ...] = (
    *grants("ecs", "ExecuteCommand", "cluster/{stack}", _TASKS, use=Use.OTHER, why=_EXEC, parts=_SHELL),
    # a condition on the stack's tags would deny the document, which belongs to AWS and has no tags
    *grants(
        "ssm",
        "StartSession",
        "arn:{partition}:ecs:{region}:{account}:" + _TASKS,
        # a session without a document is a shell, and would need no document's permission (Systems Manager user guide,
        # getting-started-sessiondocumentaccesscheck)
        conditions=(("BoolIfExists", "ssm:SessionDocumentAccessCheck", ("true",)),),
        use=Use.OTHER,
        why=_TUNNEL,
        parts=_SHELL,
    ),
    *grants(
        "ssm",
        "StartSession",
        "arn:{partition}:ssm:{region}::document/AWS-StartPortForwardingSession",
        "arn:{partition}:ssm:{region}::document/AWS-StartPortForwardingSessionToRemoteHost",
        use=Use.OTHER,
        why=_TUNNEL,
        parts=_SHELL,
    ),
    # the caller's own sessions have the caller's name; sessions of ECS Exec do not
    *grants(
        "ssm",
        "ResumeSession TerminateSession",
        "session/${{aws:userid}}-*",
        "session/${{aws:username}}-*",
        "session/ecs-execute-command-*",
        use=Use.OTHER,
        why=_EITHER,
        source=_OWN_SESSIONS,
        parts=_SHELL,
    ),
    *grants(
        "ssmmessages",
        "OpenDataChannel",
        use=Use.IMPLIED,
        why="the channel of a session",
        source=_OWN_SESSIONS,
        parts=_SHELL,
    ),
    *grants("ecs", "ListTasks", conditions=(IN_CLUSTER,), use=Use.OTHER, why=_EITHER, parts=_SHELL),
    *grants("ecs", "DescribeTasks", _TASKS, use=Use.OTHER, why=_EITHER, parts=_SHELL),
    *grants("ecs", "DescribeServices", "service/{stack}/*", use=Use.OTHER, why=_CAUSE, parts=_SHELL),
    *grants("ecs", "DescribeTaskDefinition", use=Use.OTHER, why=_CAUSE, parts=_SHELL),
    *grants("ec2", "DescribeVpcEndpoints", use=Use.OTHER, why=_CAUSE, parts=_SHELL),
    *grants(
        "iam",
        "SimulatePrincipalPolicy",
        "role{role_path}{stack}-task-*",
        use=Use.OTHER,
        why=_CAUSE,
        parts=_SHELL,
    ),
)
