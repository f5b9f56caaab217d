"""State machines of jobs by the clock that have a timeout or retries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner import Endpoints, Handle, Network, Roles, SecurityGroups, Stack, ready, step
from provisioner.config.jobs import Job
from provisioner.config.short_names import MACHINE, shortened
from provisioner.resources.policies import Policy, policy
from provisioner.resources.stepfunctions import StateMachine
from provisioner.steps.cluster import Cluster
from provisioner.steps.drain import Drain
from provisioner.steps.roles import from_this_account, role, trust
from provisioner.steps.services import Services
from provisioner.steps.task_definitions import TaskDefinitions

INTERVAL, BACKOFF, LONGEST_DELAY = 60, 2, 3600
"""Seconds before the first retry, the factor for each further one, and the longest delay."""
RULE = "StepFunctionsGetEventsForECSTaskRule"
"""The rule on which Step Functions waits for tasks: one for the account, which AWS makes and keeps."""


@dataclass(frozen=True)
class StateMachines:
    """The state machines of jobs, by the job's name."""

    handles: Mapping[str, Handle]


@step
def state_machines(
    stack: Stack,
    network: Network,
    security_groups: SecurityGroups,
    endpoints: Endpoints,
    cluster: Cluster,
    roles: Roles,
    drain: Drain,
    task_definitions: TaskDefinitions,
    services: Services,
) -> StateMachines:
    """Declare a state machine for each job by the clock that has a timeout or retries.

    It gets a new revision only after the services have theirs; executions under way keep the former one.
    """
    wanted = {name: job for name, job in stack.config.jobs.items() if job.by_machine}
    if not wanted:
        return StateMachines({})
    runner = role(
        stack,
        "machines",
        trust("states.amazonaws.com", from_this_account(stack, "states", f"stateMachine:{stack.name}-*")),
        inline_policies=by_content("run", policy(*may_run(stack, cluster.arn, roles, list(wanted)), *_may_wait(stack))),
        description="Step Functions: run the jobs that have a timeout or retries",
    )
    handles = {
        name: stack.ensure(
            StateMachine(
                name,
                state_machine_name=machine_name(stack, name),
                definition=definition(
                    job,
                    {
                        "Cluster": cluster.arn,
                        "TaskDefinition": task_definitions.arns[name],
                        "LaunchType": "FARGATE",
                        "Group": f"scheduled-{name}",
                        "NetworkConfiguration": {
                            "AwsvpcConfiguration": {
                                "Subnets": network.tasks,
                                "SecurityGroups": security_groups.of(name, job.security_groups),
                                "AssignPublicIp": stack.config.network.assign_public_ip,
                            }
                        },
                    },
                    stack.facts.partition,
                ),
                role_arn=ready(runner).arn,
            ),
            after=[drain.handle, *endpoints.available, *map(ready, services.handles.values())],
        )
        for name, job in wanted.items()
    }
    return StateMachines(handles)


def machine_name(stack: Stack, job: str) -> str:
    """Return the name of a job's state machine."""
    return shortened(f"{stack.name}-{job}", MACHINE)


def definition(job: Job, parameters: Mapping[str, Any], partition: str = "aws") -> dict[str, Any]:
    """Return a job's state machine in Amazon States Language: one task, repeated when it fails, in the whole time."""
    retrier = {
        # every error but the end of the time (developer guide, "Handling errors in Step Functions workflows")
        "ErrorEquals": ["States.TaskFailed"],
        "IntervalSeconds": INTERVAL,
        "BackoffRate": BACKOFF,
        "MaxDelaySeconds": LONGEST_DELAY,
        "MaxAttempts": job.retries,
    }
    state = {
        "Type": "Task",
        "Resource": f"arn:{partition}:states:::ecs:runTask.sync",
        "Parameters": dict(parameters),
        **({"Retry": [retrier]} if job.retries else {}),
        "End": True,
    }
    limit = {} if job.timeout is None else {"TimeoutSeconds": job.timeout}
    return {"StartAt": "Run", **limit, "States": {"Run": state}}


def by_content(name: str, document: Policy) -> dict[str, Policy]:
    """Return a policy under a name that changes with it: the former one stays until nothing uses it any more."""
    return {f"{name}-{hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:8]}": document}


def may_run(stack: Stack, cluster: str, roles: Roles, names: list[str]) -> list[dict[str, Any]]:
    """Return the statements to run these jobs' families in the stack's cluster, and to pass their roles to ECS.

    Source: EventBridge Scheduler user guide, "Using templated targets", Amazon ECS RunTask.
    """
    facts = stack.facts
    place = f"arn:{facts.partition}:ecs:{facts.region}:{facts.account}:task-definition"
    families = [f"{place}/{stack.name}-{name}:*" for name in names]
    passed = sorted({role for name in names for role in (roles.execution[name], roles.tasks[name])})
    return [
        {
            "Effect": "Allow",
            "Action": "ecs:RunTask",
            "Resource": families,
            "Condition": {"ArnEquals": {"ecs:cluster": cluster}},
        },
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": passed,
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        },
    ]


def _may_wait(stack: Stack) -> list[dict[str, Any]]:
    """Return the statements to see and stop this cluster's tasks, and to manage the rule that tells of their end.

    Source: Step Functions developer guide, "IAM policies for calling Amazon ECS/AWS Fargate".
    """
    facts = stack.facts
    place = f"{facts.region}:{facts.account}"
    return [
        {
            "Effect": "Allow",
            "Action": ["ecs:StopTask", "ecs:DescribeTasks"],
            "Resource": f"arn:{facts.partition}:ecs:{place}:task/{stack.name}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            "Resource": f"arn:{facts.partition}:events:{place}:rule/{RULE}",
        },
    ]
