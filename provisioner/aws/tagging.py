"""The tags of one resource: how each API reads them and puts them on, and whose a resource is by them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

from botocore.exceptions import ClientError

from provisioner.aws.api import Api, Limit
from provisioner.aws.ownership import REGION_TAG, Ownership, tag_pairs
from provisioner.engine.resource import Observed, Resource

Tags = dict[str, str]


class Clients(Protocol):
    """What of the way to AWS is needed to read and put on tags."""

    @property
    def partition(self) -> str:
        """The Region's partition."""

    @property
    def region(self) -> str:
        """The Region of the stack."""

    @property
    def account(self) -> str:
        """The account's number."""

    @property
    def owner(self) -> dict[str, str]:
        """The owner tags, which all of the stack's resources carry."""

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service."""

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
        """Yield the items under `key` of all pages of an operation."""

    def tags_of(self, arn: str, read: Callable[[], Mapping[str, str]]) -> Tags:
        """Return a resource's tags from one bulk read, or by `read` if that does not know it."""


TAGLESS = frozenset(
    {
        "account_setting", "cluster_capacity_providers", "copied_image", "default_security_group", "delegation",
        "image", "image_in_use", "minimum_size", "record_set", "scalable_target", "scaling_policy",
        "security_group_egress", "service_linked_role", "validation_record", "web_acl_association",
    }
)  # fmt: skip
"""The resource types that are told by something else than their own tags."""
RDS_TYPES = {"db_cluster": "cluster", "db_instance": "db", "db_subnet_group": "subgrp",
             "db_cluster_parameter_group": "cluster-pg"}  # fmt: skip
"""What RDS calls these resource types in ARNs (RDS user guide, Amazon Resource Names)."""


def tag_map(tags: Iterable[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> Tags:
    """Return a list of tag pairs as a mapping."""
    return {tag[key]: tag[value] for tag in tags or ()}


def observed(
    aws: Ownership,
    id: str,
    attributes: Mapping[str, Any],
    tags: Mapping[str, str],
    outputs: Mapping[str, Any] | None = None,
    *,
    status: str = "",
    deleting: bool = False,
) -> Observed:
    """Return a resource as AWS shows it, which is this stack's if its own tags say so."""
    namesake = aws.other_owner(tags) if tags.get(REGION_TAG, aws.region) != aws.region else ""
    return Observed(id, attributes, outputs or {}, aws.address_in(tags), aws.owns(tags), status, deleting, namesake)


def taggable(resource_type: type[Resource]) -> bool:
    """Say whether resources of this type carry their owner in tags of their own."""
    return resource_type.type_name not in TAGLESS and not resource_type.created_by_aws


def read(aws: Clients, resource_type: type[Resource], live: Observed) -> Tags:
    """Return the resource's tags."""
    return CALLS[resource_type.service].read(aws, _called(aws, resource_type, live))


def tags_of(aws: Clients, service: str, arn: str, *, known: bool = True) -> Tags:
    """Return the tags of a resource by its ARN, in bulk if possible; what is not `known` is not asked for by itself."""
    return aws.tags_of(arn, partial(CALLS[service].read, aws, arn) if known else dict)


def put(aws: Clients, resource_type: type[Resource], live: Observed, tags: Mapping[str, str]) -> None:
    """Put the tags on the resource, in place of those of the same keys. It is safe to repeat."""
    CALLS[resource_type.service].put(aws, _called(aws, resource_type, live), tags)


def _called(aws: Clients, resource_type: type[Resource], live: Observed) -> str:
    """Return how the tagging call of its API names the resource."""
    if resource_type.type_name in RDS_TYPES:
        return f"arn:{aws.partition}:rds:{aws.region}:{aws.account}:{RDS_TYPES[resource_type.type_name]}:{live.id}"
    return str(live.outputs.get("arn", live.id)) if CALLS[resource_type.service].by == "arn" else live.id


@dataclass(frozen=True)
class Calls:
    """How one API reads and puts on the tags of a resource, which it names by its id or by its output `arn`."""

    by: Literal["id", "arn"]
    read: Callable[[Clients, str], Tags]
    put: Callable[[Clients, str, Mapping[str, str]], object]


def group_tags(name: str, tags: Mapping[str, str], inherited: Container[str]) -> list[dict[str, Any]]:
    """Return the tags of an Auto Scaling group; its instances carry what is inherited, and not its own address."""
    group = {"ResourceType": "auto-scaling-group", "ResourceId": name}
    return [{**group, **pair, "PropagateAtLaunch": pair["Key"] in inherited} for pair in tag_pairs(tags)]


def _read_iam(aws: Clients, arn: str) -> Tags:
    name = arn.rpartition("/")[2]
    if ":instance-profile/" in arn:
        profile = aws.client("iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        return tag_map(profile.get("Tags"))
    return tag_map(aws.pages("iam", "list_role_tags", "Tags", RoleName=name))


def _put_iam(aws: Clients, arn: str, tags: Mapping[str, str]) -> None:
    name = arn.rpartition("/")[2]
    if ":instance-profile/" in arn:
        aws.client("iam").tag_instance_profile(InstanceProfileName=name, Tags=tag_pairs(tags))
    else:
        aws.client("iam").tag_role(RoleName=name, Tags=tag_pairs(tags))


def _read_s3(aws: Clients, name: str) -> Tags:
    # of a bucket without tags S3 says that there is no such set
    try:
        return tag_map(aws.client("s3").get_bucket_tagging(Bucket=name, ExpectedBucketOwner=aws.account)["TagSet"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchTagSet":
            raise
        return {}


def _put_s3(aws: Clients, name: str, tags: Mapping[str, str]) -> None:
    # the call replaces all that there are
    pairs = tag_pairs({**_read_s3(aws, name), **tags})
    aws.client("s3").put_bucket_tagging(Bucket=name, ExpectedBucketOwner=aws.account, Tagging={"TagSet": pairs})


def _filter(name: str, value: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": [value]}]


PARAMETER, ZONE = {"ResourceType": "Parameter"}, {"ResourceType": "hostedzone"}
CALLS: dict[str, Calls] = {
    "acm": Calls(
        "id",
        lambda aws, arn: tag_map(aws.client("acm").list_tags_for_certificate(CertificateArn=arn)["Tags"]),
        lambda aws, arn, tags: aws.client("acm").add_tags_to_certificate(CertificateArn=arn, Tags=tag_pairs(tags)),
    ),
    "autoscaling": Calls(
        "id",
        lambda aws, name: tag_map(
            aws.pages("autoscaling", "describe_tags", "Tags", Filters=_filter("auto-scaling-group", name))
        ),
        lambda aws, name, tags: aws.client("autoscaling").create_or_update_tags(Tags=group_tags(name, tags, aws.owner)),
    ),
    "ec2": Calls(
        "id",
        lambda aws, name: tag_map(aws.pages("ec2", "describe_tags", "Tags", Filters=_filter("resource-id", name))),
        lambda aws, name, tags: aws.client("ec2").create_tags(Resources=[name], Tags=tag_pairs(tags)),
    ),
    "ecr": Calls(
        "arn",
        lambda aws, arn: tag_map(aws.client("ecr").list_tags_for_resource(resourceArn=arn)["tags"]),
        lambda aws, arn, tags: aws.client("ecr").tag_resource(resourceArn=arn, tags=tag_pairs(tags)),
    ),
    "ecs": Calls(
        "arn",
        lambda aws, arn: tag_map(aws.client("ecs").list_tags_for_resource(resourceArn=arn)["tags"], "key", "value"),
        lambda aws, arn, tags: aws.client("ecs").tag_resource(resourceArn=arn, tags=tag_pairs(tags, "key", "value")),
    ),
    "elbv2": Calls(
        "id",
        lambda aws, arn: tag_map(aws.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]),
        lambda aws, arn, tags: aws.client("elbv2").add_tags(ResourceArns=[arn], Tags=tag_pairs(tags)),
    ),
    "iam": Calls("arn", _read_iam, _put_iam),
    "logs": Calls(
        "arn",
        lambda aws, arn: dict(aws.client("logs").list_tags_for_resource(resourceArn=arn)["tags"]),
        lambda aws, arn, tags: aws.client("logs").tag_resource(resourceArn=arn, tags=dict(tags)),
    ),
    "rds": Calls(
        "arn",
        lambda aws, arn: tag_map(aws.client("rds").list_tags_for_resource(ResourceName=arn)["TagList"]),
        lambda aws, arn, tags: aws.client("rds").add_tags_to_resource(ResourceName=arn, Tags=tag_pairs(tags)),
    ),
    "route53": Calls(
        "id",
        lambda aws, name: tag_map(
            aws.client("route53").list_tags_for_resource(**ZONE, ResourceId=name)["ResourceTagSet"]["Tags"]
        ),
        lambda aws, name, tags: aws.client("route53").change_tags_for_resource(
            **ZONE, ResourceId=name, AddTags=tag_pairs(tags)
        ),
    ),
    "s3": Calls("id", _read_s3, _put_s3),
    "servicediscovery": Calls(
        "arn",
        lambda aws, arn: tag_map(aws.client("servicediscovery").list_tags_for_resource(ResourceARN=arn)["Tags"]),
        lambda aws, arn, tags: aws.client("servicediscovery").tag_resource(ResourceARN=arn, Tags=tag_pairs(tags)),
    ),
    "ssm": Calls(
        "id",
        lambda aws, name: tag_map(aws.client("ssm").list_tags_for_resource(**PARAMETER, ResourceId=name)["TagList"]),
        lambda aws, name, tags: aws.client("ssm").add_tags_to_resource(
            **PARAMETER, ResourceId=name, Tags=tag_pairs(tags)
        ),
    ),
}


API = Api(
    "resourcegroupstaggingapi",
    "Resource Groups Tagging",
    signing_name="tagging",
    rates=(
        Limit(
            "tagging",
            "each",
            15,
            15,
            "https://docs.aws.amazon.com/tag-editor/latest/userguide/reference.html",
            ("GetResources",),
        ),
    ),
)
