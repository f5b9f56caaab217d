"""EC2's tags: their limits, quick reads, and deletion with the resource; and client tokens for idempotent calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.responses import EC2Response
from moto.ec2.responses._base_response import EC2BaseResponse

from ecs_emulator.patch import refuse, replace, wrap


@replace(TaggedEC2Resource, "get_tags")
def get_tags(self: Any) -> list[dict[str, str]]:
    """Return a resource's tags directly; moto matches every tag of the Region against a pattern."""
    tags = dict(self.ec2_backend.tags.get(self.id, {}))
    return [{"key": key, "value": value, "resource_id": self.id} for key, value in tags.items()]


# By operation: the one type of resource that it creates and can tag.
_CREATED = {
    "CreateVpc": "vpc",
    "CreateSubnet": "subnet",
    "CreateSecurityGroup": "security-group",
    "CreateInternetGateway": "internet-gateway",
    "CreateRouteTable": "route-table",
    "CreateVpcEndpoint": "vpc-endpoint",
    "CreateLaunchTemplate": "launch-template",
    "CreateNatGateway": "natgateway",
    "AllocateAddress": "elastic-ip",
    "AuthorizeSecurityGroupIngress": "security-group-rule",
    "AuthorizeSecurityGroupEgress": "security-group-rule",
}


@wrap(EC2BaseResponse, "_parse_tag_specification")
def parse_tag_specification(original: Any, self: Any, expected_type: str | None = None) -> Any:
    """Check TagSpecifications in the operations for which moto parses them."""
    _check_specification(self)
    return original(self, expected_type)


def _checked(method: str) -> None:
    @wrap(EC2Response, method)
    def checked(original: Callable[..., Any], self: Any) -> Any:
        _check_specification(self)
        return original(self)


for _method in (
    "create_vpc",
    "create_internet_gateway",
    "create_route_table",
    "create_vpc_endpoint",
    "create_nat_gateway",
    "allocate_address",
):
    _checked(_method)


def _check_specification(self: Any) -> None:
    """Refuse TagSpecifications for another type than the operation creates, or beyond the limits of tags."""
    resource_type = _CREATED.get(self._get_action())
    for given in self._get_param("TagSpecifications", []):
        if resource_type and given.get("ResourceType") not in (None, resource_type):
            refuse(
                "InvalidParameterValue",
                f"'{given['ResourceType']}' is not a valid taggable resource type for this operation.",
            )
        keys = [tag["Key"] for tag in given.get("Tags", [])]
        for key in keys:
            if keys.count(key) > 1:
                refuse("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
        check_tags({tag["Key"]: tag.get("Value", "") for tag in given.get("Tags", [])})


def check_tags(tags: dict[str, str]) -> None:
    """Refuse keys outside 1 to 128 characters, AWS's own keys, and values over 256 (EC2 guide, "Tag restrictions")."""
    for key, value in tags.items():
        if key.lower().startswith("aws:"):
            refuse("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
        if not 1 <= len(key) <= 128:
            refuse("InvalidParameterValue", f"Tag key exceeds the maximum length of 128 characters: '{key}'")
        if len(value or "") > 256:
            refuse("InvalidParameterValue", f"Tag value exceeds the maximum length of 256 characters: '{value}'")


@wrap(EC2Response, "create_tags")
def create_tags(original: Any, self: Any) -> Any:
    """CreateTags: check the limits of tags."""
    check_tags({tag["Key"]: tag.get("Value", "") for tag in self._get_param("Tags", [])})
    return original(self)


def once(method: str) -> None:
    """Honour ClientToken on an operation of EC2 (EC2 API guide, "Ensuring idempotency").

    A repeated token returns the first answer if the request is the same, else it is IdempotentParameterMismatch.
    """

    @wrap(EC2Response, method)
    def replay(original: Callable[..., Any], self: Any) -> Any:
        params = dict(self.params)
        token = params.pop("ClientToken", None)
        if token is None:
            return original(self)
        seen = self.ec2_backend.__dict__.setdefault("client_tokens", {})
        key, request = (method, token), json.dumps(params, sort_keys=True, default=str)
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
