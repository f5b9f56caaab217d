"""Services that the embedded cloud implements without moto: answer requests in moto's form, by botocore's model."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

from ecs_emulator.paging import Listing, page


def answer(
    response: BaseResponse, run: Callable[[], Mapping[str, Any]], request: Mapping[str, Any], listing: Listing | None
) -> TYPE_RESPONSE:
    """Return status, headers and body for an operation's result or refusal; for a list, one page of it.

    Args:
        run: the operation, with its request.
    """
    try:
        result: Any = page(listing, request, run) if listing else run()
    except ServiceException as error:
        result = error
    status, headers, body = response.serialized(ActionResult(result))
    return status, {"x-amzn-requestid": str(uuid.uuid4()), **headers}, body
