"""The description of an emulated API, which loads nothing of moto."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Bounds:
    """The default number of entries per page, and the least and the most that a call may ask for."""

    usual: int
    least: int
    most: int


@dataclass(frozen=True)
class Pages:
    """The paging of an API's lists.

    Attributes:
        bounds: the bounds of lists that are not in `EmulatedApi.lists`.
        token: AWS's code for an unknown token.
        size: AWS's code for a size that is out of bounds; without a code, the largest page comes.
        empty: whether the document says that a page may hold fewer entries than it could, and even none.
    """

    bounds: Bounds
    token: str
    size: str
    empty: bool = False


@dataclass(frozen=True)
class Codes:
    """An API's codes for errors of any call: throttled, HTTP 500, HTTP 503, not allowed, expired."""

    throttled: str
    error: str = "InternalFailure"
    unavailable: str = "ServiceUnavailable"
    throttled_status: int = 400
    denied: str = "AccessDeniedException"
    expired: str = "ExpiredTokenException"
    barred_status: int = 400


@dataclass(frozen=True)
class Refusal:
    """A temporary refusal: AWS does not know a resource everywhere yet, or is still at work.

    Attributes:
        service: the service's signing name.
        operation: the operation that is refused.
        seconds: the duration of the refusal, from the first call for a resource.
        code, message, status: AWS's answer; `{}` in the message stands for the resource's name.
        subject: the pattern of the resource's name in the request, with one group; a request that does not match it is
            not refused.
        source: the document or issue that shows the refusal.
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
        """Return the name of the resource in a request; None if this refusal does not apply to the request."""
        if (service, operation) != (self.service, self.operation):
            return None
        found = re.search(self.subject, text)
        return found[1] if found else None


def in_form(name: str) -> str:
    """Return the pattern of a subject in a form, by the name of its parameter."""
    return rf"(?m)^{name}=(.+)$"


def in_json(name: str) -> str:
    """Return the pattern of a subject in JSON, by the name of its member."""
    return rf'"{name}": ?"([^"]+)"'


def unseen_tags(
    service: str, operation: str, subject: str, source: str, code: str = "AccessDeniedException"
) -> Refusal:
    """Return the refusal of the first seconds, while IAM does not know a new resource's tags, which policies need."""
    message = (
        f"User: arn:aws:iam::123456789012:user/moto is not authorized to perform: {service}:{operation} on resource: "
        f"{{}} because no identity-based policy allows the {service}:{operation} action"
    )
    return Refusal(service, operation, 5, code, message, subject, source, 403 if code == "AccessDenied" else 400)


@dataclass(frozen=True)
class EmulatedApi:
    """One API that the embedded cloud emulates.

    Attributes:
        name: botocore's name of the service.
        signing: the name that signs its requests, if it differs.
        responses: moto's class that answers, below `moto`; empty if no list has pages.
        invalid: AWS's code for a request that the API's model does not allow; empty if AWS does not check by the model.
        too_long: the code for a list that is longer than the model allows, of an API that is not checked otherwise: by
            analogy AWS's code for a wrong parameter.
        pages, lists: the paging of its lists, and by operation the bounds that differ.
        empty: the lists whose own document says that a page may be empty (`Pages.empty` says so of all lists).
        most: by operation, the largest page that moto itself makes, if moto refuses more.
        codes: its codes for errors of any call; None if nobody has looked them up.
        refusals: its temporary refusals.
        more_lists: by operation, the members of token, limit and entries of lists without a paginator in boto3.
        modules: the modules in its folder that patch moto, in this order.
    """

    name: str
    signing: str = ""
    responses: str = ""
    invalid: str = ""
    too_long: str = "ValidationException"
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
"""Values of `Codes` for services whose requests are forms, and for S3 and Route 53."""
