"""CloudFront: VPC origins, through which distributions reach an internal load balancer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws import durations
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import grants
from provisioner.aws.tagging import observed
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources import members
from provisioner.resources.cloudfront.api import API, listed, owned, permissions_of, tags_of
from provisioner.resources.ec2.common import interfaces

DEPLOYED, DEPLOYING = "Deployed", "Deploying"
SSL_PROTOCOLS = ("TLSv1.2",)
"""The protocols of HTTPS, which AWS also asks for if the origin is reached by HTTP (API, VpcOriginEndpointConfig)."""
_SETTINGS = {
    "vpc_origin_name": "Name",
    "endpoint_arn": "Arn",
    "http_port": "HTTPPort",
    "https_port": "HTTPSPort",
    "origin_protocol_policy": "OriginProtocolPolicy",
}
"""The fields' names in CloudFront's calls and answers."""


@dataclass(frozen=True)
class VpcOrigin(Resource):
    """A VPC origin: CloudFront's network interfaces beside a load balancer, with a security group of CloudFront's.

    CloudFront refuses to change one that a distribution uses (UpdateVpcOrigin, CannotUpdateEntityWhileInUse), and so
    none of its settings changes in place.
    """

    vpc_origin_name: str
    endpoint_arn: str
    http_port: int = 80
    https_port: int = 443
    origin_protocol_policy: str = "http-only"

    type_name = "vpc_origin"
    api = API
    arn = "vpcorigin/*"
    takes = Takes(ready=(durations.VPC_ORIGIN_DEPLOY,), gone=(durations.VPC_ORIGIN_DELETE,))
    permissions = (
        *grants("cloudfront", "ListVpcOrigins"),
        *permissions_of("vpcorigin", "CreateVpcOrigin", "GetVpcOrigin", "DeleteVpcOrigin"),
    )
    identity = ("vpc_origin_name",)
    outputs = ("arn",)
    create_only = frozenset(_SETTINGS)
    create_timeout = 2400
    delete_timeout = 2400
    poll_interval = 15

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names, ids = {fields["vpc_origin_name"] for fields in known}, {*aws.recorded(cls)}
        if not (known or aws.include_unrecorded):
            return
        for one in listed(aws, "list_vpc_origins", "VpcOriginList", known=bool(known)):
            near = one["Name"] in names or one["Id"] in ids
            if near or (aws.include_unrecorded and owned(aws, one["Arn"])):
                yield from cls.read_some(aws, known, [one["Id"]])

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterator[Observed]:
        for one in ids:
            with IgnoreNotFound():
                shown = aws.client("cloudfront").get_vpc_origin(Id=one)["VpcOrigin"]
                yield cls._live(aws, shown, tags_of(aws, shown["Arn"]))

    @staticmethod
    def _live(aws: Aws, shown: Mapping[str, Any], tags: Mapping[str, str]) -> Observed:
        attributes = members.shown(_SETTINGS, shown["VpcOriginEndpointConfig"])
        return observed(aws, shown["Id"], attributes, tags, {"arn": shown["Arn"]}, status=shown["Status"])

    def create(self, aws: Aws, token: str) -> Observed:
        protocols = {"Quantity": len(SSL_PROTOCOLS), "Items": list(SSL_PROTOCOLS)}
        endpoint = {**members.arguments(_SETTINGS, self.fields()), "OriginSslProtocols": protocols}
        tags = aws.tags(self.address)
        made = aws.client("cloudfront").create_vpc_origin(
            VpcOriginEndpointConfig=endpoint, Tags={"Items": tag_pairs(tags)}
        )
        return self._live(aws, made["VpcOrigin"], tags)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        """Change nothing: all settings are set at creation."""

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        shown = aws.client("cloudfront").get_vpc_origin(Id=live.id)
        # CloudFront shows one that it is deleting as Deploying again, until it is gone
        if shown["VpcOrigin"]["Status"] != DEPLOYING:
            aws.client("cloudfront").delete_vpc_origin(Id=live.id, IfMatch=shown["ETag"])

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        if live.status not in (DEPLOYED, DEPLOYING):
            raise Failed(
                f"VPC origin {live.id} could not be deployed: {live.status}. Run `down --target-step cloudfront`, then "
                f"`up` again"
            )
        return None if live.status == DEPLOYED else live.status

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return interfaces(aws, "description", f"*{live.id}*")
