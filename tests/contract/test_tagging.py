"""The tags of recorded answers are read correctly, under each service's own names for them."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest

from provisioner.aws.api import apis
from tests.contract.recorded import of
from tests.contract.replay import Account

READS = {
    "acm": ("ListTagsForCertificate", "Tags"),
    "autoscaling": ("DescribeTags", "Tags"),
    "ec2": ("DescribeTags", "Tags"),
    "ecr": ("ListTagsForResource", "tags"),
    "ecs": ("ListTagsForResource", "tags"),
    "elbv2": ("DescribeTags", "TagDescriptions[0].Tags"),
    "iam": ("ListRoleTags", "Tags"),
    "logs": ("ListTagsForResource", "tags"),
    "rds": ("ListTagsForResource", "TagList"),
    "route53": ("ListTagsForResource", "ResourceTagSet.Tags"),
    "s3": ("GetBucketTagging", "TagSet"),
    "scheduler": ("ListTagsForResource", "Tags"),
    "servicediscovery": ("ListTagsForResource", "Tags"),
    "ssm": ("ListTagsForResource", "TagList"),
}
"""The operation that reads a service's tags, and the place of the tags in its answer."""

UNRECORDED = {"cloudfront", "cloudwatch", "efs", "elasticache", "events", "sns", "sqs", "stepfunctions"}
"""Services without a recorded answer: only botocore's model shows that their tags are `Tags`; CloudFront's are
`Tags.Items`."""


def pairs(tags: Any) -> dict[str, str]:
    """Return tags as a mapping, from a mapping or a list."""
    if isinstance(tags, dict):
        return tags
    return {tag.get("Key", tag.get("key")): tag.get("Value", tag.get("value")) for tag in tags}


@pytest.mark.parametrize("service", [name for name, api in apis().items() if api.tags and name not in UNRECORDED])
def test_the_tags_are_read_that_the_answer_shows(service: str) -> None:
    operation, path = READS[service]
    found = of(service, operation)
    assert found
    for answer in found:
        aws = Account(answer, owned=False).aws()
        # a bucket is called by its name
        calls = apis()[service].tags
        assert calls
        read = calls.read(aws, "one" if service == "s3" else "arn:aws:iam::123456789012:role/one")
        assert read == pairs(jmespath.search(path, answer.data)), answer
