"""CloudWatch as an API: its tag calls and its rates."""

from __future__ import annotations

from provisioner.aws.api import Api, Limit, TagCalls
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.tagging import tag_map

_RATES = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"

API = Api(
    "cloudwatch",
    "CloudWatch",
    signing_name="monitoring",
    tags=TagCalls(
        "arn",
        lambda aws, arn: tag_map(aws.client("cloudwatch").list_tags_for_resource(ResourceARN=arn)["Tags"]),
        lambda aws, arn, tags: aws.client("cloudwatch").tag_resource(ResourceARN=arn, Tags=tag_pairs(tags)),
        lambda aws, arn, keys: aws.client("cloudwatch").untag_resource(ResourceARN=arn, TagKeys=keys),
    ),
    rates=(
        Limit("each", 3, 3, _RATES, ("DeleteAlarms", "DisableAlarmActions", "EnableAlarmActions", "PutMetricAlarm")),
        Limit("each", 9, 9, _RATES, ("DescribeAlarms",)),
        Limit("each", 50, 50, _RATES, ("GetMetricData",)),
    ),
)
