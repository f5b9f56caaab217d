"""Certificate Manager as an API: its tag calls, its temporary refusals, its rates."""

from __future__ import annotations

from provisioner.aws.api import Api, Clients, Limit, TagCalls, Tags
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.tagging import tag_map
from provisioner.engine.ports import Row

_RATES = "https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html#api-rate-limits"


def read_tags(aws: Clients, arn: str) -> Tags:
    """Return the tags of a certificate."""
    return tag_map(aws.client("acm").list_tags_for_certificate(CertificateArn=arn)["Tags"])


API = Api(
    "acm",
    "ACM",
    tags=TagCalls(
        "id",
        read_tags,
        lambda aws, arn, tags: aws.client("acm").add_tags_to_certificate(CertificateArn=arn, Tags=tag_pairs(tags)),
        lambda aws, arn, keys: aws.client("acm").remove_tags_from_certificate(
            CertificateArn=arn, Tags=[{"Key": key} for key in keys]
        ),
    ),
    transient=(
        Row("in_use", "ResourceInUseException|ConflictException", "", 1200, "it is still in use by a deleted listener",
            "terraform-provider-aws#3866"),
    ),
    rates=(
        Limit("each", 5, 5, _RATES, ("AddTagsToCertificate", "RequestCertificate")),
        Limit("each", 8, 8, _RATES, ("ListCertificates",)),
        Limit("each", 10, 10, _RATES, ("DeleteCertificate", "DescribeCertificate", "ListTagsForCertificate")),
    ),
)  # fmt: skip
