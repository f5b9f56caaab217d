"""Jobs with a schedule, run by EventBridge Scheduler, or through it by a state machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner import Endpoints, Network, Roles, SecurityGroups, Stack, ready, step
from provisioner.config.jobs import Job
from provisioner.resources.policies import Policy, policy
from provisioner.resources.scheduler import Schedule, ScheduleGroup
from provisioner.resources.stepfunctions import RunningExecutions
from provisioner.steps.cluster import Cluster
from provisioner.steps.drain import Drain
from provisioner.steps.roles import from_this_account, role, trust
from provisioner.steps.services import Services
from provisioner.steps.state_machines import StateMachines, by_content, may_run
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
    state_machines: StateMachines,
) -> Schedules:
    """Declare a schedule for each job that has one, in the stack's schedule group, which `[schedule]` also uses.

    A schedule runs one revision of the job's task definition, and gets a new one only after the services have theirs.
    So at teardown it is deleted before the services, and starts nothing meanwhile. The schedule of a job with a timeout
    or retries starts the job's state machine.
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
        inline_policies=_may_start(stack, cluster.arn, roles, wanted, state_machines),
        description="EventBridge Scheduler: run the jobs that have a schedule",
    )
    task_groups = {name: f"scheduled-{name}" for name in wanted}
    for name, job in wanted.items():
        first = [drain.handle, *endpoints.available, *map(ready, services.handles.values())]
        if machine := state_machines.handles.get(name):
            # at teardown they are stopped once no schedule starts another one
            first.append(stack.ensure(RunningExecutions(name, machine.arn, group.id, name)))
            target: dict[str, Any] = {"state_machine_arn": ready(machine).arn}
        else:
            target = {
                "cluster_arn": cluster.arn,
                "task_definition": task_definitions.arns[name],
                "task_group": task_groups[name],
                "subnets": network.tasks,
                "security_groups": security_groups.of(name, job.security_groups),
                "assign_public_ip": stack.config.network.assign_public_ip,
            }
        stack.ensure(
            Schedule(
                name,
                group_name=group.id,
                schedule_name=name,
                schedule_expression=str(job.schedule),
                schedule_expression_timezone=job.timezone,
                role_arn=ready(runner).arn,
                retry_policy=RETRIES,
                flexible_time_window={"Mode": "OFF"},
                state="DISABLED" if stack.facts.sizes.held(name) else "ENABLED",
                **target,
            ),
            after=first,
        )
    return Schedules(group.id, task_groups)


def _may_start(
    stack: Stack, cluster: str, roles: Roles, wanted: Mapping[str, Job], machines: StateMachines
) -> dict[str, Policy]:
    """Return the policies to run jobs, and to start the state machines of the other jobs.

    With state machines the names change with the content: while a job gets the other way to run, the role may use both.
    """
    direct = [name for name in wanted if name not in machines.handles]
    run = policy(*may_run(stack, cluster, roles, direct)) if direct else None
    if not machines.handles:
        return {"run": run} if run else {}
    arns = sorted(handle.arn for handle in machines.handles.values())
    start = policy({"Effect": "Allow", "Action": "states:StartExecution", "Resource": arns})
    return {**(by_content("run", run) if run else {}), **by_content("start", start)}
