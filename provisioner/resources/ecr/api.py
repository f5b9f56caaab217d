"""ECR as an API: its tag calls."""

from __future__ import annotations

from provisioner.aws.api import Api, TagCalls
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.tagging import tag_map

API = Api(
    "ecr",
    "ECR",
    tags=TagCalls(
        "arn",
        lambda aws, arn: tag_map(aws.client("ecr").list_tags_for_resource(resourceArn=arn)["tags"]),
        lambda aws, arn, tags: aws.client("ecr").tag_resource(resourceArn=arn, tags=tag_pairs(tags)),
        lambda aws, arn, keys: aws.client("ecr").untag_resource(resourceArn=arn, tagKeys=keys),
    ),
)
