"""Service Quotas."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages

API = EmulatedApi(
    "service-quotas",
    signing="servicequotas",
    responses="servicequotas.responses:ServiceQuotasResponse",
    pages=Pages(Bounds(100, 1, 100), "InvalidPaginationTokenException", "IllegalArgumentException"),
    codes=Codes("TooManyRequestsException", "ServiceException"),
)
