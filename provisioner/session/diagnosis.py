"""Find the causes of a failed session into a task. AWS gives one message for most of them.

Sources: ECS developer guide, ecs-exec-troubleshooting; amazon-ecs-exec-checker; amazon-ssm-agent#435.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.aws.client import Aws

AGENT_ACTIONS = tuple(
    f"ssmmessages:{name}"
    for name in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
)
"""The actions that a task's role must allow (ECS developer guide, "ECS Exec permissions")."""
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""Variables of a container that the agent uses in place of the task's role."""


@dataclass(frozen=True)
class Facts:
    """Facts about the task of a failed session.

    Attributes:
        service: its name in the configuration. task: the first letters of its id.
        configured: whether the configuration has ECS Exec on. protected: whether `protect` turned it off.
        service_enabled: whether the service in ECS has it on; None if unknown.
        task_enabled: whether it was on when the task was started.
        status: the task's. agent: the agent's state; empty if there is none. reason: why the agent is not running.
        denied: the `AGENT_ACTIONS` that the task's role does not allow; None if unknown.
        endpoint: whether there is a way to Systems Manager; None if unknown.
        keys: the `KEYS` that the container has as variables.
        up: the command that brings the stack up, in backticks.
    """

    service: str
    task: str
    configured: bool
    protected: bool
    service_enabled: bool | None
    task_enabled: bool
    status: str
    agent: str
    reason: str
    denied: Collection[str] | None
    endpoint: bool | None
    keys: Collection[str] = field(default=())
    up: str = "`provision up`"


def causes(facts: Facts) -> Iterator[str]:
    """Yield the faults with their remedies, the likeliest first; nothing if all looks well."""
    where = f"task {facts.task} of {facts.service}"
    if not facts.task_enabled:
        yield _not_enabled(facts, where)
        return
    if facts.status != "RUNNING":
        yield f"{where} is {facts.status}, and can be entered once it is RUNNING: try again in a moment"
        return
    if facts.agent == "STOPPED":
        why = f": {facts.reason}" if facts.reason else ""
        yield f"the agent of ECS Exec in {where} has stopped{why}. Only another task has a running agent: {_REPLACE}"
    elif facts.agent != "RUNNING":
        yield f"the agent of ECS Exec in {where} does not run yet: try again in some seconds"
    if facts.denied:
        yield (
            f"the role of {where} does not allow {', '.join(sorted(facts.denied))}: somebody has changed it, or its "
            f"permissions boundary lacks them; see `provision plan`, `provision policy --boundary`"
        )
    if facts.endpoint is False:
        yield (
            f"{where} has no way to Systems Manager: the VPC has no endpoint of ssmmessages with private DNS, and no "
            f"way to the internet. With exec on, {facts.up} creates the endpoint"
        )
    if facts.keys:
        yield (
            f"{facts.service} has {' and '.join(sorted(facts.keys))} in its environment, which the agent takes instead "
            f"of the task's role: remove them, or give them to the program under other names"
        )


_REPLACE = "stop this one with `aws ecs stop-task`, and ECS starts another"


def _not_enabled(facts: Facts, where: str) -> str:
    if not facts.configured:
        why = ", since protect = true" if facts.protected else ""
        return (
            f"ECS Exec is off for {facts.service}{why}: write exec = true under [services.{facts.service}], and run "
            f"{facts.up}. It counts for tasks that are started after that"
        )
    if facts.service_enabled is False:
        return f"ECS Exec is on in the configuration and not in ECS for {facts.service}: run {facts.up}"
    return f"{where} was started before ECS Exec was switched on, and stays without it: {_REPLACE}"


def denied(aws: Aws, role: str) -> Collection[str]:
    """Return the `AGENT_ACTIONS` that a role does not allow, by IAM's simulation; raise boto3's errors."""
    if not role:
        return AGENT_ACTIONS
    asked = {"PolicySourceArn": role, "ActionNames": list(AGENT_ACTIONS)}
    found = aws.pages("iam", "simulate_principal_policy", "EvaluationResults", **asked)
    return [str(one["EvalActionName"]) for one in found if one.get("EvalDecision") != "allowed"]


def endpoint(aws: Aws, vpc: str) -> bool:
    """Return whether a VPC has the endpoint of Systems Manager's channels; raise boto3's errors."""
    wanted = [{"Name": "vpc-id", "Values": [vpc]}]
    return any(
        str(one.get("ServiceName", "")).endswith(".ssmmessages")
        and str(one.get("State", "")).lower() == "available"
        and one.get("PrivateDnsEnabled")
        for one in aws.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=wanted)
    )
