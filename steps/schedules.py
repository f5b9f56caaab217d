"""Jobs with a schedule, run by EventBridge Scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner import Endpoints, Network, Roles, SecurityGroups, Stack, ready, step
from provisioner.resources.policies import Policy, policy
from provisioner.resources.scheduler import Schedule, ScheduleGroup
from provisioner.steps.cluster import Cluster
from provisioner.steps.drain import Drain
from provisioner.steps.roles import from_this_account, role, trust
from provisioner.steps.services import Services
from provisioner.steps.task_definitions import TaskDefinitions

RETRIES = {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3}
"""Retries of calls that start no task. AWS's default of 185 within a day could start a nightly job at noon."""


@dataclass(frozen=True)
class Schedules:
    """The group and the task groups of jobs that have a schedule.

    Attributes:
        group: the name of the stack's schedule group; None without any schedule.
        task_groups: by job, the group that ECS puts its scheduled tasks in.
    """

    group: str | None
    task_groups: Mapping[str, str]


@step
def schedules(
    stack: Stack,
    network: Network,
    security_groups: SecurityGroups,
    endpoints: Endpoints,
    cluster: Cluster,
    roles: Roles,
    drain: Drain,
    task_definitions: TaskDefinitions,
    services: Services,
) -> Schedules:
    """Declare a schedule for each job that has one, in the stack's schedule group, which `[schedule]` also uses.

    A schedule runs one revision of the job's task definition, and gets a new one only after the services have theirs.
    So at teardown it is deleted before the services, and starts nothing meanwhile.
    """
    wanted = {name: job for name, job in stack.config.jobs.items() if job.schedule}
    if not wanted and stack.config.schedule is None:
        return Schedules(None, {})
    group = stack.ensure(ScheduleGroup("main", stack.name))
    if not wanted:
        return Schedules(group.id, {})
    runner = role(
        stack,
        "schedules",
        trust("scheduler.amazonaws.com", from_this_account(stack, "scheduler", f"schedule-group/{stack.name}")),
        inline_policies={"run": _may_run(stack, cluster.arn, roles, list(wanted))},
        description="EventBridge Scheduler: run the jobs that have a schedule",
    )
    task_groups = {name: f"scheduled-{name}" for name in wanted}
    for name, job in wanted.items():
        stack.ensure(
            Schedule(
                name,
                group_name=group.id,
                schedule_name=name,
                schedule_expression=str(job.schedule),
                schedule_expression_timezone=job.timezone,
                cluster_arn=cluster.arn,
                role_arn=ready(runner).arn,
                task_definition=task_definitions.arns[name],
                task_group=task_groups[name],
                subnets=network.tasks,
                security_groups=[security_groups.services[name], *job.security_groups],
                assign_public_ip=stack.config.network.assign_public_ip,
                retry_policy=RETRIES,
                flexible_time_window={"Mode": "OFF"},
                state="DISABLED" if stack.facts.sizes.held(name) else "ENABLED",
            ),
            after=[drain.handle, *endpoints.available, *map(ready, services.handles.values())],
        )
    return Schedules(group.id, task_groups)


def _may_run(stack: Stack, cluster: str, roles: Roles, names: list[str]) -> Policy:
    """Return the policy to run these jobs' families in the stack's cluster, and to pass their roles to ECS.

    Source: EventBridge Scheduler user guide, "Using templated targets", Amazon ECS RunTask.
    """
    facts = stack.facts
    place = f"arn:{facts.partition}:ecs:{facts.region}:{facts.account}:task-definition"
    families = [f"{place}/{stack.name}-{name}:*" for name in names]
    passed = sorted({role for name in names for role in (roles.execution[name], roles.tasks[name])})
    return policy(
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
    )
