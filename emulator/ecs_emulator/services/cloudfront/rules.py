"""Distributions: whole settings as AWS shows them, versions, and the minutes in which a change reaches all edges.

Moto keeps only some settings, and no VPC origins. So this is a store of our own in moto's backend.
"""

from __future__ import annotations

import copy
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from moto.cloudfront.models import CloudFrontBackend
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.wafv2.models import wafv2_backends

from ecs_emulator import durations, faults
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.services.cloudfront import texts
from ecs_emulator.services.servicequotas import rules as servicequotas

PAGE = 100
"""The default and the largest page of a list (API reference, ListDistributions, MaxItems)."""
DISTRIBUTIONS = "L-24B04930"
"""The code of the quota of distributions."""
CACHE_POLICIES = {
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": "CachingDisabled",
    "658327ea-f89d-4fab-a63d-7e88639e58f6": "CachingOptimized",
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65": "UseOriginCacheControlHeaders",
    "4cc15a8a-d715-48a4-82b8-cc0b614638fe": "UseOriginCacheControlHeaders-QueryStrings",
}
"""Managed cache policies (CloudFront developer guide, using-managed-cache-policies)."""
ORIGIN_REQUEST_POLICIES = {
    "216adef6-5c7f-47e4-b989-5492eafa07d3": "AllViewer",
    "33f36d7e-f396-46d9-90e0-52428a34d9dc": "AllViewerAndCloudFrontHeaders-2022-06",
    "b689b0a8-53d0-40ab-baf2-68738e2966ac": "AllViewerExceptHostHeader",
}
"""Managed origin request policies (CloudFront developer guide, using-managed-origin-request-policies)."""
_DEFAULTS: Mapping[str, Any] = {
    "Aliases": {"Quantity": 0},
    "DefaultRootObject": "",
    "OriginGroups": {"Quantity": 0},
    "CacheBehaviors": {"Quantity": 0},
    "CustomErrorResponses": {"Quantity": 0},
    "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""},
    "PriceClass": "PriceClass_All",
    "ViewerCertificate": {
        "CloudFrontDefaultCertificate": True,
        "SSLSupportMethod": "vip",
        "MinimumProtocolVersion": "TLSv1",
        "CertificateSource": "cloudfront",
    },
    "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
    "WebACLId": "",
    "HttpVersion": "http2",
    "IsIPV6Enabled": True,
    "ContinuousDeploymentPolicyId": "",
    "Staging": False,
}
"""Settings that AWS fills in (API reference, DistributionConfig)."""
_BEHAVIOR: Mapping[str, Any] = {
    "TrustedSigners": {"Enabled": False, "Quantity": 0},
    "TrustedKeyGroups": {"Enabled": False, "Quantity": 0},
    "AllowedMethods": {
        "Quantity": 2,
        "Items": ["HEAD", "GET"],
        "CachedMethods": {"Quantity": 2, "Items": ["HEAD", "GET"]},
    },
    "SmoothStreaming": False,
    "Compress": False,
    "LambdaFunctionAssociations": {"Quantity": 0},
    "FunctionAssociations": {"Quantity": 0},
    "FieldLevelEncryptionId": "",
}
"""The same for the default cache behavior (API reference, DefaultCacheBehavior)."""
_ORIGIN: Mapping[str, Any] = {
    "OriginPath": "",
    "CustomHeaders": {"Quantity": 0},
    "ConnectionAttempts": 3,
    "ConnectionTimeout": 10,
    "OriginShield": {"Enabled": False},
    "OriginAccessControlId": "",
}
_SUMMARY = (
    *("Aliases", "Origins", "OriginGroups", "DefaultCacheBehavior", "CacheBehaviors", "CustomErrorResponses"),
    *("Comment", "PriceClass", "Enabled", "ViewerCertificate", "Restrictions", "WebACLId", "HttpVersion"),
    *("IsIPV6Enabled", "Staging"),
)
"""The settings that ListDistributions shows (API reference, DistributionSummary)."""


class Distribution:
    """A distribution: its settings, their version, and the moment at which all edge locations have them."""

    def __init__(self, account: str, config: dict[str, Any]) -> None:
        self.distribution_id = self.id = _letters(string.ascii_uppercase + string.digits, "E", 13)
        self.arn = f"arn:aws:cloudfront::{account}:distribution/{self.id}"
        self.domain_name = f"{_letters(string.ascii_lowercase + string.digits, 'd', 13)}.cloudfront.net"
        self.put(config)
        self.first_deployed_at = self.deployed_at

    def put(self, config: dict[str, Any]) -> None:
        """Take settings on: a new version, which edge locations get within minutes."""
        self.config, self.etag = config, version()
        self.last_modified_time = datetime.now(UTC)
        self.deployed_at = later(durations.DISTRIBUTION_DEPLOY)

    @property
    def status(self) -> str:
        """The word for whether all edge locations have the settings."""
        return "Deployed" if passed(self.deployed_at) else "InProgress"

    @property
    def vpc_origins(self) -> list[str]:
        """The ids of the VPC origins that it uses."""
        found = (origin.get("VpcOriginConfig", {}) for origin in self.config["Origins"]["Items"])
        return [one["VpcOriginId"] for one in found if one]

    def shown(self) -> dict[str, Any]:
        """Return it as GetDistribution shows it."""
        return {
            **self._shown(),
            "InProgressInvalidationBatches": 0,
            "ActiveTrustedSigners": {"Enabled": False, "Quantity": 0},
            "ActiveTrustedKeyGroups": {"Enabled": False, "Quantity": 0},
            "DistributionConfig": self.config,
            "AliasICPRecordals": [],
        }

    def summary(self) -> dict[str, Any]:
        """Return it as ListDistributions shows it."""
        return {**self._shown(), **{name: self.config[name] for name in _SUMMARY}, "ETag": self.etag}

    def _shown(self) -> dict[str, Any]:
        return {
            "Id": self.id,
            "ARN": self.arn,
            "Status": self.status,
            "LastModifiedTime": self.last_modified_time,
            "DomainName": self.domain_name,
        }


def _letters(alphabet: str, first: str, length: int) -> str:
    return first + "".join(secrets.choice(alphabet) for _ in range(length))


def version() -> str:
    """Return a new version, as ETags have it."""
    return _letters(string.ascii_uppercase + string.digits, "E", 12)


def same_version(given: str | None, etag: str) -> None:
    """Refuse a call without the version that it changes, or with another one (API reference, Errors)."""
    if not given:
        refuse("InvalidIfMatchVersion", texts.NO_IF_MATCH)
    if given != etag:
        refuse("PreconditionFailed", texts.OTHER_VERSION)


def page(self: Any, operation: str, found: Iterable[Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return the page of a list that a request asks for, and the members that lead to the next one."""
    marker, most = self._get_param("Marker") or "", min(int(self._get_param("MaxItems") or PAGE), PAGE)
    if faults.current.strike("small-pages", f"cloudfront:{operation}"):
        most = min(most, 2)
    after = [one for one in sorted(found, key=lambda one: str(one.id)) if one.id > marker]
    shown, left = after[:most], len(after) > most
    members: dict[str, Any] = {"Marker": marker, "MaxItems": most, "IsTruncated": left, "Quantity": len(shown)}
    return shown, members | ({"NextMarker": shown[-1].id} if left else {})


def distributions(backend: Any) -> Iterator[Distribution]:
    """Yield the distributions of an account."""
    yield from backend.distributions.values()


@wrap(CloudFrontBackend, "__init__")
def keep_vpc_origins(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """Begin without VPC origins, which moto does not have."""
    original(self, *args, **kwargs)
    self.vpc_origins = {}


def _there(backend: Any, id: str) -> Distribution:
    found = backend.distributions.get(id)
    if found is None:
        refuse("NoSuchDistribution", texts.NO_DISTRIBUTION)
    one: Distribution = found
    return one


def _answer(one: Distribution) -> ActionResult:
    place = f"https://cloudfront.amazonaws.com/2020-05-31/distribution/{one.id}"
    return ActionResult({"Distribution": one.shown(), "ETag": one.etag, "Location": place})


def _create(self: Any, config: dict[str, Any], tags: list[dict[str, str]]) -> ActionResult:
    backend = self.backend
    for other in distributions(backend):
        if other.config["CallerReference"] == config["CallerReference"]:
            refuse(
                "DistributionAlreadyExists",
                "The caller reference that you are using to create a distribution is associated with another "
                f"distribution. Already exists: {other.id}",
            )
    completed = _checked(backend, config)
    if len(backend.distributions) >= servicequotas.in_force("cloudfront", DISTRIBUTIONS):
        refuse("TooManyDistributions", "Your request contains more distributions than are allowed per AWS account.")
    made = Distribution(backend.account_id, completed)
    backend.distributions[made.id] = made
    backend.tagger.tag_resource(made.arn, tags)
    return _answer(made)


@replace(CloudFrontResponse, "create_distribution")
def create_distribution(self: Any) -> ActionResult:
    """CreateDistribution: keep all settings, and refuse wrong ones."""
    return _create(self, copy.deepcopy(self._get_param("DistributionConfig", {})), [])


@replace(CloudFrontResponse, "create_distribution_with_tags")
def create_distribution_with_tags(self: Any) -> ActionResult:
    """CreateDistributionWithTags: the same, with tags."""
    asked = self._get_param("DistributionConfigWithTags", {})
    return _create(self, copy.deepcopy(asked["DistributionConfig"]), asked.get("Tags", {}).get("Items") or [])


@replace(CloudFrontResponse, "get_distribution")
def get_distribution(self: Any) -> ActionResult:
    """GetDistribution: show all settings."""
    return _answer(_there(self.backend, self._get_param("Id")))


@replace(CloudFrontResponse, "get_distribution_config")
def get_distribution_config(self: Any) -> ActionResult:
    """GetDistributionConfig: show all settings, and their version."""
    one = _there(self.backend, self._get_param("Id"))
    return ActionResult({"DistributionConfig": one.config, "ETag": one.etag})


@replace(CloudFrontResponse, "list_distributions")
def list_distributions(self: Any) -> ActionResult:
    """ListDistributions: show the settings that summaries have."""
    shown, members = page(self, "ListDistributions", distributions(self.backend))
    items = {"Items": [one.summary() for one in shown]} if shown else {}
    return ActionResult({"DistributionList": {**members, **items}})


@replace(CloudFrontResponse, "update_distribution")
def update_distribution(self: Any) -> ActionResult:
    """UpdateDistribution: replace all settings of the version that the call names (API reference)."""
    one = _there(self.backend, self._get_param("Id"))
    same_version(self._get_param("IfMatch"), one.etag)
    wanted = copy.deepcopy(self._get_param("DistributionConfig", {}))
    if wanted.get("CallerReference") != one.config["CallerReference"]:
        # "You can't change the value of CallerReference": API reference, UpdateDistribution
        refuse("IllegalUpdate", "The update contains modifications that are not allowed.")
    one.put(_checked(self.backend, wanted))
    return _answer(one)


@replace(CloudFrontResponse, "delete_distribution")
def delete_distribution(self: Any) -> EmptyResult:
    """DeleteDistribution: refuse until it is disabled everywhere.

    CloudFront developer guide, HowToDeleteDistribution; while the change is in progress: rebuy-de/aws-nuke#155.
    """
    one = _there(self.backend, self._get_param("Id"))
    same_version(self._get_param("IfMatch"), one.etag)
    if one.config["Enabled"] or one.status != "Deployed":
        refuse("DistributionNotDisabled", texts.NOT_DISABLED)
    del self.backend.distributions[one.id]
    self.backend.tagger.delete_all_tags_for_resource(one.arn)
    return EmptyResult()


def _checked(backend: Any, config: dict[str, Any]) -> dict[str, Any]:
    """Return settings with AWS's defaults; refuse wrong ones (API reference, CreateDistribution, Errors)."""
    origins = config.get("Origins", {}).get("Items") or []
    if not origins:
        _invalid("The parameter Origins is required.")
    _quantities(config)
    behavior = config["DefaultCacheBehavior"]
    if behavior["TargetOriginId"] not in [origin["Id"] for origin in origins]:
        refuse("NoSuchOrigin", "One or more of your origins or origin groups do not exist.")
    for origin in origins:
        _check_origin(backend, origin)
    if behavior.get("CachePolicyId") not in (None, *CACHE_POLICIES):
        refuse("NoSuchCachePolicy", "The specified cache policy does not exist.")
    if behavior.get("OriginRequestPolicyId") not in (None, *ORIGIN_REQUEST_POLICIES):
        refuse("NoSuchOriginRequestPolicy", "The specified origin request policy does not exist.")
    if not behavior.get("CachePolicyId") and not behavior.get("ForwardedValues"):
        # "A CacheBehavior must include either a CachePolicyId or ForwardedValues": API reference, DefaultCacheBehavior
        _invalid("The parameter ForwardedValues is required.")
    _check_web_acl(backend, config.get("WebACLId") or "")
    completed = {**copy.deepcopy(dict(_DEFAULTS)), **config}
    completed["DefaultCacheBehavior"] = {**copy.deepcopy(dict(_BEHAVIOR)), **behavior}
    completed["Origins"] = {**config["Origins"], "Items": [{**copy.deepcopy(dict(_ORIGIN)), **one} for one in origins]}
    return completed


def _check_origin(backend: Any, origin: dict[str, Any]) -> None:
    kinds = [name for name in ("S3OriginConfig", "CustomOriginConfig", "VpcOriginConfig") if origin.get(name)]
    if len(kinds) != 1:
        _invalid("The parameter Origin must have one of S3OriginConfig, CustomOriginConfig and VpcOriginConfig.")
    asked = origin.get("VpcOriginConfig")
    if not asked:
        return
    for member, usual in (("OriginReadTimeout", 30), ("OriginKeepaliveTimeout", 5)):
        value = int(asked.setdefault(member, usual))
        if not 1 <= value <= 120:
            code = {"OriginReadTimeout": "InvalidOriginReadTimeout"}.get(member, "InvalidOriginKeepaliveTimeout")
            refuse(code, f"The value {value} of {member} is not between 1 and 120 seconds.")
    there = backend.vpc_origins.get(asked["VpcOriginId"])
    if there is None:
        refuse("EntityNotFound", texts.NO_ENTITY)
    if there.status != "Deployed":
        # "wait until the VPC origin has the status Deployed": CloudFront developer guide, VPC origins; the code is a
        # guess
        _invalid(f"The specified VPC origin {asked['VpcOriginId']} is not deployed yet.")


def _quantities(value: Any) -> None:
    """Refuse a list whose Quantity is not the number of its items (API reference, InconsistentQuantities)."""
    if isinstance(value, dict):
        if "Quantity" in value and int(value["Quantity"]) != len(value.get("Items") or ()):
            refuse("InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
        for member in value.values():
            _quantities(member)
    elif isinstance(value, list):
        for member in value:
            _quantities(member)


def _check_web_acl(backend: Any, arn: str) -> None:
    """Refuse an ACL that is not there, and one of load balancers (API reference, InvalidWebACLId)."""
    known = wafv2_backends[backend.account_id]
    acls = {one for region in ("global", "us-east-1") for one in known[region].wacls}
    if arn and (":global/webacl/" not in arn or arn not in acls):
        refuse(
            "InvalidWebACLId",
            "A web ACL ID specified is not valid. To specify a web ACL created using the latest version of AWS WAF, "
            "use the ACL ARN.",
        )


def _invalid(message: str) -> NoReturn:
    refuse("InvalidArgument", message)
