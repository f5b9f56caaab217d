"""The Resource Groups Tagging API."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages

API = EmulatedApi(
    "resourcegroupstaggingapi",
    signing="tagging",
    responses="resourcegroupstaggingapi.responses:ResourceGroupsTaggingAPIResponse",
    invalid="InvalidParameterException",
    pages=Pages(Bounds(50, 1, 100), "InvalidParameterException", "InvalidParameterException", empty=True),
    codes=Codes("ThrottledException", "InternalServiceException"),
)
