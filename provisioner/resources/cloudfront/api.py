"""CloudFront as an API: its tag calls, its temporary refusals, its lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.aws.api import Api, Clients, TagCalls, Tags
from provisioner.aws.client import Aws
from provisioner.aws.errors import denied
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import (
    ASKED,
    OURS,
    TAGS_AT_ONCE,
    UNOWNED,
    UNSHOWN_TAGS,
    Permission,
    Use,
    grants,
    retagging,
    untagging,
)
from provisioner.aws.tagging import tag_map
from provisioner.engine.ports import Row

GLOBAL_REGION = "us-east-1"
"""The Region of CloudFront's web ACLs and quotas (CloudFront developer guide)."""


def _tags(aws: Clients, arn: str) -> Tags:
    return tag_map(aws.client("cloudfront").list_tags_for_resource(Resource=arn)["Tags"].get("Items"))


API = Api(
    "cloudfront",
    "CloudFront",
    everywhere=True,
    tags=TagCalls(
        "arn",
        _tags,
        lambda aws, arn, tags: aws.client("cloudfront").tag_resource(Resource=arn, Tags={"Items": tag_pairs(tags)}),
        lambda aws, arn, keys: aws.client("cloudfront").untag_resource(Resource=arn, TagKeys={"Items": keys}),
    ),
    transient=(
        Row("in_use", "DistributionNotDisabled", "", 3600, "not all edge locations have disabled it yet",
            "CloudFront developer guide, HowToDeleteDistribution; rebuy-de/aws-nuke#155"),
        Row("in_use", "CannotDeleteEntityWhileInUse", "", 1800, "a distribution still uses it",
            "CloudFront API, DeleteVpcOrigin"),
        Row("in_use", "PreconditionFailed", "", 120, "it has changed since it was read",
            "CloudFront API, UpdateDistribution; terraform-provider-aws#1074"),
        Row("in_use", "DistributionAlreadyExists", "", 120, "an earlier call created it, but it is not listed yet",
            "CloudFront API, CreateDistribution"),
        Row("not_yet_consistent", "EntityNotFound", "", 120, "a new resource has not propagated yet",
            "CloudFront API, CreateDistribution"),
        Row("not_found", "NoSuchDistribution|EntityNotFound|NoSuchResource"),
    ),
)  # fmt: skip


def permissions_of(sort: str, created: str, reads: str, changes: str) -> tuple[Permission, ...]:
    """Return the permissions for a sort of CloudFront's resources.

    Args:
        sort: the beginning of its ARNs behind the account.
        created: the action that creates one.
        reads: the actions that read one. changes: the actions that change and delete one.
    """
    place = f"{sort}/*"
    return (
        *grants("cloudfront", reads, place),
        *grants("cloudfront", created, conditions=ASKED),
        *grants("cloudfront", changes, place, conditions=OURS),
        *grants("cloudfront", "TagResource", place, conditions=(*ASKED, *UNOWNED), **TAGS_AT_ONCE),
        *grants("cloudfront", "ListTagsForResource", place, use=Use.OTHER, why=UNSHOWN_TAGS),
        *retagging("cloudfront", "TagResource", place),
        *untagging("cloudfront", "UntagResource", place, conditions=OURS),
    )


def listed(aws: Aws, operation: str, key: str, *, known: bool) -> Iterator[Mapping[str, Any]]:
    """Yield the items of a list; in its pages they are one member deeper than in other APIs.

    Args:
        known: whether a resource of this type is declared or recorded. Without one, a caller who may not list them has
            none either.
    """
    arguments: dict[str, Any] = {}
    while True:
        try:
            page = aws.read("cloudfront", operation, **arguments).get(key) or {}
        except Exception as error:
            if known or not denied(error):
                raise
            return
        yield from page.get("Items") or ()
        if not page.get("IsTruncated"):
            return
        arguments = {"Marker": page["NextMarker"]}


def tags_of(aws: Aws, arn: str) -> Tags:
    """Return the tags of a distribution or a VPC origin."""
    return aws.tags_of(arn, lambda: _tags(aws, arn))


def owned(aws: Aws, arn: str) -> bool:
    """Say whether a distribution or a VPC origin is this stack's; one whose tags the caller may not read is not."""
    try:
        return aws.owns(tags_of(aws, arn))
    except Exception as error:
        if denied(error):
            return False
        raise
