"""Jobs that run before services change: migrations."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Endpoints, Handle, Network, SecurityGroups, Stack, ready, step
from provisioner.resources.ecs.job_run import JobRun
from provisioner.steps.capacity import Capacity
from provisioner.steps.cluster import Cluster
from provisioner.steps.database import Database
from provisioner.steps.drain import Drain
from provisioner.steps.task_definitions import TaskDefinitions


@dataclass(frozen=True)
class JobRuns:
    """The job runs that must succeed before a service is created or changed."""

    before_services: list[Handle]


@step
def job_runs(
    stack: Stack,
    network: Network,
    security_groups: SecurityGroups,
    endpoints: Endpoints,
    cluster: Cluster,
    capacity: Capacity,
    drain: Drain,
    database: Database | None,
    task_definitions: TaskDefinitions,
) -> JobRuns:
    """Declare one run for each revision of a job with `before_deploy`, one after the other in the file's order.

    A job that uses the database comes after its writer is ready. All come after the endpoints: without them no image
    can be pulled and no password read.
    """
    handles: list[Handle] = []
    for name, job in stack.config.jobs.items():
        if job.before_deploy:
            run = stack.ensure(
                JobRun(
                    name,
                    cluster=cluster.name,
                    family=f"{stack.name}-{name}",
                    task_definition=task_definitions.arns[name],
                    subnets=network.tasks,
                    security_groups=security_groups.of(name, job.security_groups),
                    assign_public_ip=stack.config.network.assign_public_ip,
                ),
                after=[
                    drain.handle,
                    ready(capacity.attached),
                    *endpoints.available,
                    *([ready(database.writer)] if database and job.database else []),
                    *handles[-1:],
                ],
            )
            handles.append(ready(run))
    return JobRuns(handles)
