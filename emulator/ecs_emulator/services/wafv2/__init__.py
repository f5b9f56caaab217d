"""AWS WAF: web ACLs of load balancers."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi, Refusal, in_json
from ecs_emulator.services.wafv2 import texts

API = EmulatedApi(
    "wafv2",
    refusals=(
        Refusal(
            "wafv2",
            "AssociateWebACL",
            30,
            "WAFUnavailableEntityException",
            texts.CANNOT_RETRIEVE,
            in_json("ResourceArn"),
            "terraform-provider-aws#17527",
        ),
    ),
)
