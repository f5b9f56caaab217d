"""Requests for resource operations: a call begins each, the cloud's clock ends it, and lists show it for a week."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from ecs_emulator import durations
from ecs_emulator.clock import CLOCK, later, passed
from ecs_emulator.patch import on_reset

TOKENS_LAST = 36 * 3600.0
"""Seconds during which a repeated client token means the same request (API_CreateResource, ClientToken)."""
LISTED_FOR = 7 * 86400.0
"""Seconds during which requests are listed (user guide, managing resource operation requests)."""
CONFLICT = "ResourceConflict"


class Refused(Exception):
    """A refusal by AWS, with its error code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(eq=False)
class Request:
    """One request for a resource operation.

    Attributes:
        asked: the content of the call; a call with the same client token must have the same content.
        act: runs the handler; it raises the handler's error, and sets `identifier` if it creates a resource.
        starts: the moment at which the handler is called.
        ends: the moment at which the operation is done; it is set when the handler is called.
    """

    region: str
    type_name: str
    operation: str
    asked: str
    client_token: str
    act: Callable[[Request], None]
    identifier: str = ""
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    begun: float = field(default_factory=CLOCK.now)
    at: float = field(default_factory=CLOCK.time)
    starts: float = field(default_factory=lambda: later(durations.CLOUD_CONTROL_BEGINS))
    ends: float = 0.0
    status: str = "PENDING"
    error: tuple[str, str] = ("", "")

    @property
    def running(self) -> bool:
        """Return whether the request is still under way."""
        return self.status in ("PENDING", "IN_PROGRESS", "CANCEL_IN_PROGRESS")

    def event(self) -> dict[str, Any]:
        """Return the request's progress event, as AWS shows it."""
        shown = {
            "TypeName": self.type_name,
            "Identifier": self.identifier,
            "RequestToken": self.token,
            "Operation": self.operation,
            "OperationStatus": self.status,
            "EventTime": self.at,
            "ErrorCode": self.error[0],
            "StatusMessage": self.error[1],
        }
        return {name: value for name, value in shown.items() if value != ""}

    def settle(self) -> None:
        """Advance the request's status as far as the time allows."""
        if self.status == "PENDING" and passed(self.starts):
            self._begin()
        if self.status == "IN_PROGRESS" and passed(self.ends):
            self._become("SUCCESS")
        if self.status == "CANCEL_IN_PROGRESS" and passed(self.ends):
            self._become("CANCEL_COMPLETE")

    def cancel(self) -> None:
        """Cancel the request; the handler's changes stay (user guide, canceling resource operation requests)."""
        if self.status == "PENDING":
            self.ends = later(durations.CLOUD_CONTROL_BEGINS)
        self._become("CANCEL_IN_PROGRESS")

    def _begin(self) -> None:
        self._become("IN_PROGRESS")
        self.ends = later(durations.CLOUD_CONTROL_OPERATION)
        try:
            self.act(self)
        except Refused as refusal:
            self._fail(refusal.code, str(refusal))
        except ClientError as error:
            self._fail(*handler_error(error))
        except ParamValidationError as error:
            self._fail("InvalidRequest", str(error))
        except BotoCoreError as error:
            self._fail("NetworkFailure", str(error))

    def _fail(self, code: str, message: str) -> None:
        self.error = (code, message)
        self._become("FAILED")

    def _become(self, status: str) -> None:
        self.status, self.at = status, CLOCK.time()


REQUESTS: dict[str, Request] = {}
"""All requests by their tokens."""
on_reset(REQUESTS.clear)


def settle() -> None:
    """Advance all requests as far as the time allows, and drop old ones. Callers hold the cloud's lock."""
    for request in list(REQUESTS.values()):
        if request.running:
            request.settle()
        elif request.begun < CLOCK.now() - LISTED_FOR:
            del REQUESTS[request.token]


def begin(request: Request) -> Request:
    """Add a request and return it, or return the earlier request with the same client token.

    Raises:
        Refused: the token belongs to a different request, or another operation on the resource is under way.
    """
    for other in REQUESTS.values():
        if other.region != request.region:
            continue
        if other.client_token == request.client_token and CLOCK.now() < other.begun + TOKENS_LAST:
            if (other.operation, other.type_name, other.asked) != (request.operation, request.type_name, request.asked):
                words = f"Client token {request.client_token} has already been used in another resource request."
                raise Refused("ClientTokenConflictException", words)
            return other
    if any(_same_resource(one, request) for one in REQUESTS.values() if one.running):
        words = f"Another resource operation is in progress for {request.identifier}."
        raise Refused("ConcurrentOperationException", words)
    REQUESTS[request.token] = request
    return request


def _same_resource(one: Request, other: Request) -> bool:
    return bool(one.identifier) and (one.region, one.type_name, one.identifier) == (
        other.region,
        other.type_name,
        other.identifier,
    )


def handler_error(error: ClientError) -> tuple[str, str]:
    """Return the handler error code and the message for a service's error (CloudFormation CLI guide, error codes)."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = str(error.response.get("Error", {}).get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    for ours, words in _CODES.items():
        if any(word in code for word in words):
            return ours, message
    if status >= 500:
        return "ServiceInternalError", message
    return "InvalidRequest", f"{message} (Status Code: {status}, Error Code: {code})"


_CODES = {
    "AccessDenied": ("AccessDenied", "Unauthorized", "NotAuthorized"),
    "Throttling": ("Throttl", "SlowDown", "RequestLimitExceeded", "TooManyRequests"),
    "AlreadyExists": ("AlreadyExist", "NameExists", "ResourceExists", "BucketAlready"),
    CONFLICT: ("ResourceInUse", "ConcurrentModification", "OperationAborted"),
    "NotFound": ("NotFound", "NoSuch", "NonExistent", "DoesNotExist"),
    "ServiceLimitExceeded": ("LimitExceeded", "TooMany"),
}
"""By handler error code: parts of the services' error codes that mean the same."""
