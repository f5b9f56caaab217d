"""Step Functions' operations, which replace all of moto's (API reference)."""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Callable

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import BaseResponse
from moto.stepfunctions import urls

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.own_services import answer
from ecs_emulator.paging import Listing, listings
from ecs_emulator.patch import refuse, replace
from ecs_emulator.rules import limits
from ecs_emulator.services.stepfunctions import checks, definition, executions
from ecs_emulator.services.stepfunctions.machines import RUNNING, Execution, Machine, Machines, Shape, machines, now

Operation = Callable[[Machines, Shape], Shape]

_DEFAULTS: Shape = {
    "type": "STANDARD",
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
}
_DELETING = "State Machine is Deleting: '{}'"
_SETTINGS = ("definition", "roleArn", *_DEFAULTS)
_operations: dict[str, Operation] = {}


class StatesResponse(BaseResponse):
    """Moto's entry to Step Functions: it parses and serializes by botocore's model, and calls the operations."""

    def __init__(self) -> None:
        super().__init__(service_name="stepfunctions")
        self.automated_parameter_parsing = True

    def call_action(self) -> TYPE_RESPONSE:
        """Answer one request. Raises NotImplementedError for an operation that is not here."""
        action = self._get_action()
        function = _operations.get(action)
        if function is None:
            raise NotImplementedError(f"states {action}")
        if refusal := limits.refused(self):
            return refusal
        request = {name: value for name, value in self.params.items() if value is not None}
        kept = machines(self.current_account, self.region)
        settle(kept)
        return answer(self, lambda: function(kept, request), request, _listings().get(action))


replace(urls, "url_paths")(dict.fromkeys(urls.url_paths, StatesResponse.dispatch))


@functools.cache
def _listings() -> dict[str, Listing]:
    return listings("stepfunctions")


def _operation(name: str) -> Callable[[Operation], Operation]:
    def register(function: Operation) -> Operation:
        _operations[name] = function
        return function

    return register


def settle(kept: Machines) -> None:
    """Remove the state machines whose deletion is over: that waits for their executions."""
    for arn, machine in list(kept.machines.items()):
        if passed(machine.gone_at) and not kept.running(arn):
            del kept.machines[arn]


# -- state machines ----------------------------------------------------------------------------------------------------


@_operation("CreateStateMachine")
def create_state_machine(kept: Machines, request: Shape) -> Shape:
    """CreateStateMachine: return a machine with the same name and definition, even of another role."""
    name = request["name"]
    if re.search(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]", name):
        refuse("InvalidName", f"Invalid Name: '{name}'")
    if request.get("type", "STANDARD") != "STANDARD":
        refuse("ValidationException", "The embedded cloud does not offer EXPRESS state machines.")
    if request.get("publish"):
        refuse("ValidationException", "The embedded cloud does not offer versions of state machines.")
    definition.read(request["definition"])
    arn = kept.arn("stateMachine", name)
    shape = {**_DEFAULTS, **{key: request[key] for key in _SETTINGS if key in request}}
    if found := kept.machines.get(arn):
        if found.deleting:
            refuse("StateMachineDeleting", _DELETING.format(arn))
        if {**found.shape, "roleArn": ""} != {**shape, "roleArn": ""}:
            refuse("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        return {"stateMachineArn": arn, "creationDate": found.created}
    checks.check_role(kept, request["roleArn"], arn)
    made = Machine(name, arn, shape, _tags(request))
    kept.machines[arn] = made
    return {"stateMachineArn": arn, "creationDate": made.created}


@_operation("UpdateStateMachine")
def update_state_machine(kept: Machines, request: Shape) -> Shape:
    """UpdateStateMachine: change the given settings; executions under way keep their definition and role."""
    machine = _machine(kept, request)
    if machine.deleting:
        refuse("StateMachineDeleting", _DELETING.format(machine.arn))
    given = {key: request[key] for key in _SETTINGS if key in request}
    if not given:
        refuse("MissingRequiredParameter", "Either the definition, the role ARN or a configuration must be specified")
    if "definition" in given:
        definition.read(given["definition"])
    checks.check_role(kept, str(given.get("roleArn", machine.shape["roleArn"])), machine.arn)
    machine.shape = {**machine.shape, **given}
    return {"updateDate": now()}


@_operation("DescribeStateMachine")
def describe_state_machine(kept: Machines, request: Shape) -> Shape:
    """DescribeStateMachine: show a machine, with the status DELETING until it is gone."""
    machine = _machine(kept, request)
    status = "DELETING" if machine.deleting else "ACTIVE"
    return {**_summary(machine), **machine.shape, "status": status}


@_operation("DeleteStateMachine")
def delete_state_machine(kept: Machines, request: Shape) -> Shape:
    """DeleteStateMachine: begin the deletion, which waits for executions; an unknown machine is no error.

    An execution ends with its next change of state (API reference, DeleteStateMachine).
    """
    machine = kept.machines.get(request["stateMachineArn"])
    if machine and not machine.deleting:
        machine.gone_at = later(durations.STATE_MACHINE_DELETE)
    return {}


@_operation("ListStateMachines")
def list_state_machines(kept: Machines, request: Shape) -> Shape:
    """ListStateMachines: list all machines, also in deletion."""
    return {"stateMachines": [_summary(one) for one in kept.machines.values()]}


def _summary(machine: Machine) -> Shape:
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "type": machine.shape["type"],
        "creationDate": machine.created,
    }


def _machine(kept: Machines, request: Shape) -> Machine:
    arn = request["stateMachineArn"]
    if not re.fullmatch(r"arn:[\w-]+:states:[\w-]+:\d+:stateMachine:.+", arn):
        refuse("InvalidArn", f"Invalid Arn: '{arn}'")
    found = kept.machines.get(arn)
    if found is None:
        refuse("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return found


# -- executions --------------------------------------------------------------------------------------------------------


@_operation("StartExecution")
def start_execution(kept: Machines, request: Shape) -> Shape:
    """StartExecution: the same name and input return the execution that runs; any other use of a name is refused."""
    machine = _machine(kept, request)
    if machine.deleting:
        refuse("StateMachineDeleting", _DELETING.format(machine.arn))
    name, given = request.get("name") or str(uuid.uuid4()), request.get("input", "{}")
    arn = kept.arn("execution", f"{machine.name}:{name}")
    if found := kept.executions.get(arn):
        if found.status != RUNNING or found.input != given:
            refuse("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        return {"executionArn": arn, "startDate": found.began}
    made = executions.start(kept, machine, name, given)
    return {"executionArn": made.arn, "startDate": made.began}


@_operation("StopExecution")
def stop_execution(kept: Machines, request: Shape) -> Shape:
    """StopExecution: abort the execution and stop its task; an ended one stays as it is."""
    found = _execution(kept, request)
    if found.status == RUNNING:
        executions.abort(kept, found, "ABORTED", request.get("error", ""), request.get("cause", ""))
    return {"stopDate": found.ended}


@_operation("DescribeExecution")
def describe_execution(kept: Machines, request: Shape) -> Shape:
    """DescribeExecution: with its error and cause once it has failed."""
    found = _execution(kept, request)
    optional = {"stopDate": found.ended, "error": found.error, "cause": found.cause, "output": found.output}
    shown = {name: value for name, value in optional.items() if value}
    return {**_shown(found), "input": found.input, **shown}


@_operation("ListExecutions")
def list_executions(kept: Machines, request: Shape) -> Shape:
    """ListExecutions: list the executions of one machine, beginning with the latest."""
    machine, wanted = _machine(kept, request), request.get("statusFilter")
    there = [one for one in kept.executions.values() if one.machine == machine.arn and wanted in (None, one.status)]
    found = sorted(there, key=lambda one: one.began, reverse=True)
    return {"executions": [{**_shown(one), **({"stopDate": one.ended} if one.ended else {})} for one in found]}


def _shown(one: Execution) -> Shape:
    return {
        "executionArn": one.arn,
        "stateMachineArn": one.machine,
        "name": one.name,
        "status": one.status,
        "startDate": one.began,
    }


def _execution(kept: Machines, request: Shape) -> Execution:
    arn = request["executionArn"]
    found = kept.executions.get(arn)
    if found is None:
        refuse("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    return found


# -- tags --------------------------------------------------------------------------------------------------------------


@_operation("TagResource")
def tag_resource(kept: Machines, request: Shape) -> Shape:
    """TagResource: tag a state machine."""
    _tagged(kept, request).tags.update(_tags(request))
    return {}


@_operation("UntagResource")
def untag_resource(kept: Machines, request: Shape) -> Shape:
    """UntagResource: untag a state machine."""
    machine = _tagged(kept, request)
    for key in request.get("tagKeys", ()):
        machine.tags.pop(key, None)
    return {}


@_operation("ListTagsForResource")
def list_tags_for_resource(kept: Machines, request: Shape) -> Shape:
    """ListTagsForResource: return a machine's tags."""
    return {"tags": [{"key": key, "value": value} for key, value in _tagged(kept, request).tags.items()]}


def _tagged(kept: Machines, request: Shape) -> Machine:
    arn = request["resourceArn"]
    found = kept.machines.get(arn)
    if found is None:
        refuse("ResourceNotFound", f"Resource not found: '{arn}'")
    return found


def _tags(request: Shape) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in request.get("tags", ())}
