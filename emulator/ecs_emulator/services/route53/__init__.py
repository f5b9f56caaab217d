"""Route 53: hosted zones and their records."""

from __future__ import annotations

from ecs_emulator.services.model import FORMS, Bounds, Codes, EmulatedApi, Pages, Refusal
from ecs_emulator.services.route53 import texts

API = EmulatedApi(
    "route53",
    responses="route53.responses:Route53",
    too_long="InvalidInput",
    pages=Pages(Bounds(100, 1, 100), "InvalidPaginationToken", ""),
    more_lists={"ListHostedZonesByVPC": ("NextToken", "MaxItems", "HostedZoneSummaries")},
    codes=Codes("Throttling", **FORMS),
    refusals=(
        Refusal(
            "route53",
            "ChangeResourceRecordSets",
            3,
            "PriorRequestNotComplete",
            "The request was rejected because Route 53 was still processing a prior request.",
            r"hostedzone/(\w+)/rrset",
            "Route 53 API",
        ),
        Refusal(
            "route53",
            "DeleteHostedZone",
            5,
            "HostedZoneNotEmpty",
            texts.ZONE_HAS_RECORDS,
            r"hostedzone/(\w+)",
            "Route 53 API",
        ),
    ),
    modules=("rules", "records"),
)
