"""ExecuteCommand: open a session into a container of a task, if its agent is connected."""

from __future__ import annotations

from ecs_emulator.authorization import roles
from ecs_emulator.authorization.policy import Check
from ecs_emulator.ecs import overrides, ways_out
from ecs_emulator.ecs.dispatch import operation
from ecs_emulator.ecs.records import Shape, Task
from ecs_emulator.ecs.store import Store
from ecs_emulator.ecs.tasks import describe, find
from ecs_emulator.patch import refuse
from ecs_emulator.sessions import behind, book

AGENT_CALLS = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
"""The actions of `ssmmessages` that the task's role has to allow (ECS developer guide, "ECS Exec permissions")."""
NOT_ENABLED = (
    "The execute command failed because execute command was not enabled when the task was run or the execute command "
    "agent isn’t running. Wait and try again or run a new task with execute command enabled and try again."
)
NOT_CONNECTED = "The execute command failed due to an internal error. Try again later."
"""AWS's only message when the agent cannot reach Systems Manager (aws/aws-cli#6456)."""


@operation
def execute_command(store: Store, request: Shape) -> Shape:
    """Answer ExecuteCommand; the command starts once the channel is opened (API reference; ECS guide, ecs-exec-run)."""
    task = find(store, request)
    if not request.get("interactive"):
        # boto/boto3#2822
        refuse("InvalidParameterException", "Interactive is the only mode supported currently.")
    container = _container(task, request.get("container"))
    if not task.spec.get("enableExecuteCommand") or task.status != "RUNNING":
        refuse("InvalidParameterException", NOT_ENABLED)
    if not connected(store, task):
        refuse("TargetNotConnectedException", NOT_CONNECTED)
    channel = book.open_session("ecs-execute-command", task, behind.command(task, container, request["command"]))
    shown = describe(store, task, tags=False)
    return {
        "clusterArn": shown["clusterArn"],
        "containerArn": next(one["containerArn"] for one in shown["containers"] if one["name"] == container["name"]),
        "containerName": container["name"],
        "interactive": True,
        "session": {"sessionId": channel.session, "streamUrl": book.url(channel), "tokenValue": channel.token},
        "taskArn": task.arn,
    }


def connected(store: Store, task: Task) -> bool:
    """Return whether a running task's agent reaches Systems Manager: its role and the network allow it."""
    role = roles.named(store.account, overrides.role(task).rpartition("/")[2])
    allowed = role is not None and all(
        roles.allows(store.account, role, Check(f"ssmmessages:{call}")) for call in AGENT_CALLS
    )
    return allowed and ways_out.reaches(store, task, "ssmmessages")


def _container(task: Task, name: str | None) -> Shape:
    """Return the requested container; a task with only one needs no name (API reference, ExecuteCommand).

    AWS's messages for the refusals are not known.
    """
    defined: list[Shape] = task.definition.shape["containerDefinitions"]
    if name is None and len(defined) > 1:
        refuse("InvalidParameterException", "A container name is required for a task with more than one container.")
    found = next((one for one in defined if name in (None, one["name"])), None)
    if found is None:
        refuse("InvalidParameterException", f"The container {name} is not in the task.")
    return found
