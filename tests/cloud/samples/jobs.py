"""Samples of resource types that run jobs: a run before services change, and schedules in their group."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from provisioner.engine.declaration import Handle, ready
from provisioner.engine.resource import Resource
from provisioner.resources.ec2.network import Subnet
from provisioner.resources.ec2.security import SecurityGroup
from provisioner.resources.ecs.cluster import Cluster, ClusterCapacityProviders
from provisioner.resources.ecs.job_run import JobRun
from provisioner.resources.iam import Role
from provisioner.resources.scheduler import Schedule, ScheduleGroup, UniversalSchedule
from provisioner.resources.stepfunctions import RunningExecutions, StateMachine
from tests.cloud.samples.network import closed, sending
from tests.cloud.samples.sample import NAME, ByHand, Here, Sample
from tests.cloud.samples.services import task_definition
from tests.cloud.samples.stores import trust

KEPT = (
    "GroupName",
    "Name",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "FlexibleTimeWindow",
    "State",
    "Target",
)
"""Members of GetSchedule's answer that UpdateSchedule takes."""


def _run(here: Here) -> Handle:
    run = JobRun(
        NAME,
        here[Cluster].id,
        "sample-job",
        task_definition(here, "job").arn,
        [here[Subnet].id],
        [sending(here, "job").id],
        "ENABLED",
    )
    return here.ensure(run, after=[ready(here[ClusterCapacityProviders])])


def _schedule(here: Here) -> Handle:
    runner = here.ensure(Role("runner", "runner", trust("scheduler")))
    here.ensure(Role("other-runner", "other-runner", trust("scheduler")))
    closed(here, "scheduled")
    schedule = Schedule(
        NAME,
        group_name=here[ScheduleGroup].id,
        schedule_name="sample",
        schedule_expression="cron(0 0 1 1 ? 2190)",
        schedule_expression_timezone="Asia/Tokyo",
        cluster_arn=here[Cluster].arn,
        role_arn=ready(runner).arn,
        task_definition=task_definition(here, "job").arn,
        task_group="scheduled",
        subnets=[here[Subnet].id],
        security_groups=[here[SecurityGroup].id],
        assign_public_ip="DISABLED",
        retry_policy={"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3},
        flexible_time_window={"Mode": "OFF"},
    )
    return here.ensure(schedule)


def _machine(here: Here) -> Handle:
    waiting = {"Effect": "Allow", "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"]}
    policies = {"wait": {"Version": "2012-10-17", "Statement": [{**waiting, "Resource": "*"}]}}
    here.ensure(Role("other-machines", "other-machines", trust("states"), inline_policies=policies))
    runner = here.ensure(Role("machines", "machines", trust("states"), inline_policies=policies))
    return here.ensure(StateMachine(NAME, "sample", _of_states(task_definition(here, "job").arn), ready(runner).arn))


def _of_states(definition: str, **more: Any) -> dict[str, Any]:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": {"TaskDefinition": definition},
        "End": True,
    }
    return {"StartAt": "Run", "States": {"Run": state}, **more}


def _executions(here: Here) -> Handle:
    return here.ensure(RunningExecutions(NAME, here[StateMachine].arn, here[ScheduleGroup].id, "none"))


def _changed(hand: ByHand, **change: Any) -> None:
    arn = f"arn:aws:states:ap-northeast-1:123456789012:stateMachine:{hand.id}"
    hand("stepfunctions").update_state_machine(stateMachineArn=arn, **change)


def _universal(here: Here) -> Handle:
    caller = here.ensure(Role("caller", "caller", trust("scheduler")))
    here.ensure(Role("other-caller", "other-caller", trust("scheduler")))
    schedule = UniversalSchedule(
        NAME,
        group_name=here[ScheduleGroup].id,
        schedule_name="sample.call",
        schedule_expression="cron(0 0 1 1 ? 2190)",
        schedule_expression_timezone="Asia/Tokyo",
        target_arn="arn:aws:scheduler:::aws-sdk:ecs:updateService",
        role_arn=ready(caller).arn,
        input={"Cluster": here[Cluster].id, "Service": "web", "DesiredCount": 0},
        retry_policy={"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3},
        flexible_time_window={"Mode": "OFF"},
    )
    return here.ensure(schedule)


def _recalled(hand: ByHand, target: Mapping[str, Any] | None = None, **change: Any) -> None:
    """Change the schedule that calls, and its target."""
    shown = hand("scheduler").get_schedule(GroupName="sample-group", Name="sample.call")
    _rescheduled(hand, "sample.call", Target={**shown["Target"], **(target or {})}, **change)


def _rescheduled(hand: ByHand, name: str = "sample", **change: Any) -> None:
    scheduler = hand("scheduler")
    shown = scheduler.get_schedule(GroupName="sample-group", Name=name)
    kept = {name: shown[name] for name in KEPT}
    scheduler.update_schedule(**{**kept, **change})


def _aimed(hand: ByHand, network: Mapping[str, Any] | None = None, **change: Any) -> None:
    """Change the schedule's target, and in it the network that tasks are in."""
    target = hand("scheduler").get_schedule(GroupName="sample-group", Name="sample")["Target"]
    task = target["EcsParameters"]
    place = {**task["NetworkConfiguration"]["awsvpcConfiguration"], **(network or {})}
    task = {**task, "NetworkConfiguration": {"awsvpcConfiguration": place}, **change.pop("task", {})}
    _rescheduled(hand, Target={**target, "EcsParameters": task, **change})


def _of_machine(hand: ByHand) -> dict[str, Any]:
    """Return the schedule's target with a state machine in place of the cluster."""
    target = hand("scheduler").get_schedule(GroupName="sample-group", Name="sample")["Target"]
    kept = {name: value for name, value in target.items() if name != "EcsParameters"}
    return {**kept, "Arn": _arn("states:ap-northeast-1", "stateMachine:theirs"), "Input": "{}"}


def _arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:123456789012:{rest}"


JOBS: Mapping[type[Resource], Sample] = {
    JobRun: Sample(
        _run,
        untried={"task_definition": "another revision is another run: tests/cloud/deployment/test_jobs.py"},
    ),
    ScheduleGroup: Sample(lambda here: here.ensure(ScheduleGroup(NAME, "sample-group"))),
    Schedule: Sample(
        _schedule,
        {
            "schedule_expression": lambda hand: _rescheduled(hand, ScheduleExpression="rate(700 days)"),
            "schedule_expression_timezone": lambda hand: _rescheduled(hand, ScheduleExpressionTimezone="UTC"),
            # the target of an execution has nothing of a task
            "assign_public_ip cluster_arn security_groups state_machine_arn subnets task_definition task_group": (
                lambda hand: _rescheduled(hand, Target=_of_machine(hand))
            ),
            "cluster_arn": lambda hand: _aimed(hand, Arn=_arn("ecs:ap-northeast-1", "cluster/other")),
            "role_arn": lambda hand: _aimed(hand, RoleArn=_arn("iam:", "role/other-runner")),
            "task_definition": lambda hand: _aimed(
                hand, task={"TaskDefinitionArn": _arn("ecs:ap-northeast-1", "task-definition/sample-sample:1")}
            ),
            "task_group": lambda hand: _aimed(hand, task={"Group": "theirs"}),
            "subnets": lambda hand: _aimed(hand, {"Subnets": [hand["subnet/c"]]}),
            "security_groups": lambda hand: _aimed(hand, {"SecurityGroups": [hand["security_group/scheduled"]]}),
            "assign_public_ip": lambda hand: _aimed(hand, {"AssignPublicIp": "ENABLED"}),
            "retry_policy": lambda hand: _aimed(
                hand, RetryPolicy={"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 1}
            ),
            "flexible_time_window": lambda hand: _rescheduled(
                hand, FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}
            ),
            "state": lambda hand: _rescheduled(hand, State="DISABLED"),
        },
    ),
    UniversalSchedule: Sample(
        _universal,
        {
            "schedule_expression": lambda hand: _recalled(hand, ScheduleExpression="rate(700 days)"),
            "schedule_expression_timezone": lambda hand: _recalled(hand, ScheduleExpressionTimezone="UTC"),
            "target_arn": lambda hand: _recalled(hand, {"Arn": "arn:aws:scheduler:::aws-sdk:ecs:deleteService"}),
            "role_arn": lambda hand: _recalled(hand, {"RoleArn": _arn("iam:", "role/other-caller")}),
            "input": lambda hand: _recalled(hand, {"Input": "{}"}),
            "retry_policy": lambda hand: _recalled(
                hand, {"RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 1}}
            ),
            "flexible_time_window": lambda hand: _recalled(
                hand, FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}
            ),
            "state": lambda hand: _recalled(hand, State="DISABLED"),
        },
    ),
    StateMachine: Sample(
        _machine,
        {
            "definition": lambda hand: _changed(
                hand, definition=json.dumps(_of_states("arn:aws:ecs:ap-northeast-1:123456789012:task-definition/x:1"))
            ),
            "role_arn": lambda hand: _changed(hand, roleArn=_arn("iam:", "role/other-machines")),
        },
    ),
    RunningExecutions: Sample(_executions),
}
