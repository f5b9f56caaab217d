"""Cloud Map."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages, Refusal, in_json

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
            "Service contains registered instances; delete the instances before deleting the service",
            in_json("Id"),
            "terraform-provider-aws#4853",
        ),
        Refusal(
            "servicediscovery",
            "DeleteNamespace",
            10,
            "ResourceInUse",
            "Namespace contains registered services; delete the services before deleting the namespace",
            in_json("Id"),
            "apiary-data-lake#82",
        ),
    ),
    modules=("rules", "services", "summaries"),
)
