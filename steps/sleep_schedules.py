"""Scheduled sleep: EventBridge Scheduler stops the stack and starts it again, without any user's machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner import Handle, Stack, ready, step
from provisioner.config.schedules import later
from provisioner.config.services import Service
from provisioner.resources.cloudwatch.pieces import calls_of_piece, in_pieces
from provisioner.resources.policies import Policy, policy
from provisioner.resources.scheduler import UniversalSchedule
from provisioner.steps.alarms import Alarms
from provisioner.steps.cluster import Cluster
from provisioner.steps.database import Database
from provisioner.steps.roles import from_this_account, role, trust
from provisioner.steps.scaling import Scaling
from provisioner.steps.schedules import Schedules
from provisioner.steps.services import Services

RETRIES = {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 20}
"""Retries of refused calls, as during a backup of the database. AWS's default of a day passes the next schedule."""
ALARMS_LATER = 15
"""Minutes after waking until alarms notify again: until then tasks are starting, as every morning."""


@dataclass(frozen=True)
class _Call:
    """A pair of calls: one puts a part of the stack to sleep, the other wakes it.

    Attributes:
        operations: as in the ARNs of universal targets, `rds:stopDBCluster`.
        inputs: the calls' parameters.
        on: whether the schedules are enabled.
        resource: the part's handles; the schedules are created after it and deleted before it.
        minutes: the delay of the second call after the stack's wake time.
    """

    name: tuple[str, str]
    operations: tuple[str, str]
    inputs: tuple[Mapping[str, Any], Mapping[str, Any]]
    on: bool
    resource: tuple[Handle, ...]
    minutes: int = 0


@step
def sleep_schedules(
    stack: Stack,
    cluster: Cluster,
    database: Database | None,
    services: Services,
    scaling: Scaling,
    alarms: Alarms,
    schedules: Schedules,
) -> None:
    """Declare the schedules that put the stack to sleep and wake it, if there is a table `[schedule]`.

    A workload that a command has stopped stays stopped: its schedules are disabled until a command starts it again.
    """
    wanted = stack.config.schedule
    if wanted is None or schedules.group is None:
        return
    runner = role(
        stack,
        "sleep",
        trust("scheduler.amazonaws.com", from_this_account(stack, "scheduler", f"schedule-group/{stack.name}")),
        inline_policies={"sleep": _may_sleep(stack)},
        description="EventBridge Scheduler: put the stack to sleep and wake it",
    )
    calls = [_of_service(stack, cluster, name, services.handles[name], scaling) for name in stack.config.services]
    for call in (*calls, *_of_database(stack, database), *_of_alarms(stack, alarms)):
        times = wanted.sleep, later(wanted.wake, call.minutes)
        for name, time, operation, given in zip(call.name, times, call.operations, call.inputs, strict=True):
            stack.ensure(
                UniversalSchedule(
                    name,
                    group_name=schedules.group,
                    schedule_name=name,
                    schedule_expression=time,
                    schedule_expression_timezone=wanted.timezone,
                    target_arn=f"arn:{stack.facts.partition}:scheduler:::aws-sdk:{operation}",
                    role_arn=ready(runner).arn,
                    input=given,
                    retry_policy=RETRIES,
                    flexible_time_window={"Mode": "OFF"},
                    state="ENABLED" if call.on else "DISABLED",
                ),
                after=[ready(one) for one in call.resource],
            )


def _of_service(stack: Stack, cluster: Cluster, name: str, handle: Handle, scaling: Scaling) -> _Call:
    """Return the calls that set a service's tasks to none and back; through its scaling bounds, if it has any.

    Between 0 and 0 there are no tasks under any policy (API reference, RegisterScalableTarget).
    """
    service: Service = stack.config.services[name]
    on = not stack.facts.sizes.held(name)
    names = f"{name}.sleep", f"{name}.wake"
    if service.scaling is None:
        of: dict[str, Any] = {"Cluster": cluster.name, "Service": name}
        inputs = of | {"DesiredCount": 0}, of | {"DesiredCount": service.count}
        return _Call(names, ("ecs:updateService", "ecs:updateService"), inputs, on, (handle,))
    bounds = "applicationautoscaling:registerScalableTarget"
    of = {
        "ServiceNamespace": "ecs",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ResourceId": scaling.targets[name].id,
    }
    inputs = (
        of | {"MinCapacity": 0, "MaxCapacity": 0},
        of | {"MinCapacity": service.least, "MaxCapacity": service.most},
    )
    return _Call(names, (bounds, bounds), inputs, on, (handle, scaling.targets[name]))


def _of_database(stack: Stack, database: Database | None) -> list[_Call]:
    """Return the calls that stop and start the database, unless it pauses by itself."""
    settings = stack.config.own_database
    if database is None or settings is None or settings.pauses:
        return []
    sort = "Cluster" if settings.kind.aurora else "Instance"
    of = {f"Db{sort}Identifier": database.id}
    names, operations = ("sleep.database", "wake.database"), (f"rds:stopDB{sort}", f"rds:startDB{sort}")
    return [_Call(names, operations, (of, of), not stack.facts.sizes.asleep, (database.writer,))]


def _of_alarms(stack: Stack, alarms: Alarms) -> list[_Call]:
    """Return the calls that silence the alarms which sleep would set off, and enable them again, in pieces.

    Alarms on workloads that a command has stopped are left out: they stay silent until a command starts these again.
    """
    sizes, services = stack.facts.sizes, stack.config.services
    if not alarms.running and alarms.errors is None:
        return []
    made = [(handle, not sizes.held(name)) for name, handle in alarms.running.items()]
    if alarms.errors:
        made.append((alarms.errors, not any(sizes.held(name) for name, one in services.items() if one.public)))
    calls = []
    for number, piece in enumerate(in_pieces(made), 1):
        of = {"AlarmNames": [handle.id for handle, noisy in piece if noisy]}
        names = calls_of_piece("sleep", number), calls_of_piece("wake", number)
        operations = "cloudwatch:disableAlarmActions", "cloudwatch:enableAlarmActions"
        handles = tuple(handle for handle, _ in piece)
        calls.append(_Call(names, operations, (of, of), bool(of["AlarmNames"]), handles, ALARMS_LATER))
    return calls


def _may_sleep(stack: Stack) -> Policy:
    """Return the policy to stop and start this stack's own resources, and nothing else.

    To set bounds, Application Auto Scaling needs permissions for the service as well (ECS developer guide, "IAM
    permissions required for Amazon ECS service auto scaling").
    """
    facts, name = stack.facts, stack.name
    place = f"{facts.region}:{facts.account}"

    def allow(actions: list[str], resource: str, **condition: Any) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            "Action": actions,
            "Resource": f"arn:{facts.partition}:{resource}",
            **({"Condition": condition} if condition else {}),
        }

    statements = [allow(["ecs:DescribeServices", "ecs:UpdateService"], f"ecs:{place}:service/{name}/*")]
    if any(service.scaling for service in stack.config.services.values()):
        tags = {"aws:ResourceTag/Project": stack.config.project, "aws:ResourceTag/Environment": stack.config.env}
        target = f"application-autoscaling:{place}:scalable-target/*"
        statements.append(allow(["application-autoscaling:RegisterScalableTarget"], target, StringEquals=tags))
    database = stack.config.own_database
    if database and not database.pauses:
        sort, part = ("Cluster", "cluster") if database.kind.aurora else ("Instance", "db")
        statements.append(allow([f"rds:StartDB{sort}", f"rds:StopDB{sort}"], f"rds:{place}:{part}:{name}"))
    if stack.config.alarms:
        actions = ["cloudwatch:DisableAlarmActions", "cloudwatch:EnableAlarmActions"]
        statements.append(allow(actions, f"cloudwatch:{place}:alarm:{name}-*"))
    return policy(*statements)
