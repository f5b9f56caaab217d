"""What is said of an API in its folder: a description that loads nothing of moto."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Bounds:
    """How many entries a page holds when the caller does not say, and what it may ask for."""

    usual: int
    least: int
    most: int


@dataclass(frozen=True)
class Pages:
    """How the lists of one API come.

    Attributes:
        bounds: those of its lists that are not in `EmulatedApi.lists`.
        token: AWS's code for a token that is not known.
        size: AWS's code for a size that is out of bounds; without one the largest page is given.
        empty: whether the document says that a page may hold less than it could, so that it may even be empty.
    """

    bounds: Bounds
    token: str
    size: str
    empty: bool = False


@dataclass(frozen=True)
class Codes:
    """How an API words the errors that any call may get: throttled, HTTP 500, HTTP 503, not allowed, expired."""

    throttled: str
    error: str = "InternalFailure"
    unavailable: str = "ServiceUnavailable"
    throttled_status: int = 400
    denied: str = "AccessDeniedException"
    expired: str = "ExpiredTokenException"
    barred_status: int = 400


@dataclass(frozen=True)
class Refusal:
    """One refusal that passes: AWS does not know something everywhere yet, or is still at work.

    Attributes:
        service: the service's signing name.
        operation: the operation that is refused.
        seconds: for how long, from the first time that the call is made for one resource.
        code, message, status: AWS's answer; `{}` in the message is its name.
        subject: what in the request names the resource, with one group; a request without it is not refused.
        source: where this was seen, or is documented.
    """

    service: str
    operation: str
    seconds: float
    code: str
    message: str
    subject: str
    source: str
    status: int = 400

    def subject_of(self, service: str, operation: str, text: str) -> str | None:
        """The name of the resource that a request is about, or None if the request is none of this rule's."""
        if (service, operation) != (self.service, self.operation):
            return None
        found = re.search(self.subject, text)
        return found[1] if found else None


def in_form(name: str) -> str:
    """Return the subject of a request that is a form, by its parameter."""
    return rf"(?m)^{name}=(.+)$"


def in_json(name: str) -> str:
    """Return the subject of a request in JSON, by its member."""
    return rf'"{name}": ?"([^"]+)"'


def unseen_tags(
    service: str, operation: str, subject: str, source: str, code: str = "AccessDeniedException"
) -> Refusal:
    """IAM does not know the tags of what was created a moment ago, on which the permission depends."""
    message = (
        f"User: arn:aws:iam::123456789012:user/moto is not authorized to perform: {service}:{operation} on resource: "
        f"{{}} because no identity-based policy allows the {service}:{operation} action"
    )
    return Refusal(service, operation, 5, code, message, subject, source, 403 if code == "AccessDenied" else 400)


@dataclass(frozen=True)
class EmulatedApi:
    """What the embedded cloud knows of one API.

    Attributes:
        name: botocore's name of the service.
        signing: the name that signs its requests, if that is another one.
        responses: moto's class that answers, below `moto`; empty where none of its lists comes in pages.
        invalid: AWS's code for a request that the API's model does not allow; empty where AWS does not go by it.
        pages, lists: how its lists come, and the bounds of those that differ, by operation.
        empty: the lists whose own document says that a page may be empty (`Pages.empty` says it of all).
        most: the largest page that moto itself makes, by operation, where it refuses more.
        codes: how it words the errors that any call may get; None where nobody has looked.
        refusals: those that pass.
        more_lists: lists that boto3 has no paginator for: the members of token, limit and entries, by operation.
        modules: those in its folder that are laid over moto, in this order.
    """

    name: str
    signing: str = ""
    responses: str = ""
    invalid: str = ""
    pages: Pages | None = None
    lists: Mapping[str, Bounds] = field(default_factory=dict)
    empty: tuple[str, ...] = ()
    most: Mapping[str, int] = field(default_factory=dict)
    codes: Codes | None = None
    refusals: tuple[Refusal, ...] = ()
    more_lists: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    modules: tuple[str, ...] = ("rules",)

    @property
    def signed(self) -> str:
        """The name that signs its requests."""
        return self.signing or self.name


FORMS: dict[str, Any] = {"denied": "AccessDenied", "expired": "ExpiredToken", "barred_status": 403}
"""Of `Codes`, those of the services that are asked by forms, and of S3 and Route 53."""
