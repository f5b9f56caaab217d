"""Cloud Map."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages, Refusal, in_json
from ecs_emulator.services.servicediscovery import texts

API = EmulatedApi(
    "servicediscovery",
    responses="servicediscovery.responses:ServiceDiscoveryResponse",
    invalid="InvalidInput",
    pages=Pages(Bounds(100, 1, 100), "InvalidInput", "InvalidInput"),
    codes=Codes("RequestLimitExceeded", throttled_status=429),
    refusals=(
        Refusal(
            "servicediscovery",
            "DeleteService",
            15,
            "ResourceInUse",
            texts.SERVICE_HAS_INSTANCES,
            in_json("Id"),
            "terraform-provider-aws#4853",
        ),
        Refusal(
            "servicediscovery",
            "DeleteNamespace",
            10,
            "ResourceInUse",
            texts.NAMESPACE_HAS_SERVICES,
            in_json("Id"),
            "apiary-data-lake#82",
        ),
    ),
    modules=("rules", "services", "summaries"),
)
