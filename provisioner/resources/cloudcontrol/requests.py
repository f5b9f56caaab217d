"""Requests of Cloud Control: an operation is asked for, and goes on by itself."""

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
"""The member of an event, and the output of what is being created, that names the request."""
RUNNING = ("PENDING", "IN_PROGRESS", "CANCEL_IN_PROGRESS")
PAUSE = 1.0
"""Seconds between two looks at a request."""


def running(event: Event) -> bool:
    """Say whether an operation goes on."""
    return event.get("OperationStatus") in RUNNING


def followed(
    aws: Aws,
    event: Event,
    seconds: float,
    secrets: Collection[str] = (),
    until: Callable[[Event], object] = lambda event: False,
) -> Event:
    """Look at a request until it has ended, for so many seconds or until the user stops the run; return its last event.

    Args:
        secrets: texts that are not shown, should AWS repeat them.
        until: says when enough is known.

    Raises:
        ClientError: the operation failed; the same request fails again for as long as its client token is known.
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
    """Return why an operation failed, as `code: message`; empty if it did not."""
    status = event.get("OperationStatus")
    if status not in ("FAILED", "CANCEL_COMPLETE"):
        return ""
    code = event.get("ErrorCode") or {"CANCEL_COMPLETE": "Cancelled"}.get(str(status), "GeneralServiceException")
    message = event.get("StatusMessage") or "no message"
    for secret in secrets:
        message = message.replace(secret, HIDDEN)
    return f"{code}: {message}"


def under_way(aws: Aws, type_name: str) -> dict[str, str]:
    """Return what goes on with resources of a type, by identifier: `UPDATE`, whoever began it."""
    events = _listed(aws, OperationStatuses=list(RUNNING))
    return {one["Identifier"]: one["Operation"] for one in events if _of(one, type_name)}


def created(aws: Aws, type_name: str) -> set[str]:
    """Return the identifiers of what was created lately (requests are listed for a week)."""
    return {one["Identifier"] for one in _listed(aws, Operations=["CREATE"]) if _of(one, type_name)}


def _listed(aws: Aws, **wanted: Any) -> list[Event]:
    pages = aws.pages(
        CLIENT, "list_resource_requests", "ResourceRequestStatusSummaries", ResourceRequestStatusFilter=wanted
    )
    return list(pages)


def _of(event: Event, type_name: str) -> bool:
    return event.get("TypeName") == type_name and bool(event.get("Identifier"))
