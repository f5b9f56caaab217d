"""Refusals by EventBridge Scheduler."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, Case, Scene, once, parameter
from tests.cloud.refusals.ecs_clusters import cluster
from tests.cloud.refusals.ecs_tasks import definition
from tests.cloud.refusals.network import group, subnets

case = partial(Case, "scheduler")
TYPES = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"
ECS = "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_EcsParameters.html"
UNIVERSAL = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html"
WINDOW = "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_FlexibleTimeWindow.html"
RETRY = "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html"
TRUST = "https://github.com/aws/aws-sdk-js-v3/issues/6494"
ASSUME = "must allow AWS EventBridge Scheduler to assume the role"
PLACE = "ap-northeast-1:123456789012"


@once
def role(scene: Scene, service: str = "scheduler.amazonaws.com") -> str:
    """The ARN of a role that a service may assume."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    made = scene.client("iam").create_role(
        RoleName=scene.name("schedules"),
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
    )
    return str(made["Role"]["Arn"])


def target(scene: Scene, **more: Any) -> dict[str, Any]:
    network = {"Subnets": subnets(scene)[:2], "SecurityGroups": [group(scene)]}
    parameters = {
        "TaskDefinitionArn": definition(scene),
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"awsvpcConfiguration": network},
    }
    arn = f"arn:aws:ecs:{PLACE}:cluster/{cluster(scene)}"
    whole = {"Arn": arn, "RoleArn": role(scene), "EcsParameters": parameters, **more}
    return {name: value for name, value in whole.items() if value is not None}


def request(scene: Scene, **more: Any) -> dict[str, Any]:
    return {
        "Name": scene.name("schedule"),
        "ScheduleExpression": "rate(1 hour)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target(scene),
        **more,
    }


def create(scene: Scene, scheduler: Any, **more: Any) -> Any:
    return scheduler.create_schedule(**request(scene, **more))


def twice(scene: Scene, scheduler: Any) -> Any:
    """Create a schedule again, with another token."""
    asked = request(scene)
    for token in ("one", "two"):
        scheduler.create_schedule(**asked, ClientToken=token)


def group_twice(scene: Scene, scheduler: Any) -> Any:
    """Create a group again, with another token."""
    name = scene.name("group")
    for token in ("one", "two"):
        scheduler.create_schedule_group(Name=name, ClientToken=token)


def into_a_deleted_group(scene: Scene, scheduler: Any) -> Any:
    name = scene.name("group")
    scheduler.create_schedule_group(Name=name)
    scheduler.delete_schedule_group(Name=name)
    return create(scene, scheduler, GroupName=name)


def without_a_definition(scene: Scene) -> dict[str, Any]:
    return target(scene, EcsParameters={"TaskDefinitionArn": "web"})


def universal(scene: Scene, operation: str, given: str = "{}") -> dict[str, Any]:
    return {"Arn": f"arn:aws:scheduler:::aws-sdk:{operation}", "RoleArn": role(scene), "Input": given}


NO_GROUP = f"arn:aws:scheduler:{PLACE}:schedule-group/nothing"

CASES = (
    case("CreateSchedule", "with nonsense for a cron expression", "ValidationException", TYPES,
        lambda s, c: create(s, c, ScheduleExpression="cron(nonsense)"), "Invalid Schedule Expression"),
    case("CreateSchedule", "with five fields of cron", "ValidationException", TYPES,
        lambda s, c: create(s, c, ScheduleExpression="cron(0 10 * * ?)"), "Invalid Schedule Expression"),
    case("CreateSchedule", "with both a day of the month and of the week", "ValidationException", TYPES,
        lambda s, c: create(s, c, ScheduleExpression="cron(0 10 1 * MON *)"), "Invalid Schedule Expression"),
    case("CreateSchedule", "with a unit that a rate does not have", "ValidationException", TYPES,
        lambda s, c: create(s, c, ScheduleExpression="rate(1 week)"), "Invalid Schedule Expression"),
    case("CreateSchedule", "with a moment that is none", "ValidationException", TYPES,
        lambda s, c: create(s, c, ScheduleExpression="at(2030-02-30T00:00:00)"), "Invalid Schedule Expression"),
    case("CreateSchedule", "with a time zone that there is not", "ValidationException",
        parameter("ScheduleExpressionTimezone"),
        lambda s, c: create(s, c, ScheduleExpressionTimezone="Mars/Olympus"), "Timezone"),
    case("CreateSchedule", "with a start date of yesterday", "ValidationException",
        parameter("StartDate"), lambda s, c: create(s, c, StartDate=0), "StartDate"),
    case("CreateSchedule", "with an end date that is past", "ValidationException",
        parameter("EndDate"), lambda s, c: create(s, c, EndDate=0), "EndDate"),
    case("CreateSchedule", "with a flexible window of no length", "ValidationException", WINDOW,
        lambda s, c: create(s, c, FlexibleTimeWindow={"Mode": "FLEXIBLE"}), "MaximumWindowInMinutes"),
    case("CreateSchedule", "with a flexible window of more than a day", "ValidationException", WINDOW,
        lambda s, c: create(s, c, FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441})),
    case("CreateSchedule", "with more than 185 attempts", "ValidationException", RETRY,
        lambda s, c: create(s, c, Target=target(s, RetryPolicy={"MaximumRetryAttempts": 186}))),
    case("CreateSchedule", "with other characters in the name than are allowed", "ValidationException",
        parameter("Name"), lambda s, c: create(s, c, Name="by night")),
    case("CreateSchedule", "with a target that is no ARN", "ValidationException",
        "https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html",
        lambda s, c: create(s, c, Target=target(s, Arn="main")), "Arn is not in correct format"),
    case("CreateSchedule", "with a cluster and no parameters of ECS", "ValidationException", ECS,
        lambda s, c: create(s, c, Target=target(s, EcsParameters=None)), "EcsParameters"),
    case("CreateSchedule", "with a task definition that is no ARN", "ValidationException", ECS,
        lambda s, c: create(s, c, Target=without_a_definition(s)), "TaskDefinitionArn"),
    case("CreateSchedule", "with a universal target that only reads", "ValidationException", UNIVERSAL,
        lambda s, c: create(s, c, Target=universal(s, "ecs:describeServices")), "Arn is not in correct format"),
    case("CreateSchedule", "with input of a universal target that is no JSON", "ValidationException", UNIVERSAL,
        lambda s, c: create(s, c, Target=universal(s, "ecs:updateService", "Cluster=main")), "Input"),
    case("CreateSchedule", "with a role that does not exist", "ValidationException", TRUST,
        lambda s, c: create(s, c, Target=target(s, RoleArn="arn:aws:iam::123456789012:role/nobody")), ASSUME),
    case("CreateSchedule", "with a role that trusts another service", "ValidationException", TRUST,
        lambda s, c: create(s, c, Target=target(s, RoleArn=role(s, "ecs-tasks.amazonaws.com"))), ASSUME),
    case("CreateSchedule", "in a group that there is not", "ResourceNotFoundException", ERRORS,
        lambda s, c: create(s, c, GroupName="nothing")),
    case("CreateSchedule", "in a group that is being deleted", "ConflictException", ERRORS, into_a_deleted_group),
    case("CreateSchedule", "with a name that is taken", "ConflictException", ERRORS, twice, "already exists"),
    case("UpdateSchedule", "that is unknown", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.update_schedule(**request(s))),
    case("UpdateSchedule", "to an expression that is none", "ValidationException", TYPES,
        lambda s, c: [getattr(c, verb)(**request(s, Name="mine", **more)) for verb, more in (
            ("create_schedule", {}), ("update_schedule", {"ScheduleExpression": "hourly"}))]),
    case("GetSchedule", "that is unknown", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.get_schedule(Name="nothing")),
    case("DeleteSchedule", "that is unknown", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.delete_schedule(Name="nothing")),
    case("ListSchedules", "of a group that there is not", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.list_schedules(GroupName="nothing")),
    case("CreateScheduleGroup", "with a name that is taken", "ConflictException", ERRORS, group_twice,
        "already exists"),
    case("GetScheduleGroup", "that is unknown", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.get_schedule_group(Name="nothing")),
    case("DeleteScheduleGroup", "that is unknown", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.delete_schedule_group(Name="nothing")),
    case("DeleteScheduleGroup", "that is the default one", "ValidationException", ERRORS,
        lambda s, c: c.delete_schedule_group(Name="default"), "default"),
    case("TagResource", "of a group that there is not", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.tag_resource(ResourceArn=NO_GROUP, Tags=[{"Key": "a", "Value": "1"}])),
    case("ListTagsForResource", "of a group that there is not", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.list_tags_for_resource(ResourceArn=NO_GROUP)),
)  # fmt: skip
