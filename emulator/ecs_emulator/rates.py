"""AWS's documented rates of calls, beyond which the embedded cloud throttles if it is asked to.

A client that waits for its turn has its own table, so that this one also tests the client's. Operations that are not in
the table have no documented rate. Application Auto Scaling has none either; it meets CloudWatch's (`alarms`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal

ROUNDING = 1e-9
"""The part of a token that may be missing: the rounding error of floats after a wait that was just long enough."""


@dataclass(frozen=True)
class Limit:
    """A documented limit, for an account in a Region.

    Attributes:
        service: the signing name.
        draws: the calls that draw on one bucket: `each` operation has its own; the operations of this limit share one
            (`together`); or `all` operations of the service share one, besides their own.
        burst: the tokens that a bucket holds. A limit of a number of calls a second has as many.
        rate: the tokens that it gains a second.
        source: the document.
        operations: names as AWS writes them: a name, its beginning and `*`, or `*` for all that no earlier row names.
    """

    service: str
    draws: Literal["each", "together", "all"]
    burst: float
    rate: float
    source: str
    operations: tuple[str, ...]

    def names(self, operation: str) -> bool:
        """Return whether the limit covers an operation."""
        return any(fnmatchcase(operation, pattern) for pattern in self.operations)


_ACM = "https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html#api-rate-limits"
_EC2 = "https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html"
_CLOUDWATCH = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"
_ECS = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html"
_ELB = "https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html"
_IAM = "a cautious guess: IAM throttles, and documents no rate"
_EVENTS = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"
_LOGS = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"
_RDS = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-api-throttling.html"
_ROUTE53 = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html"
_QUOTAS = "https://docs.aws.amazon.com/servicequotas/latest/userguide/reference_limits.html"
_TAGGING = "https://docs.aws.amazon.com/tag-editor/latest/userguide/reference.html"

LIMITS: tuple[Limit, ...] = (
    Limit("acm", "each", 5, 5, _ACM, ("AddTagsToCertificate", "RequestCertificate")),
    Limit("acm", "each", 8, 8, _ACM, ("ListCertificates",)),
    Limit("acm", "each", 10, 10, _ACM, ("DeleteCertificate", "DescribeCertificate", "ListTagsForCertificate")),
    # Some reads have half of it when they are neither filtered nor in pages: not distinguished here.
    Limit("ec2", "each", 100, 20, _EC2, ("Describe*", "Get*", "List*", "Search*")),
    Limit("ec2", "each", 4, 0.3, _EC2, ("CreateVpcEndpoint", "DeleteVpcEndpoints", "ModifyVpcEndpoint")),
    Limit("ec2", "each", 100, 10, _EC2, ("CreateTags", "DeleteTags")),
    Limit("ec2", "each", 100, 5, _EC2, ("CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "TerminateInstances")),
    Limit("ec2", "each", 50, 5, _EC2, ("*",)),
    Limit("ecs", "together", 20, 1, _ECS, (
        "CreateCluster", "DeleteCluster", "PutClusterCapacityProviders", "UpdateCluster", "UpdateClusterSettings")),
    Limit("ecs", "together", 50, 20, _ECS, ("DescribeClusters", "ListClusters")),
    Limit("ecs", "together", 20, 1, _ECS, ("DeregisterTaskDefinition", "RegisterTaskDefinition")),
    Limit("ecs", "together", 50, 20, _ECS, (
        "DescribeTaskDefinition", "ListTaskDefinitionFamilies", "ListTaskDefinitions")),
    Limit("ecs", "together", 5, 1, _ECS, ("DeleteTaskDefinitions",)),
    Limit("ecs", "together", 10, 1, _ECS, (
        "CreateCapacityProvider", "DeleteCapacityProvider", "UpdateCapacityProvider")),
    Limit("ecs", "together", 50, 20, _ECS, ("DescribeCapacityProviders",)),
    Limit("ecs", "together", 20, 10, _ECS, ("TagResource", "UntagResource")),
    Limit("ecs", "together", 50, 20, _ECS, ("ListTagsForResource",)),
    Limit("ecs", "together", 10, 1, _ECS, (
        "DeleteAccountSetting", "PutAccountSetting", "PutAccountSettingDefault")),
    Limit("ecs", "together", 50, 20, _ECS, ("ListAccountSettings",)),
    Limit("ecs", "together", 100, 40, _ECS, (
        "DeregisterContainerInstance", "RunTask", "StartTask", "StopTask", "UpdateContainerInstancesState")),
    Limit("ecs", "together", 100, 20, _ECS, (
        "DescribeContainerInstances", "DescribeTasks", "ListContainerInstances", "ListTasks")),
    Limit("ecs", "together", 50, 5, _ECS, ("CreateService", "DeleteService", "UpdateService")),
    # a cautious guess: service deployments draw on the same bucket
    Limit("ecs", "together", 100, 20, _ECS, (
        "DescribeServiceDeployments", "DescribeServiceRevisions", "DescribeServices", "ListServiceDeployments",
        "ListServices")),
    Limit("elasticloadbalancing", "all", 40, 10, _ELB, ("*",)),
    Limit("elasticloadbalancing", "together", 10, 0.2, _ELB, ("CreateLoadBalancer", "SetSubnets")),
    Limit("elasticloadbalancing", "together", 20, 4, _ELB, ("DeregisterTargets", "RegisterTargets")),
    Limit("elasticloadbalancing", "together", 40, 10, _ELB, ("Describe*",)),
    Limit("elasticloadbalancing", "together", 20, 3, _ELB, ("*",)),
    Limit("events", "each", 50, 50, _EVENTS, ("*",)),
    Limit("iam", "each", 5, 1, _IAM, ("GetAccountAuthorizationDetails",)),
    # Each role is read on its own, by four operations; tools that audit accounts read ten roles at a time, or more.
    Limit("iam", "each", 50, 20, _IAM, ("Get*", "List*")),
    Limit("iam", "together", 30, 10, _IAM, ("*",)),
    Limit("logs", "each", 5, 5, _LOGS, ("ListTagsForResource", "PutRetentionPolicy", "TagResource")),
    Limit("logs", "each", 10, 10, _LOGS, ("CreateLogGroup", "DeleteLogGroup", "DescribeLogGroups")),
    # These two vary with the Region, up to 25 a second; here the least of all.
    Limit("logs", "each", 5, 5, _LOGS, ("FilterLogEvents",)),
    Limit("logs", "each", 10, 10, _LOGS, ("GetLogEvents",)),
    Limit("monitoring", "each", 3, 3, _CLOUDWATCH, ("DeleteAlarms", "PutMetricAlarm")),
    Limit("monitoring", "each", 3, 3, _CLOUDWATCH, ("DisableAlarmActions", "EnableAlarmActions")),
    Limit("monitoring", "each", 9, 9, _CLOUDWATCH, ("DescribeAlarms",)),
    Limit("monitoring", "each", 50, 50, _CLOUDWATCH, ("GetMetricData",)),
    Limit("rds", "all", 300, 12, _RDS, ("*",)),
    # Besides these, 100 changes of records a second, with 1500 at once: not counted here.
    Limit("route53", "all", 50, 10, _ROUTE53, ("*",)),
    Limit("route53", "each", 40, 2, _ROUTE53, ("CreateHostedZone",)),
    Limit("route53", "each", 40, 5, _ROUTE53, ("DeleteHostedZone",)),
    # The burst is as many again.
    Limit("servicequotas", "each", 10, 5, _QUOTAS, ("GetServiceQuota", "GetAWSDefaultServiceQuota")),
    Limit("servicequotas", "each", 20, 10, _QUOTAS, ("ListAWSDefaultServiceQuotas", "ListServiceQuotas")),
    Limit("tagging", "each", 15, 15, _TAGGING, ("GetResources",)),
)  # fmt: skip


@cache
def limits_of(service: str, operation: str) -> tuple[Limit, ...]:
    """Return a call's limits: the limit on all calls of the service, and the first other limit that covers it."""
    rows = [limit for limit in LIMITS if limit.service == service and limit.names(operation)]
    own = [limit for limit in rows if limit.draws != "all"]
    return (*(limit for limit in rows if limit.draws == "all"), *own[:1])


@dataclass
class TokenBucket:
    """A bucket that holds up to `burst` tokens and gains `rate` a second; it held `tokens` at the moment `at`."""

    burst: float
    rate: float
    at: float
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def holds(self, now: float) -> bool:
        """Return whether the bucket holds a token."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        return self.tokens >= 1 - ROUNDING

    def take(self) -> None:
        """Take a token out of the bucket."""
        self.tokens -= 1


@dataclass
class Rates:
    """The calls that all limits still allow; `clock` tells AWS's seconds."""

    clock: Callable[[], float]
    _buckets: dict[tuple[str, Limit, str], TokenBucket] = field(default_factory=dict)

    def admit(self, service: str, region: str, operation: str) -> bool:
        """Take a token for a call out of each of its buckets; if one is empty, take none and return False."""
        now = self.clock()
        buckets = [self._bucket(limit, region, operation, now) for limit in limits_of(service, operation)]
        if not all(bucket.holds(now) for bucket in buckets):
            return False
        for bucket in buckets:
            bucket.take()
        return True

    def _bucket(self, limit: Limit, region: str, operation: str, now: float) -> TokenBucket:
        key = (region, limit, operation if limit.draws == "each" else "")
        return self._buckets.setdefault(key, TokenBucket(limit.burst, limit.rate, now))
