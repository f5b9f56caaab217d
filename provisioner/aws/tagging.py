"""Reading and putting on the tags of one resource, by whichever call its API has for that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

if TYPE_CHECKING:
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


def taggable(resource_type: type[Resource]) -> bool:
    """Say whether resources of this type carry their owner in tags of their own."""
    return resource_type.type_name not in TAGLESS and not resource_type.created_by_aws


def read(aws: Clients, resource_type: type[Resource], live: Observed) -> Tags:
    """Return the resource's tags."""
    return READERS[resource_type.service](aws, _called(aws, resource_type, live))


def put(aws: Clients, resource_type: type[Resource], live: Observed, tags: Mapping[str, str]) -> None:
    """Put the tags on the resource, in place of those of the same keys. It is safe to repeat."""
    WRITERS[resource_type.service](aws, _called(aws, resource_type, live), tags)


def _called(aws: Clients, resource_type: type[Resource], live: Observed) -> str:
    """Return how the tagging call of its API names the resource."""
    if resource_type.type_name in RDS_TYPES:
        return f"arn:{aws.partition}:rds:{aws.region}:{aws.account}:{RDS_TYPES[resource_type.type_name]}:{live.id}"
    by_id = resource_type.service in {"ec2", "autoscaling", "ssm", "route53", "elbv2", "acm", "s3"}
    return live.id if by_id else str(live.outputs.get("arn", live.id))


def _pairs(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in tags.items()]


def tag_map(tags: Iterable[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> Tags:
    """Return a list of tag pairs as a mapping."""
    return {tag[key]: tag[value] for tag in tags or ()}


# -- by service --------------------------------------------------------------------------------------------------------


def _read_ec2(aws: Clients, id: str) -> Tags:
    return tag_map(aws.pages("ec2", "describe_tags", "Tags", Filters=[{"Name": "resource-id", "Values": [id]}]))


def _put_ec2(aws: Clients, id: str, tags: Mapping[str, str]) -> None:
    aws.client("ec2").create_tags(Resources=[id], Tags=_pairs(tags))


def _read_autoscaling(aws: Clients, name: str) -> Tags:
    filters = [{"Name": "auto-scaling-group", "Values": [name]}]
    return tag_map(aws.pages("autoscaling", "describe_tags", "Tags", Filters=filters))


def _put_autoscaling(aws: Clients, name: str, tags: Mapping[str, str]) -> None:
    # its instances carry the stack's tags, and not the group's own address
    group = {"ResourceType": "auto-scaling-group", "ResourceId": name}
    pairs = [{**group, **pair, "PropagateAtLaunch": pair["Key"] in aws.owner} for pair in _pairs(tags)]
    aws.client("autoscaling").create_or_update_tags(Tags=pairs)


def _read_iam(aws: Clients, arn: str) -> Tags:
    name = arn.rpartition("/")[2]
    if ":instance-profile/" in arn:
        return tag_map(
            aws.client("iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"].get("Tags", ())
        )
    return tag_map(aws.pages("iam", "list_role_tags", "Tags", RoleName=name))


def _put_iam(aws: Clients, arn: str, tags: Mapping[str, str]) -> None:
    name = arn.rpartition("/")[2]
    if ":instance-profile/" in arn:
        aws.client("iam").tag_instance_profile(InstanceProfileName=name, Tags=_pairs(tags))
    else:
        aws.client("iam").tag_role(RoleName=name, Tags=_pairs(tags))


def _read_elbv2(aws: Clients, arn: str) -> Tags:
    return tag_map(aws.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def _put_elbv2(aws: Clients, arn: str, tags: Mapping[str, str]) -> None:
    aws.client("elbv2").add_tags(ResourceArns=[arn], Tags=_pairs(tags))


def _read_rds(aws: Clients, arn: str) -> Tags:
    return tag_map(aws.client("rds").list_tags_for_resource(ResourceName=arn)["TagList"])


def _put_rds(aws: Clients, arn: str, tags: Mapping[str, str]) -> None:
    aws.client("rds").add_tags_to_resource(ResourceName=arn, Tags=_pairs(tags))


def _read_ecs(aws: Clients, arn: str) -> Tags:
    return tag_map(aws.client("ecs").list_tags_for_resource(resourceArn=arn)["tags"], "key", "value")


def _put_ecs(aws: Clients, arn: str, tags: Mapping[str, str]) -> None:
    aws.client("ecs").tag_resource(resourceArn=arn, tags=_pairs(tags, "key", "value"))


def _read_ecr(aws: Clients, arn: str) -> Tags:
    return tag_map(aws.client("ecr").list_tags_for_resource(resourceArn=arn)["tags"])


def _put_ecr(aws: Clients, arn: str, tags: Mapping[str, str]) -> None:
    aws.client("ecr").tag_resource(resourceArn=arn, tags=_pairs(tags))


def _read_logs(aws: Clients, arn: str) -> Tags:
    return dict(aws.client("logs").list_tags_for_resource(resourceArn=arn)["tags"])


def _put_logs(aws: Clients, arn: str, tags: Mapping[str, str]) -> None:
    aws.client("logs").tag_resource(resourceArn=arn, tags=dict(tags))


def _read_acm(aws: Clients, arn: str) -> Tags:
    return tag_map(aws.client("acm").list_tags_for_certificate(CertificateArn=arn)["Tags"])


def _put_acm(aws: Clients, arn: str, tags: Mapping[str, str]) -> None:
    aws.client("acm").add_tags_to_certificate(CertificateArn=arn, Tags=_pairs(tags))


def _read_ssm(aws: Clients, name: str) -> Tags:
    return tag_map(aws.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"])


def _put_ssm(aws: Clients, name: str, tags: Mapping[str, str]) -> None:
    aws.client("ssm").add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=_pairs(tags))


def _read_cloud_map(aws: Clients, arn: str) -> Tags:
    return tag_map(aws.client("servicediscovery").list_tags_for_resource(ResourceARN=arn)["Tags"])


def _put_cloud_map(aws: Clients, arn: str, tags: Mapping[str, str]) -> None:
    aws.client("servicediscovery").tag_resource(ResourceARN=arn, Tags=_pairs(tags))


def _read_route53(aws: Clients, id: str) -> Tags:
    answer = aws.client("route53").list_tags_for_resource(ResourceType="hostedzone", ResourceId=id)
    return tag_map(answer["ResourceTagSet"]["Tags"])


def _put_route53(aws: Clients, id: str, tags: Mapping[str, str]) -> None:
    aws.client("route53").change_tags_for_resource(ResourceType="hostedzone", ResourceId=id, AddTags=_pairs(tags))


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
    pairs = _pairs({**_read_s3(aws, name), **tags})
    aws.client("s3").put_bucket_tagging(Bucket=name, ExpectedBucketOwner=aws.account, Tagging={"TagSet": pairs})


READERS: Mapping[str, Callable[[Clients, str], Tags]] = {
    "acm": _read_acm,
    "autoscaling": _read_autoscaling,
    "ec2": _read_ec2,
    "ecr": _read_ecr,
    "ecs": _read_ecs,
    "elbv2": _read_elbv2,
    "iam": _read_iam,
    "logs": _read_logs,
    "rds": _read_rds,
    "route53": _read_route53,
    "s3": _read_s3,
    "servicediscovery": _read_cloud_map,
    "ssm": _read_ssm,
}
WRITERS: Mapping[str, Callable[[Clients, str, Mapping[str, str]], None]] = {
    "acm": _put_acm,
    "autoscaling": _put_autoscaling,
    "ec2": _put_ec2,
    "ecr": _put_ecr,
    "ecs": _put_ecs,
    "elbv2": _put_elbv2,
    "iam": _put_iam,
    "logs": _put_logs,
    "rds": _put_rds,
    "route53": _put_route53,
    "s3": _put_s3,
    "servicediscovery": _put_cloud_map,
    "ssm": _put_ssm,
}
