"""EC2's tags: looked up by resource, gone with it; and client tokens that answer a repeated request alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.responses import EC2Response

from provisioner.cloud.patch import refuse, wrap


@wrap(TaggedEC2Resource, "get_tags")
def get_tags(original: Any, self: Any) -> list[dict[str, str]]:
    """DescribeTags for one resource, read directly: moto matches every tag of the region against a pattern."""
    tags = dict(self.ec2_backend.tags.get(self.id, {}))
    return [{"key": key, "value": value, "resource_id": self.id} for key, value in tags.items()]


def once(method: str) -> None:
    """Honour ClientToken on an operation of EC2 (EC2 API guide, "Ensuring idempotency").

    The same token with the same request gets the first answer again; with another one IdempotentParameterMismatch.
    """

    @wrap(EC2Response, method)
    def replay(original: Callable[..., Any], self: Any) -> Any:
        asked = dict(self.params)
        token = asked.pop("ClientToken", None)
        if token is None:
            return original(self)
        seen = self.ec2_backend.__dict__.setdefault("client_tokens", {})
        key, request = (method, token), json.dumps(asked, sort_keys=True, default=str)
        if key in seen:
            former_request, former_answer = seen[key]
            if former_request != request:
                refuse(
                    "IdempotentParameterMismatch",
                    "The request uses the same client token as a previous, but non-identical request.",
                )
            return ActionResult(former_answer)
        answer = original(self)
        seen[key] = (request, answer.result)
        return answer
