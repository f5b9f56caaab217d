"""Tags of hosted zones."""

from __future__ import annotations

from collections.abc import Iterator

from moto.route53.models import route53_backends


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each hosted zone, which the API lists in us-east-1 only."""
    if region == "us-east-1":
        route53 = route53_backends[account]["aws"]
        for zone_id in route53.zones:
            yield f"arn:aws:route53:::hostedzone/{zone_id}", dict(route53.resource_tags[zone_id]), "route53:hostedzone"
