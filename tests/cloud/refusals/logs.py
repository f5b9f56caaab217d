"""Refusals by CloudWatch Logs and the tagging API."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, TEXT, UNKNOWN_KEY, Case, Scene, once, parameter

case = partial(Case, "logs")
ARN = "arn:aws:logs:ap-northeast-1:123456789012:log-group"
KEYS = "https://github.com/hashicorp/terraform-provider-aws/issues/29282"


@once
def log_group(scene: Scene) -> str:
    """A log group."""
    scene.client("logs").create_log_group(logGroupName="/refused")
    return "/refused"


def tags(number: int) -> dict[str, Any]:
    return {f"a{one}": "b" for one in range(number)}


CASES = (
    case("CreateLogGroup", "with a name in use", "ResourceAlreadyExistsException", ERRORS,
        lambda s, c: c.create_log_group(logGroupName=log_group(s))),
    case("CreateLogGroup", "with invalid characters in the name", "InvalidParameterException",
        parameter("logGroupName"), lambda s, c: c.create_log_group(logGroupName="/web server")),
    case("CreateLogGroup", "with a name of more than 512 characters", "InvalidParameterException",
        parameter("logGroupName"), lambda s, c: c.create_log_group(logGroupName="x" * 513)),
    case("CreateLogGroup", "with a name that begins with aws/", "InvalidParameterException", TEXT,
        lambda s, c: c.create_log_group(logGroupName="aws/web")),
    case("CreateLogGroup", "with more than 50 tags", "InvalidParameterException", parameter("tags"),
        lambda s, c: c.create_log_group(logGroupName="/tags", tags=tags(51))),
    case("CreateLogGroup", "with a tag that has other signs than those allowed", "InvalidParameterException",
        parameter("tags"), lambda s, c: c.create_log_group(logGroupName="/signs", tags={"a": "b\x1b"}),
        "Map value must satisfy constraint"),
    case("CreateLogGroup", "with a class that does not exist", "InvalidParameterException", parameter("logGroupClass"),
        lambda s, c: c.create_log_group(logGroupName="/class", logGroupClass="CHEAP")),
    case("CreateLogGroup", "with an unknown key", "AccessDeniedException", KEYS,
        lambda s, c: c.create_log_group(logGroupName="/key", kmsKeyId=UNKNOWN_KEY)),
    case("AssociateKmsKey", "of an unknown key", "AccessDeniedException", KEYS,
        lambda s, c: c.associate_kms_key(logGroupName=log_group(s), kmsKeyId=UNKNOWN_KEY)),
    case("AssociateKmsKey", "of an alias", "InvalidParameterException", parameter("kmsKeyId"),
        lambda s, c: c.associate_kms_key(logGroupName=log_group(s), kmsKeyId="alias/example")),
    case("AssociateKmsKey", "with an unknown group", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.associate_kms_key(logGroupName="/nothing", kmsKeyId=UNKNOWN_KEY)),
    case("DisassociateKmsKey", "of an unknown group", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.disassociate_kms_key(logGroupName="/nothing")),
    case("DeleteLogGroup", "of an unknown name", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.delete_log_group(logGroupName="/nothing")),
    case("PutRetentionPolicy", "of an unknown group", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.put_retention_policy(logGroupName="/nothing", retentionInDays=7)),
    case("PutRetentionPolicy", "for other days than AWS offers", "InvalidParameterException",
        parameter("retentionInDays"),
        lambda s, c: c.put_retention_policy(logGroupName=log_group(s), retentionInDays=8)),
    case("PutAccountPolicy", "with a retention of less than 30 days", "InvalidParameterException", TEXT,
        lambda s, c: c.put_account_policy(policyName="short", policyType="RETENTION_POLICY",
            policyDocument='{"retentionInDays": 7}')),
    case("DescribeLogGroups", "with a prefix and a pattern", "InvalidParameterException",
        parameter("logGroupNamePattern"),
        lambda s, c: c.describe_log_groups(logGroupNamePrefix="/ref", logGroupNamePattern="fused")),
    case("DescribeLogGroups", "with names and a prefix", "InvalidParameterException", parameter("logGroupIdentifiers"),
        lambda s, c: c.describe_log_groups(logGroupNamePrefix="/ref", logGroupIdentifiers=[log_group(s)])),
    case("ListTagsForResource", "of an unknown group", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.list_tags_for_resource(resourceArn=f"{ARN}:/nothing")),
    case("TagResource", "of an unknown group", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.tag_resource(resourceArn=f"{ARN}:/nothing", tags=tags(1))),
    case("TagResource", "beyond 50 tags", "TooManyTagsException", ERRORS,
        lambda s, c: [c.tag_resource(resourceArn=f"{ARN}:{log_group(s)}", tags=one) for one in (tags(50), {"b": "c"})]),
    case("GetLogEvents", "of an unknown stream", "ResourceNotFoundException", ERRORS,
        lambda s, c: c.get_log_events(logGroupName=log_group(s), logStreamName="nothing")),
    case("FilterLogEvents", "with names of streams and a prefix", "InvalidParameterException",
        parameter("logStreamNames"),
        lambda s, c: c.filter_log_events(logGroupName=log_group(s), logStreamNames=["a"], logStreamNamePrefix="a")),
    Case("resourcegroupstaggingapi", "GetResources", "with pages of more than 100", "InvalidParameterException", ERRORS,
        lambda s, c: c.get_resources(ResourcesPerPage=101)),
    Case("resourcegroupstaggingapi", "GetResources", "with ARNs and filters at once", "InvalidParameterException",
        parameter("ResourceARNList"),
        lambda s, c: c.get_resources(ResourceARNList=[f"{ARN}:/refused"], TagFilters=[{"Key": "a"}])),
    Case("resourcegroupstaggingapi", "GetResources", "with more than 50 filters", "InvalidParameterException",
        parameter("TagFilters"),
        lambda s, c: c.get_resources(TagFilters=[{"Key": f"a{number}"} for number in range(51)])),
)  # fmt: skip
