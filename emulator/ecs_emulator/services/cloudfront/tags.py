"""Tags of distributions and VPC origins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.cloudfront.models import cloudfront_backends


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a distribution or a VPC origin."""
    tags: Mapping[str, str] = cloudfront_backends[account]["aws"].tagger.get_tag_dict_for_resource(arn)
    return tags


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each distribution, which the API lists in us-east-1 only.

    VPC origins are not among its resource types ("Services that support the Resource Groups Tagging API").
    """
    if region == "us-east-1":
        cloudfront = cloudfront_backends[account]["aws"]
        for one in cloudfront.distributions.values():
            yield one.arn, cloudfront.tagger.get_tag_dict_for_resource(one.arn), "cloudfront:distribution"
