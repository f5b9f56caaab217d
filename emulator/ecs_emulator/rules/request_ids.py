"""Requests have ids of their own, in AWS's form: moto's are longer, and EC2's all the same."""

from __future__ import annotations

import uuid
from typing import Any

from moto.core import responses
from moto.core.serialize import SerializationContext

from ecs_emulator.patch import replace, wrap


@wrap(SerializationContext, "__init__")
def init_context(original: Any, self: Any, request_id: str | None = None) -> None:
    """Give an answer an id."""
    original(self, request_id or str(uuid.uuid4()))


@replace(responses, "gen_amzn_requestid_long")
def gen_amzn_requestid_long(headers: dict[str, str] | None = None) -> str:
    """Return the id of a request, which the headers get as well."""
    found = str(uuid.uuid4())
    if headers is not None:
        headers["x-amzn-requestid"] = found
    return found
