"""Session Manager: port forwarding to ECS tasks; sessions of ExecuteCommand are resumed and ended here too."""

from __future__ import annotations

import secrets
from typing import Any

from moto.core.responses import ActionResult
from moto.ssm.responses import SimpleSystemManagerResponse

from ecs_emulator.ecs.execute_command import connected
from ecs_emulator.ecs.records import Task
from ecs_emulator.ecs.store import store
from ecs_emulator.patch import add, refuse
from ecs_emulator.sessions import behind, book

OWN_PORT, REMOTE_PORT = "AWS-StartPortForwardingSession", "AWS-StartPortForwardingSessionToRemoteHost"


@add(SimpleSystemManagerResponse, "start_session")
def start_session(self: Any) -> ActionResult:
    """StartSession: forward a port of a task's container; refuse documents that do not forward a port."""
    target, document = str(self._get_param("Target") or ""), str(self._get_param("DocumentName") or "")
    task = _task(self.current_account, self.region, target)
    if task is None:
        refuse("TargetNotConnected", f"{target} is not connected.")
    if document not in (OWN_PORT, REMOTE_PORT):
        refuse("InvalidDocument", f"Document with name {document} does not exist.")
    given = {name: values[0] for name, values in (self._get_param("Parameters") or {}).items() if values}
    host, port = given.get("host", "localhost"), given.get("portNumber", "")
    if not port.isdigit() or not 1 <= int(port) <= 65535 or ("host" in given) != (document == REMOTE_PORT):
        # SendCommand has this error, StartSession documents none (API reference): AWS's message is not known
        refuse("InvalidParameters", "The parameters do not fit the document: host, portNumber, localPortNumber.")
    properties = {"portNumber": port, "localPortNumber": given.get("localPortNumber", ""), "host": host}
    channel = book.open_session("moto", task, behind.forward(task, properties, host, int(port)))
    return ActionResult(
        {"SessionId": channel.session, "StreamUrl": book.url(channel), "TokenValue": channel.token},
    )


@add(SimpleSystemManagerResponse, "resume_session")
def resume_session(self: Any) -> ActionResult:
    """ResumeSession: return a new token for a session that has not ended."""
    session = str(self._get_param("SessionId") or "")
    channel = book.find(session)
    if channel is None:
        refuse("DoesNotExistException", f"Session {session} does not exist.")
    channel.token = secrets.token_urlsafe(48)
    return ActionResult({"SessionId": session, "StreamUrl": book.url(channel), "TokenValue": channel.token})


@add(SimpleSystemManagerResponse, "terminate_session")
def terminate_session(self: Any) -> ActionResult:
    """TerminateSession: accept an ended session too, since AWS documents no error for it (API reference)."""
    session = str(self._get_param("SessionId") or "")
    if channel := book.find(session):
        channel.stop()
    return ActionResult({"SessionId": session})


def _task(account: str, region: str, target: str) -> Task | None:
    """Return the task of a target such as `ecs:cluster_task_runtime`, if its agent can be reached; else None."""
    kept = store(account, region)
    for task in kept.tasks.values():
        if target in {f"ecs:{task.cluster}_{task.id}_{runtime}" for runtime in task.runtime_ids}:
            runs = task.status == "RUNNING" and task.spec.get("enableExecuteCommand")
            return task if runs and connected(kept, task) else None
    return None
