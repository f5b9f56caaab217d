"""EC2 as an API: its tag calls, its temporary refusals, its rates."""

from __future__ import annotations

from provisioner.aws.api import Api, Limit, TagCalls
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import OURS, OWN, TAGS_AT_ONCE, Permission, creating, grants, retagging, untagging
from provisioner.aws.tagging import tag_map
from provisioner.engine.ports import Row

_RATES = "https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html"


def tagged(*operations: str) -> tuple[Permission, ...]:
    """Return the permissions for a type's tags, which one of these create calls sets."""
    at_once = creating("ec2:CreateAction", *operations)
    return (
        *grants("ec2", "CreateTags", OWN, conditions=at_once, **TAGS_AT_ONCE),
        *retagging("ec2", "CreateTags", OWN),
        *untagging("ec2", "DeleteTags", OWN, conditions=OURS),
    )


TAGGED = tagged(
    *("CreateInternetGateway", "CreateLaunchTemplate", "CreateRouteTable", "CreateSecurityGroup"),
    *("CreateSubnet", "CreateVpc", "CreateVpcEndpoint"),
)
"""The permissions for tags of the types that every stack has."""

API = Api(
    "ec2",
    "EC2",
    tags=TagCalls(
        "id",
        lambda aws, name: tag_map(
            aws.pages("ec2", "describe_tags", "Tags", Filters=[{"Name": "resource-id", "Values": [name]}])
        ),
        lambda aws, name, tags: aws.client("ec2").create_tags(Resources=[name], Tags=tag_pairs(tags)),
        lambda aws, name, keys: aws.client("ec2").delete_tags(Resources=[name], Tags=[{"Key": key} for key in keys]),
    ),
    transient=(
        # two minutes were too short for Terraform
        Row("not_yet_consistent", r"Invalid(?!Permission)\w+\.NotFound", "", 300,
            "a new resource has not propagated yet", "terraform-provider-aws#32219, #21629"),
        Row("not_yet_consistent", "InvalidParameterValue", "belong to different networks", 300,
            "the gateway's attachment has not propagated yet", "buildkite/elastic-ci-stack-for-aws#336"),
        Row("not_yet_consistent", "InvalidParameter", "Unable to assume given IAM role", 120,
            "the role is not visible to EC2 yet", "terraform-provider-aws#29323"),
        Row("not_yet_consistent", "InvalidParameter", "requires both enableDnsSupport and enableDnsHostnames", 60,
            "the DNS attributes of the VPC have not propagated yet", "EC2 developer guide, eventual consistency"),
        # an address still belongs to a NAT gateway that is being deleted
        Row("in_use", "AuthFailure", "permission to access the specified resource", 900,
            "its NAT gateway still has it", "leftovers#33, kops#938, sno-for-100#5 and #9"),
        Row("in_use", "DependencyViolation", "", 1200, "it is still in use", "aws-sdk EC2 API, DeleteSecurityGroup"),
        Row("in_use", r"InvalidPermission\.(Duplicate|NotFound)|Resource\.AlreadyAssociated|RouteAlreadyExists", "", 60,
            "it is done already, but not listed yet", "EC2 API, AuthorizeSecurityGroupIngress, CreateRoute"),
        Row("in_use", "InvalidParameter", "conflicting DNS domain", 600,
            "the previous endpoint of this service is still being deleted", "terraform-provider-aws#17535"),
        Row("in_use", "ResourceInUse|IncorrectState|.*InUse", "", 600, "it is still in use", "EC2 API"),
        Row("not_found", r"Gateway\.NotAttached"),
    ),
    rates=(
        # Some reads have half of this rate when they are neither filtered nor paged; this tool makes hardly any.
        Limit("each", 100, 20, _RATES, ("Describe*", "Get*", "List*", "Search*")),
        Limit("each", 4, 0.3, _RATES, ("CreateVpcEndpoint", "DeleteVpcEndpoints", "ModifyVpcEndpoint")),
        Limit("each", 100, 10, _RATES, ("CreateTags", "DeleteTags")),
        Limit("each", 100, 5, _RATES, ("CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "TerminateInstances")),
        Limit("each", 50, 5, _RATES, ("*",)),
    ),
)  # fmt: skip
