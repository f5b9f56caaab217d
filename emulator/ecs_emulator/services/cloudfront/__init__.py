"""CloudFront: distributions and their VPC origins."""

from __future__ import annotations

from ecs_emulator.services.model import FORMS, Codes, EmulatedApi

API = EmulatedApi(
    "cloudfront",
    codes=Codes("Throttling", **FORMS),
    modules=("rules", "vpc_origins"),
)
