"""CloudFront: distributions, which answer by HTTPS under a name of CloudFront's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws import durations
from provisioner.aws.client import Aws
from provisioner.aws.durations import Takes
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.permissions import Use, grants
from provisioner.aws.tagging import observed
from provisioner.engine.costs import Around, Cost, by_load
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.cloudfront.api import API, listed, owned, permissions_of, tags_of

DEPLOYED = "Deployed"
ORIGIN = "load-balancer"
"""The name of the origin within its distribution."""
METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE")
CACHED = ("GET", "HEAD")
NO_CACHE = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
"""The managed cache policy CachingDisabled (CloudFront developer guide, using-managed-cache-policies)."""
BY_CACHE_CONTROL = "4cc15a8a-d715-48a4-82b8-cc0b614638fe"
"""The managed cache policy UseOriginCacheControlHeaders-QueryStrings: the application's Cache-Control decides."""
WHOLE_REQUEST = "33f36d7e-f396-46d9-90e0-52428a34d9dc"
"""The managed origin request policy AllViewerAndCloudFrontHeaders-2022-06.

The application gets all that the client sent, and CloudFront-Forwarded-Proto: the load balancer's own X-Forwarded-Proto
names the protocol between CloudFront and itself, which is HTTP.
"""
_TOP = {"comment": "Comment", "enabled": "Enabled", "http_version": "HttpVersion", "web_acl_id": "WebACLId"}
_BEHAVIOR = {
    "cache_policy_id": "CachePolicyId",
    "origin_request_policy_id": "OriginRequestPolicyId",
    "viewer_protocol_policy": "ViewerProtocolPolicy",
    "compress": "Compress",
}
"""The fields' names in CloudFront's calls and answers: of the distribution, and of its default cache behavior."""


@dataclass(frozen=True)
class Distribution(Resource):
    """A distribution with one origin, a VPC origin, and one cache behavior for all paths.

    Settings that this type does not have, such as a log that somebody has turned on, stay as they are.
    """

    comment: str
    origin_domain_name: str
    vpc_origin_id: str
    cache_policy_id: str = NO_CACHE
    origin_request_policy_id: str = WHOLE_REQUEST
    origin_read_timeout: int = 30
    web_acl_id: str = ""
    viewer_protocol_policy: str = "redirect-to-https"
    allowed_methods: Sequence[str] = METHODS
    compress: bool = True
    http_version: str = "http2and3"
    enabled: bool = True

    type_name = "distribution"
    api = API
    arn = "distribution/*"
    takes = Takes(
        ready=(durations.DISTRIBUTION_DEPLOY,),
        gone=(durations.DISTRIBUTION_DEPLOY,),
    )
    permissions = (
        *grants("cloudfront", "ListDistributions"),
        *permissions_of(
            "distribution",
            "CreateDistribution",
            "GetDistribution GetDistributionConfig",
            "UpdateDistribution DeleteDistribution",
        ),
        *grants(
            "wafv2",
            "GetWebACL",
            "{acl}",
            use=Use.OPTION,
            why="`[cloudfront] waf_acl`",
            when="web_acl_id",
        ),
    )
    outputs = ("domain_name", "arn")
    unordered = frozenset({"allowed_methods"})
    create_timeout = 5400
    delete_timeout = 7200
    poll_interval = 15

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterator[Cost]:
        # the first terabyte and the first ten million requests of an account are free each month
        yield by_load("requests to CloudFront, beyond 10 million a month", "cloudfront.requests")
        yield by_load("data from CloudFront, beyond 1 TB a month", "cloudfront.gb")

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        # a distribution has no name: what this tool makes says whose it is in the comment, which anybody may change
        comments, ids = {fields["comment"] for fields in known}, {*aws.recorded(cls)}
        if not (known or aws.include_unrecorded):
            return
        for one in listed(aws, "list_distributions", "DistributionList", known=bool(known)):
            near = one["Comment"] in comments or aws.include_unrecorded
            if one["Id"] in ids or (near and owned(aws, one["ARN"])):
                yield cls._live(aws, one, one, tags_of(aws, one["ARN"]))

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterator[Observed]:
        for one in ids:
            with IgnoreNotFound():
                shown = aws.client("cloudfront").get_distribution(Id=one)["Distribution"]
                yield cls._live(aws, shown, shown["DistributionConfig"], tags_of(aws, shown["ARN"]))

    @staticmethod
    def _live(aws: Aws, shown: Mapping[str, Any], config: Mapping[str, Any], tags: Mapping[str, str]) -> Observed:
        behavior = config["DefaultCacheBehavior"]
        origins = {one["Id"]: one for one in config["Origins"]["Items"]}
        origin = origins.get(behavior["TargetOriginId"], {})
        attributes: dict[str, Any] = {name: config.get(member) for name, member in _TOP.items()}
        attributes |= {name: behavior.get(member) for name, member in _BEHAVIOR.items()}
        attributes |= {
            # lists write HTTP versions in capital letters (rebuy-de/aws-nuke#122)
            "http_version": str(config.get("HttpVersion", "")).lower(),
            "origin_domain_name": origin.get("DomainName"),
            "vpc_origin_id": origin.get("VpcOriginConfig", {}).get("VpcOriginId"),
            "origin_read_timeout": origin.get("VpcOriginConfig", {}).get("OriginReadTimeout"),
            "allowed_methods": sorted(behavior.get("AllowedMethods", {}).get("Items", ())),
        }
        outputs = {"domain_name": shown["DomainName"], "arn": shown["ARN"]}
        return observed(aws, shown["Id"], attributes, tags, outputs, status=shown["Status"])

    def _settings(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """Return all settings for a call: the wanted values, and the former values of settings without a field."""
        behavior = {
            **before.get("DefaultCacheBehavior", {}),
            "TargetOriginId": ORIGIN,
            **{member: getattr(self, name) for name, member in _BEHAVIOR.items()},
            "AllowedMethods": {
                "Quantity": len(self.allowed_methods),
                "Items": list(self.allowed_methods),
                "CachedMethods": {"Quantity": len(CACHED), "Items": list(CACHED)},
            },
        }
        others = [one for one in before.get("Origins", {}).get("Items", ()) if one["Id"] != ORIGIN]
        origin = {
            "Id": ORIGIN,
            "DomainName": self.origin_domain_name,
            "VpcOriginConfig": {"VpcOriginId": self.vpc_origin_id, "OriginReadTimeout": self.origin_read_timeout},
        }
        return {
            **before,
            **{member: getattr(self, name) for name, member in _TOP.items()},
            "Origins": {"Quantity": 1 + len(others), "Items": [origin, *others]},
            "DefaultCacheBehavior": behavior,
        }

    def create(self, aws: Aws, token: str) -> Observed:
        tags = aws.tags(self.address)
        # the token makes a repeated call a refusal instead of a second distribution
        settings = {"CallerReference": token, **self._settings({})}
        made = aws.client("cloudfront").create_distribution_with_tags(
            DistributionConfigWithTags={"DistributionConfig": settings, "Tags": {"Items": tag_pairs(tags)}}
        )["Distribution"]
        return self._live(aws, made, made["DistributionConfig"], tags)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        shown = aws.client("cloudfront").get_distribution_config(Id=live.id)
        settings = self._settings(shown["DistributionConfig"])
        aws.client("cloudfront").update_distribution(Id=live.id, IfMatch=shown["ETag"], DistributionConfig=settings)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        """Disable it; delete it once all edge locations know that (CloudFront developer guide)."""
        cloudfront = aws.client("cloudfront")
        shown = cloudfront.get_distribution(Id=live.id)
        config, version = shown["Distribution"]["DistributionConfig"], shown["ETag"]
        if config["Enabled"]:
            cloudfront.update_distribution(Id=live.id, IfMatch=version, DistributionConfig={**config, "Enabled": False})
        elif shown["Distribution"]["Status"] == DEPLOYED:
            cloudfront.delete_distribution(Id=live.id, IfMatch=version)

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        return None if live.status == DEPLOYED else live.status

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        return "" if live.attributes["enabled"] else "not all edge locations have disabled it yet"
