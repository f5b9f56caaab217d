"""Permissions of CloudFront, by call (Service Authorization Reference, Amazon CloudFront)."""

from __future__ import annotations

import html
import re
import urllib.parse
from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to CloudFront.

    CreateDistributionWithTags needs the permissions of CreateDistribution and TagResource (API reference). The page of
    CloudFront lists `aws:ResourceTag` for its resource types.
    """
    text = call.raw.decode("utf-8", "replace")
    tags = _tags(text)
    operation = call.operation.removesuffix("WithTags")
    if operation in ("CreateDistribution", "CreateVpcOrigin"):
        yield call.check("*", requested(tags), f"cloudfront:{operation}")
        if tags:
            sort = "distribution" if operation == "CreateDistribution" else "vpcorigin"
            yield call.check(call.arn(f"{sort}/*"), requested(tags), "cloudfront:TagResource")
    elif operation in ("TagResource", "UntagResource", "ListTagsForResource"):
        arn = urllib.parse.parse_qs(call.query).get("Resource", ["*"])[0]
        yield call.existing(arn, requested(tags))
    elif found := re.search(r"/(distribution|vpc-origin)/([^/]+)", call.path):
        yield call.existing(call.arn(f"{found[1].replace('-', '')}/{found[2]}"))
    else:
        yield call.check()
    if operation in ("CreateDistribution", "UpdateDistribution"):
        yield from _of_settings(call, text)


def _of_settings(call: ApiCall, text: str) -> Iterator[Check]:
    """Yield the reads of the VPC origin and of the web ACL in a distribution's settings.

    Service Authorization Reference, "API operations defined by Amazon CloudFront"; WAF developer guide, "How AWS WAF
    works with IAM".
    """
    for origin in dict.fromkeys(re.findall(r"<VpcOriginId>([^<]+)</VpcOriginId>", text)):
        yield call.existing(call.arn(f"vpcorigin/{origin}"), action="cloudfront:GetVpcOrigin")
    for acl in re.findall(r"<WebACLId>([^<]+)</WebACLId>", text):
        yield call.check(html.unescape(acl), action="wafv2:GetWebACL")


def _tags(text: str) -> dict[str, str]:
    """Return the tags in a request's body."""
    pairs = re.findall(r"<Tag>\s*<Key>([^<]*)</Key>\s*<Value>([^<]*)</Value>\s*</Tag>", text)
    return {html.unescape(key): html.unescape(value) for key, value in pairs}
