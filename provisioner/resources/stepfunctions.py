"""Step Functions: state machines, which run a task of ECS to its end, repeat it and limit its time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

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
from provisioner.engine.planning.actions import parsed
from provisioner.engine.ports import Row
from provisioner.engine.resource import Changes, Observed, Resource

API = Api(
    "stepfunctions",
    "Step Functions",
    signing_name="states",
    tags=TagCalls(
        "arn",
        lambda aws, arn: tag_map(
            aws.client("stepfunctions").list_tags_for_resource(resourceArn=arn)["tags"], "key", "value"
        ),
        lambda aws, arn, tags: aws.client("stepfunctions").tag_resource(
            resourceArn=arn, tags=tag_pairs(tags, "key", "value")
        ),
        lambda aws, arn, keys: aws.client("stepfunctions").untag_resource(resourceArn=arn, tagKeys=[*keys]),
    ),
    transient=(
        Row("not_yet_consistent", "AccessDeniedException", "authorized to assume the provided role", 60,
            "the role has not propagated yet", "awsdocs/aws-step-functions-developer-guide#23"),
        Row("not_yet_consistent", "AccessDeniedException", "is not authorized to create managed-rule", 60,
            "the role's policies have not propagated yet", "terraform-aws-modules/terraform-aws-step-functions#11"),
        Row("in_use", "StateMachineDeleting", "", 300, "a state machine of this name is being deleted",
            "Step Functions API, CreateStateMachine"),
        Row("in_use", "ConflictException", "", 60, "another change is in progress", "Step Functions API"),
        Row("not_found", "StateMachineDoesNotExist|ExecutionDoesNotExist", meaning="it is gone",
            source="Step Functions API"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class StateMachine(Resource):
    """A standard state machine.

    Attributes:
        definition: in Amazon States Language, which is JSON.
        role_arn: the role that Step Functions runs it with.
    """

    state_machine_name: str
    definition: Mapping[str, Any]
    role_arn: str

    type_name = "state_machine"
    api = API
    arn = "stateMachine:{state_machine_name}"
    permissions = (
        *grants("states", "DescribeStateMachine", OWN),
        *grants("states", "ListTagsForResource", OWN, use=Use.OTHER, why=UNSHOWN_TAGS),
        *grants("states", "CreateStateMachine", OWN, conditions=ASKED),
        *grants("states", "TagResource", OWN, conditions=ASKED, **TAGS_AT_ONCE),
        *retagging("states", "TagResource", OWN),
        *untagging("states", "UntagResource", OWN, conditions=OURS),
        *grants("states", "UpdateStateMachine", OWN, use=Use.OTHER, why=CHANGED),
        *grants("states", "DeleteStateMachine ListExecutions", OWN),
        *passing("states.amazonaws.com", "CreateStateMachine, UpdateStateMachine", "machines"),
    )
    identity = ("state_machine_name",)
    derived = ("id", "arn")
    outputs = ("arn",)
    delete_timeout = 3600
    poll_interval = 10

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        # an account may have hundreds, and a list has no tags: these are read by their names
        names = {fields["state_machine_name"] for fields in known}
        names |= {arn.partition(":stateMachine:")[2] for arn in aws.tagged("states", cls) if ":stateMachine:" in arn}
        for machine in aws.each(partial(_shown, aws), sorted(names)):
            if machine is not None:
                yield _live(aws, machine)

    def create(self, aws: Aws, token: str) -> Observed:
        made = aws.client("stepfunctions").create_state_machine(
            name=self.state_machine_name,
            definition=json.dumps(self.definition),
            roleArn=self.role_arn,
            type="STANDARD",
            tags=aws.tag_list(self.address, "key", "value"),
        )
        outputs = {"arn": made["stateMachineArn"]}
        name, tags = self.state_machine_name, aws.tags(self.address)
        return observed(aws, name, self.fields(), tags, outputs, status="ACTIVE")

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        aws.client("stepfunctions").update_state_machine(
            stateMachineArn=live.outputs["arn"], definition=json.dumps(self.definition), roleArn=self.role_arn
        )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        """Delete the machine once none of its executions is under way: AWS would end these before their retries."""
        if not running(aws, live.outputs["arn"]):
            aws.client("stepfunctions").delete_state_machine(stateMachineArn=live.outputs["arn"])

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        names = running(aws, live.outputs["arn"])
        return f"{len(names)} of its executions under way" if names else ""


@dataclass(frozen=True)
class RunningExecutions(Resource):
    """The executions of a state machine that are under way, all together: its id is the job's name.

    A teardown stops them once the schedule that starts them is gone, and Step Functions stops their tasks. While there
    is the schedule, they are left to their end: a job that only gets another way to run loses no run by it.
    """

    state_machine: str
    group_name: str
    schedule_name: str

    type_name = "running_executions"
    api = API
    arn = "execution:{stack}-*"
    permissions = (*grants("states", "StopExecution", OWN, use=Use.OTHER, why="`down` while a job runs"),)
    created_by_aws = True
    poll_interval = 5

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        machines = {one.outputs["arn"]: one for one in aws.live(StateMachine)}
        for fields in known:
            machine = machines.get(fields["state_machine"])
            if machine is None or not machine.owned or scheduled(aws, fields["group_name"], fields["schedule_name"]):
                continue
            if found := running(aws, machine.outputs["arn"]):
                yield Observed(
                    fields["schedule_name"], {}, {"arn": machine.outputs["arn"]}, status=f"{len(found)} running"
                )

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        for arn in running(aws, live.outputs["arn"]):
            aws.client("stepfunctions").stop_execution(executionArn=arn, cause="The stack is being deleted")


def running(aws: Aws, machine: str) -> list[str]:
    """Return the ARNs of a machine's executions that are under way; none if it is gone."""
    pages = aws.pages("stepfunctions", "list_executions", "executions", stateMachineArn=machine, statusFilter="RUNNING")
    try:
        return [one["executionArn"] for one in pages]
    except ClientError as error:
        if not not_found(error, "stepfunctions"):
            raise
        return []


def scheduled(aws: Aws, group: str, name: str) -> bool:
    """Return whether a schedule exists."""
    try:
        aws.read("scheduler", "get_schedule", GroupName=group, Name=name)
    except ClientError as error:
        if not not_found(error, "scheduler"):
            raise
        return False
    return True


def _shown(aws: Aws, name: str) -> Mapping[str, Any] | None:
    """Return a state machine as Step Functions shows it; None if there is none of that name."""
    arn = f"arn:{aws.partition}:states:{aws.region}:{aws.account}:stateMachine:{name}"
    try:
        found: Mapping[str, Any] = aws.read("stepfunctions", "describe_state_machine", stateMachineArn=arn)
    except ClientError as error:
        if not not_found(error, "stepfunctions"):
            raise
        return None
    return found


def _live(aws: Aws, shown: Mapping[str, Any]) -> Observed:
    arn, status = shown["stateMachineArn"], str(shown.get("status", ""))
    attributes = {
        "state_machine_name": shown["name"],
        "definition": parsed(shown.get("definition") or "{}"),
        "role_arn": shown["roleArn"],
    }
    tags = tags_of(aws, "stepfunctions", arn)
    deleting = status == "DELETING"
    return observed(aws, shown["name"], attributes, tags, {"arn": arn}, status=status, deleting=deleting)
