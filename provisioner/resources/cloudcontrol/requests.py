"""Requests of Cloud Control: start an operation, which then runs by itself, and follow it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from provisioner.aws.api import Api
from provisioner.aws.client import Aws
from provisioner.aws.errors import refused
from provisioner.engine.planning.actions import HIDDEN
from provisioner.engine.ports import Row

Event = Mapping[str, Any]
"""A ProgressEvent."""
API = Api(
    "cloudcontrol",
    "Cloud Control",
    signing_name="cloudcontrolapi",
    transient=(
        Row(
            "in_use",
            "ConcurrentOperationException|ResourceConflict(Exception)?",
            "",
            600,
            "another operation on it is in progress",
            "Cloud Control API, errors of UpdateResource",
        ),
        Row(
            "in_use",
            "Throttling|ServiceInternalError|ServiceTimeout|NetworkFailure|InternalFailure",
            "",
            300,
            "its own service did not take the call",
            "CloudFormation CLI user guide, handler error codes (retriable)",
        ),
    ),
)
CLIENT = API.service
TOKEN = "RequestToken"  # noqa: S105 (the name of a member)
"""The member that names the request, in an event and in the outputs of a resource that is being created."""
RUNNING = ("PENDING", "IN_PROGRESS", "CANCEL_IN_PROGRESS")
PAUSE = 1.0
"""Seconds between two checks of a request."""


def running(event: Event) -> bool:
    """Say whether an operation is still running."""
    return event.get("OperationStatus") in RUNNING


def followed(
    aws: Aws,
    event: Event,
    seconds: float,
    secrets: Collection[str] = (),
    until: Callable[[Event], object] = lambda event: False,
) -> Event:
    """Follow a request until it ends, `seconds` pass or the user stops the run; return its last event.

    Args:
        secrets: texts to hide if AWS repeats them.
        until: tells whether enough is known.

    Raises:
        ClientError: the operation failed; a retry with the same client token fails again as long as AWS remembers it.
    """
    end = aws.pace.now() + seconds
    while running(event) and not until(event) and aws.pace.now() < end and not aws.pace.stop.is_set():
        aws.pace.wait(PAUSE)
        event = aws.client(CLIENT).get_resource_request_status(RequestToken=event[TOKEN])["ProgressEvent"]
    if why := failure(event, secrets):
        code, _, message = why.partition(": ")
        raise refused({"Code": code, "Message": message}, f"{str(event.get('Operation', '')).title()}Resource")
    return event


def failure(event: Event, secrets: Collection[str] = ()) -> str:
    """Return the reason of a failed operation as `code: message`; empty if it did not fail."""
    status = event.get("OperationStatus")
    if status not in ("FAILED", "CANCEL_COMPLETE"):
        return ""
    code = event.get("ErrorCode") or {"CANCEL_COMPLETE": "Cancelled"}.get(str(status), "GeneralServiceException")
    message = event.get("StatusMessage") or "no message"
    for secret in secrets:
        message = message.replace(secret, HIDDEN)
    return f"{code}: {message}"


def under_way(aws: Aws, type_name: str) -> dict[str, str]:
    """Return the running operation, such as `UPDATE`, of each resource of a type, by identifier, for all callers."""
    events = _listed(aws, OperationStatuses=list(RUNNING))
    return {one["Identifier"]: one["Operation"] for one in events if _of(one, type_name)}


def created(aws: Aws, type_name: str) -> set[str]:
    """Return the identifiers of lately created resources (AWS lists requests for a week)."""
    return {one["Identifier"] for one in _listed(aws, Operations=["CREATE"]) if _of(one, type_name)}


def _listed(aws: Aws, **wanted: Any) -> list[Event]:
    pages = aws.pages(
        CLIENT, "list_resource_requests", "ResourceRequestStatusSummaries", ResourceRequestStatusFilter=wanted
    )
    return list(pages)


def _of(event: Event, type_name: str) -> bool:
    return event.get("TypeName") == type_name and bool(event.get("Identifier"))
