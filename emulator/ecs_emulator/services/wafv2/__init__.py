"""AWS WAF: web ACLs of load balancers."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi, Refusal, in_json

API = EmulatedApi(
    "wafv2",
    refusals=(
        Refusal(
            "wafv2",
            "AssociateWebACL",
            30,
            "WAFUnavailableEntityException",
            "AWS WAF couldn\u2019t retrieve the resource that you requested. Retry your request.",
            in_json("ResourceArn"),
            "terraform-provider-aws#17527",
        ),
    ),
)
