"""EventBridge Scheduler: the stack's schedule group, and its schedules, which run tasks or call an API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws import list_limits
from provisioner.aws.api import Api, TagCalls
from provisioner.aws.client import Aws
from provisioner.aws.errors import not_found
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import (
    ASKED,
    CHANGED,
    OURS,
    OWN,
    TAGS_AT_ONCE,
    UNSHOWN_TAGS,
    Use,
    grants,
    passing,
    retagging,
    untagging,
)
from provisioner.aws.tagging import observed, tag_map, tags_of
from provisioner.config.records import CALLING
from provisioner.engine.costs import Around, Cost
from provisioner.engine.planning.actions import parsed
from provisioner.engine.ports import Row
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.sized import run_costs

if TYPE_CHECKING:
    import boto3
    from botocore.model import OperationModel

    from provisioner.aws.session import Session

API = Api(
    "scheduler",
    "EventBridge Scheduler",
    tags=TagCalls(
        "arn",
        lambda aws, arn: tag_map(aws.client("scheduler").list_tags_for_resource(ResourceArn=arn)["Tags"]),
        lambda aws, arn, tags: aws.client("scheduler").tag_resource(ResourceArn=arn, Tags=tag_pairs(tags)),
        lambda aws, arn, keys: aws.client("scheduler").untag_resource(ResourceArn=arn, TagKeys=keys),
    ),
    transient=(
        Row("not_yet_consistent", "ValidationException", "to assume the role", 60, "the role has not propagated yet",
            "aws-sdk-js-v3#6494"),
        Row("in_use", "ConflictException", "", 300, "another change is in progress", "EventBridge Scheduler API"),
    ),
)  # fmt: skip
_UNIVERSAL = ":scheduler:::aws-sdk:"
"""A part of each universal target's ARN (user guide, "Using universal targets")."""
_SCHEDULES = "schedule/{stack}/*"


@dataclass(frozen=True)
class ScheduleGroup(Resource):
    """A group of schedules. It carries the tags and the permissions for its schedules, which have no tags."""

    group_name: str

    type_name = "schedule_group"
    api = API
    arn = "schedule-group/{group_name}"
    permissions = (
        *grants("scheduler", "GetScheduleGroup", OWN),
        *grants("scheduler", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("scheduler", "CreateScheduleGroup", OWN, conditions=ASKED),
        *grants("scheduler", "TagResource", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *retagging("scheduler", "TagResource", OWN),
        *untagging("scheduler", "UntagResource", OWN, conditions=OURS),
        *grants("scheduler", "DeleteScheduleGroup", OWN),
        # for its schedules of both kinds; without a group there is nothing to list
        *grants("scheduler", "ListSchedules", use=Use.OPTION, why="jobs with a schedule, `[schedule]`"),
        *grants("scheduler", "GetSchedule", _SCHEDULES),
        *grants("scheduler", "CreateSchedule DeleteSchedule", _SCHEDULES),
        *grants("scheduler", "UpdateSchedule", _SCHEDULES, use=Use.OTHER, why=CHANGED),
        *passing("scheduler.amazonaws.com", "CreateSchedule, UpdateSchedule", "schedules", "sleep"),
    )
    identity = ("group_name",)
    derived = ("id", "arn")
    outputs = ("arn",)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        # a user who never declared a group may lack the permission to read it
        names = {fields["group_name"] for fields in known}
        names |= {arn.rpartition("/")[2] for arn in aws.tagged("scheduler", cls) if ":schedule-group/" in arn}
        for name in sorted(names):
            if (group := _shown(aws, "get_schedule_group", {"Name": name})) is not None:
                tags = tags_of(aws, "scheduler", group["Arn"], known=True)
                state = str(group.get("State", ""))
                deleting = state == "DELETING"
                yield observed(
                    aws, name, {"group_name": name}, tags, {"arn": group["Arn"]}, status=state, deleting=deleting
                )

    def create(self, aws: Aws, token: str) -> Observed:
        made = aws.client("scheduler").create_schedule_group(
            Name=self.group_name, ClientToken=token, Tags=aws.tag_list(self.address)
        )
        outputs = {"arn": made["ScheduleGroupArn"]}
        return observed(aws, self.group_name, self.fields(), aws.tags(self.address), outputs, status="ACTIVE")

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        # AWS also deletes the schedules that are still in it
        aws.client("scheduler").delete_schedule_group(Name=live.id)


@dataclass(frozen=True)
class Schedule(Resource):
    """A schedule that runs one task on Fargate whenever it is due, or starts a state machine that runs it.

    Attributes:
        schedule_expression: `cron(…)`, `rate(…)` or `at(…)`.
        schedule_expression_timezone: an IANA name; the time zone of `cron` and `at`.
        state_machine_arn: the state machine; without one the schedule itself runs the task.
        cluster_arn, task_definition, subnets, security_groups, assign_public_ip: the task, its cluster and its network.
        role_arn: the role that EventBridge Scheduler runs it with.
        task_group: the group that ECS puts its tasks in; other runs of the family are in another group.
        retry_policy: for calls that start no task, in AWS's spelling; a task that fails is not repeated.
        flexible_time_window, state: in AWS's spelling.
    """

    group_name: str
    schedule_name: str
    schedule_expression: str
    schedule_expression_timezone: str
    role_arn: str
    retry_policy: Mapping[str, int]
    flexible_time_window: Mapping[str, Any]
    cluster_arn: str | None = None
    task_definition: str | None = None
    task_group: str | None = None
    subnets: Sequence[str] = ()
    security_groups: Sequence[str] = ()
    assign_public_ip: str | None = None
    state: str = "ENABLED"
    state_machine_arn: str | None = None

    type_name = "schedule"
    api = API
    has_tags = False
    has_parent = True
    arn = "schedule/{stack}/*"
    identity = ("group_name", "schedule_name")
    derived = ("id",)
    unordered = frozenset({"subnets", "security_groups"})

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        yield from run_costs(name, around)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for one, group in _listed(aws, universal=False):
            yield _live(one, owned=group.owned, deleting=group.deleting)

    def create(self, aws: Aws, token: str) -> Observed:
        settings = self._settings()
        aws.client("scheduler").create_schedule(ClientToken=token, **settings)
        return _live(settings, owned=True)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        # always with all members: omitted ones return to their defaults (API reference, UpdateSchedule)
        aws.client("scheduler").update_schedule(**self._settings())

    def _settings(self) -> dict[str, Any]:
        if self.state_machine_arn:
            return _whole(self, Arn=self.state_machine_arn, Input="{}")
        network = {
            "Subnets": list(self.subnets),
            "SecurityGroups": list(self.security_groups),
            "AssignPublicIp": self.assign_public_ip,
        }
        parameters = {
            "TaskDefinitionArn": self.task_definition,
            "Group": self.task_group,
            "TaskCount": 1,
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {"awsvpcConfiguration": network},
        }
        return _whole(self, Arn=self.cluster_arn, EcsParameters=parameters)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        _delete(aws, live)


@dataclass(frozen=True)
class UniversalSchedule(Resource):
    """A schedule that calls an operation of an API whenever it is due.

    Attributes:
        schedule_expression, schedule_expression_timezone: as in `Schedule`.
        target_arn: the operation, `arn:aws:scheduler:::aws-sdk:ecs:updateService`.
        role_arn: the role that EventBridge Scheduler calls it with.
        input: the operation's parameters, with names as in AWS's SDK for Java.
        retry_policy: for refused calls, in AWS's spelling.
        flexible_time_window, state: in AWS's spelling.
    """

    group_name: str
    schedule_name: str
    schedule_expression: str
    schedule_expression_timezone: str
    target_arn: str
    role_arn: str
    input: Mapping[str, Any]
    retry_policy: Mapping[str, int]
    flexible_time_window: Mapping[str, Any]
    state: str = "ENABLED"

    type_name = CALLING
    api = API
    has_tags = False
    has_parent = True
    arn = "schedule/{stack}/*"
    identity = ("group_name", "schedule_name")
    derived = ("id",)

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for one, group in _listed(aws, universal=True):
            yield _live_call(one, owned=group.owned, deleting=group.deleting)

    def create(self, aws: Aws, token: str) -> Observed:
        settings = self._settings(aws)
        aws.client("scheduler").create_schedule(ClientToken=token, **settings)
        return _live_call(settings, owned=True)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        # always with all members: omitted ones return to their defaults (API reference, UpdateSchedule)
        aws.client("scheduler").update_schedule(**self._settings(aws))

    def _settings(self, aws: Aws) -> dict[str, Any]:
        list_limits.check(self.input, operation_of(aws.connection.session, self.target_arn))
        return _whole(self, Arn=self.target_arn, Input=json.dumps(self.input))

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        _delete(aws, live)


def operation_of(session: Session | boto3.Session, target_arn: str) -> OperationModel:
    """Return the operation that a universal target calls; the ARN has the API's name without hyphens."""
    api, operation = target_arn.partition(_UNIVERSAL)[2].split(":")
    service = next(name for name in session.get_available_services() if name.replace("-", "") == api)
    model = session._session.get_service_model(service)  # noqa: SLF001 (boto3 has no other way to a model)
    found: OperationModel = model.operation_model(operation[0].upper() + operation[1:])
    return found


def _listed(aws: Aws, *, universal: bool) -> Iterator[tuple[Mapping[str, Any], Observed]]:
    """Yield (schedule, group) for the stack's schedules of one kind: schedules that call APIs, or that run tasks."""
    for group in aws.live(ScheduleGroup):
        listed = aws.pages("scheduler", "list_schedules", "Schedules", GroupName=group.id)
        named = [
            {"GroupName": group.id, "Name": one["Name"]}
            for one in listed
            if (_UNIVERSAL in one["Target"]["Arn"]) == universal
        ]
        for one in aws.each(partial(_shown, aws, "get_schedule"), named):
            # a schedule may be deleted between the list and the read
            if one is not None:
                yield one, group


def _delete(aws: Aws, live: Observed) -> None:
    group, _, name = live.id.partition("/")
    aws.client("scheduler").delete_schedule(GroupName=group, Name=name)


def _whole(one: Schedule | UniversalSchedule, **target: Any) -> dict[str, Any]:
    """Return a schedule in AWS's spelling, with these members of its target."""
    return {
        "GroupName": one.group_name,
        "Name": one.schedule_name,
        "ScheduleExpression": one.schedule_expression,
        "ScheduleExpressionTimezone": one.schedule_expression_timezone,
        "FlexibleTimeWindow": dict(one.flexible_time_window),
        "State": one.state,
        "Target": {"RoleArn": one.role_arn, "RetryPolicy": dict(one.retry_policy), **target},
    }


def _live_call(shown: Mapping[str, Any], *, owned: bool, deleting: bool = False) -> Observed:
    target = shown.get("Target", {})
    fields = {"target_arn": target.get("Arn"), "input": parsed(target.get("Input") or "{}")}
    return _observed(shown, fields, owned=owned, deleting=deleting)


def _live(shown: Mapping[str, Any], *, owned: bool, deleting: bool = False) -> Observed:
    target = shown.get("Target", {})
    task = target.get("EcsParameters", {})
    network = task.get("NetworkConfiguration", {}).get("awsvpcConfiguration", {})
    arn = target.get("Arn")
    starts = ":stateMachine:" in str(arn)
    fields = {
        "state_machine_arn": arn if starts else None,
        "cluster_arn": None if starts else arn,
        "task_definition": task.get("TaskDefinitionArn"),
        "task_group": task.get("Group"),
        "subnets": network.get("Subnets", []),
        "security_groups": network.get("SecurityGroups", []),
        "assign_public_ip": None if starts else network.get("AssignPublicIp", "DISABLED"),
    }
    return _observed(shown, fields, owned=owned, deleting=deleting)


def _observed(shown: Mapping[str, Any], fields: Mapping[str, Any], *, owned: bool, deleting: bool) -> Observed:
    """Return a schedule as observed, with the fields that only its kind has."""
    target = shown.get("Target", {})
    attributes = {
        "group_name": shown["GroupName"],
        "schedule_name": shown["Name"],
        "schedule_expression": shown.get("ScheduleExpression"),
        "schedule_expression_timezone": shown.get("ScheduleExpressionTimezone", "UTC"),
        "role_arn": target.get("RoleArn"),
        "retry_policy": target.get("RetryPolicy", {}),
        "flexible_time_window": shown.get("FlexibleTimeWindow", {}),
        "state": shown.get("State", "ENABLED"),
        **fields,
    }
    name = f"{shown['GroupName']}/{shown['Name']}"
    return Observed(name, attributes, owned=owned, deleting=deleting, status=str(shown.get("State", "")))


def _shown(aws: Aws, operation: str, which: Mapping[str, str]) -> Mapping[str, Any] | None:
    """Return a group or schedule as EventBridge Scheduler shows it; None if there is none of that name."""
    try:
        found: Mapping[str, Any] = aws.read("scheduler", operation, **which)
    except ClientError as error:
        if not not_found(error, "scheduler"):
            raise
        return None
    return found
