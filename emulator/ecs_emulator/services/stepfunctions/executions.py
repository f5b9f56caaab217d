"""Run executions: start a task of ECS, wait for its end, retry it, and end it with the machine's time.

Sources: developer guide, "Run Amazon ECS or Fargate tasks with Step Functions" (failures of RunTask are
AmazonECS.Unknown), "Handling errors in Step Functions workflows" (retriers), and "Run a Job (.sync)" (an execution that
is stopped or out of time stops its task, as well as it can). A task has failed if any container has ended with another
code than 0, not only an essential one (wellcomecollection/catalogue-pipeline#3377), or if it never started
(aws/copilot-cli#3160).
"""

from __future__ import annotations

import json
import traceback
from typing import Any

from moto.core.exceptions import ServiceException

from ecs_emulator.authorization import roles
from ecs_emulator.authorization.policy import Check
from ecs_emulator.clock import CLOCK, later, passed
from ecs_emulator.ecs import run_tasks, tasks
from ecs_emulator.ecs.records import Shape, Task, last_part
from ecs_emulator.ecs.store import Store, store
from ecs_emulator.services.stepfunctions import checks, definition
from ecs_emulator.services.stepfunctions.machines import NEVER, RUNNING, Execution, Machine, Machines, in_use

STARTED_BY = "AWS Step Functions"
"""`startedBy` of the tasks (developer guide, the output of its example for ECS)."""


class TaskError(Exception):
    """An error of the state, with its name and cause."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(name)
        self.name, self.cause = name, cause


def start(kept: Machines, machine: Machine, name: str, given: str) -> Execution:
    """Begin an execution, whose first task starts with the next look."""
    read = definition.read(machine.shape["definition"])
    arn = kept.arn("execution", f"{machine.name}:{name}")
    made = Execution(name, arn, machine.arn, given, read, machine.shape["roleArn"])
    if seconds := read.get("TimeoutSeconds"):
        made.ends_at = later(float(seconds))
    kept.executions[arn] = made
    CLOCK.wake()
    return made


def settle() -> None:
    """Take all executions on as far as they go now. The caller holds the cloud's lock."""
    for kept in in_use():
        for one in list(kept.executions.values()):
            if one.status == RUNNING:
                try:
                    _step(kept, one)
                except Exception:  # noqa: BLE001 (one that cannot go on must not keep the others from it)
                    traceback.print_exc()


def abort(kept: Machines, one: Execution, status: str, error: str = "", cause: str = "") -> None:
    """End an execution and stop its task, if its role may."""
    one.end(status, error, cause)
    ecs, task = _task(kept, one)
    if task and _may(kept, one, Check("ecs:StopTask", task.arn, {"ecs:cluster": (ecs.clusters[task.cluster].arn,)})):
        tasks.end(task, "Task stopped by AWS Step Functions", "UserInitiated")


def _step(kept: Machines, one: Execution) -> None:
    if passed(one.ends_at):
        abort(kept, one, "TIMED_OUT", definition.TIMEOUT)
        return
    try:
        if one.task:
            _look(kept, one)
        elif passed(one.begins_at):
            _run(kept, one)
    except TaskError as error:
        _fail(kept, one, error)


def _run(kept: Machines, one: Execution) -> None:
    """Start the task; raise TaskError if ECS does not."""
    request = _request(definition.only(one.definition)["Parameters"])
    ecs = store(kept.account, kept.region)
    found = ecs.definition(str(request["taskDefinition"]))
    cluster = ecs.arn(f"cluster/{last_part(request.get('cluster') or 'default')}")
    needed = [Check("ecs:RunTask", found.arn, {"ecs:cluster": (cluster,)})] if found else []
    passing = {"iam:PassedToService": ("ecs-tasks.amazonaws.com",)}
    shape = found.shape if found else {}
    needed += [
        Check("iam:PassRole", shape[name], passing) for name in ("executionRoleArn", "taskRoleArn") if shape.get(name)
    ]
    if refused := next((check for check in needed if not _may(kept, one, check)), None):
        words = f"User: {one.role} is not authorized to perform: {refused.action} on resource: {refused.resource}"
        raise TaskError("ECS.AccessDeniedException", words)
    try:
        answer = run_tasks.run(ecs, {**request, "startedBy": STARTED_BY})
    except ServiceException as error:
        raise TaskError(f"ECS.{error.code}", str(error.message)) from error
    if answer["failures"]:
        raise TaskError("AmazonECS.Unknown", json.dumps(answer["failures"]))
    one.task, one.begins_at = answer["tasks"][0]["taskArn"], NEVER


def _look(kept: Machines, one: Execution) -> None:
    """End the execution when its task has stopped well; raise TaskError if it has failed."""
    ecs, task = _task(kept, one)
    if task is None:
        raise TaskError(definition.FAILED, "the task is gone")
    if not task.ended:
        return
    told = json.dumps(tasks.describe(ecs, task, tags=False), default=lambda moment: moment.isoformat())
    if task.stop_code != "EssentialContainerExited" or any(task.exit_codes.values()):
        raise TaskError(definition.FAILED, told)
    if kept.machines[one.machine].deleting:
        one.end("ABORTED")
    else:
        one.output = told
        one.end("SUCCEEDED")


def _fail(kept: Machines, one: Execution, error: TaskError) -> None:
    """Plan the next attempt by the first retrier for the error; without one left, the execution has failed."""
    one.task = ""
    machine = kept.machines.get(one.machine)
    retriers = enumerate(definition.only(one.definition).get("Retry", ()))
    number, retrier = next(((n, it) for n, it in retriers if definition.matches(it, error.name)), (-1, None))
    if machine is None or machine.deleting:
        one.end("ABORTED")
    elif retrier is None or one.retries.get(number, 0) >= int(retrier.get("MaxAttempts", 3)):
        one.end("FAILED", error.name, error.cause)
    else:
        done = one.retries.get(number, 0)
        one.begins_at, one.retries[number] = later(definition.wait(retrier, done)), done + 1


def _task(kept: Machines, one: Execution) -> tuple[Store, Task | None]:
    ecs = store(kept.account, kept.region)
    return ecs, ecs.tasks.get(last_part(one.task)) if one.task else None


def _may(kept: Machines, one: Execution, check: Check) -> bool:
    role = checks.usable(kept, one.role, one.machine)
    return role is not None and roles.allows(kept.account, role, check)


def _request(given: Any) -> Shape:
    """Return the parameters with ECS's names: Step Functions' begin with a capital letter."""
    found: Shape = _small(given)
    return found


def _small(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: _small(one) for name, one in value.items()}
    return [_small(one) for one in value] if isinstance(value, list) else value
