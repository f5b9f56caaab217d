"""How many calls AWS takes: one table of its documented rates, and token buckets that keep to them.

This tool waits for its turn instead of being throttled; the embedded cloud throttles if asked to (docs/faults.md), by a
table of its own (`ecs_emulator.rates`).
What is not in the table has no documented rate, or one that this tool cannot reach.

boto3's adaptive retry mode would be no substitute: it learns a rate only by being throttled, has one rate for all
operations of a client (EC2 takes 20 reads of a sort in a second, and one CreateVpcEndpoint in three), cannot be
interrupted while it waits, and is experimental by its own documentation.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from provisioner.aws.api import Limit

SHARE = 0.8
"""Which part of a limit this tool uses: the account has other users, and calls arrive less evenly than they leave."""

ROUNDING = 1e-9
"""Which part of a token may be missing: what the arithmetic of floats makes of a wait that was just long enough."""


_ACM = "https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html#api-rate-limits"
_CLOUDWATCH = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"
_EC2 = "https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html"
_ECS = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html"
_ELB = "https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html"
_IAM = "a cautious guess: IAM throttles, and documents no rate"
_LOGS = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"
_RDS = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-api-throttling.html"
_ROUTE53 = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html"
_QUOTAS = "https://docs.aws.amazon.com/servicequotas/latest/userguide/reference_limits.html"
_TAGGING = "https://docs.aws.amazon.com/tag-editor/latest/userguide/reference.html"

LIMITS: tuple[Limit, ...] = (
    Limit("acm", "each", 5, 5, _ACM, ("AddTagsToCertificate", "RequestCertificate")),
    Limit("acm", "each", 8, 8, _ACM, ("ListCertificates",)),
    Limit("acm", "each", 10, 10, _ACM, ("DeleteCertificate", "DescribeCertificate", "ListTagsForCertificate")),
    # CloudWatch's rates of alarms, 3 puts, 3 deletes and 9 reads a second. A policy has two alarms, put one by one, so
    # of two policies in one second, AWS may refuse the second.
    Limit("application-autoscaling", "together", 2, 1, _CLOUDWATCH, ("PutScalingPolicy",)),
    Limit("application-autoscaling", "together", 3, 3, _CLOUDWATCH, ("DeleteScalingPolicy",)),
    Limit("application-autoscaling", "together", 9, 9, _CLOUDWATCH, ("DescribeScalingPolicies",)),
    # Some reads have half of it when they are neither filtered nor in pages; this tool hardly makes such.
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
    # that service deployments draw on the same is a cautious guess
    Limit("ecs", "together", 100, 20, _ECS, (
        "DescribeServiceDeployments", "DescribeServiceRevisions", "DescribeServices", "ListServiceDeployments",
        "ListServices")),
    Limit("elasticloadbalancing", "all", 40, 10, _ELB, ("*",)),
    Limit("elasticloadbalancing", "together", 10, 0.2, _ELB, ("CreateLoadBalancer", "SetSubnets")),
    Limit("elasticloadbalancing", "together", 20, 4, _ELB, ("DeregisterTargets", "RegisterTargets")),
    Limit("elasticloadbalancing", "together", 40, 10, _ELB, ("Describe*",)),
    Limit("elasticloadbalancing", "together", 20, 3, _ELB, ("*",)),
    # Each role is read by itself, by four operations; tools that audit accounts read ten roles at a time, and more.
    Limit("iam", "each", 50, 20, _IAM, ("Get*", "List*")),
    Limit("iam", "together", 30, 10, _IAM, ("*",)),
    Limit("logs", "each", 5, 5, _LOGS, ("ListTagsForResource", "PutRetentionPolicy", "TagResource")),
    Limit("logs", "each", 10, 10, _LOGS, ("CreateLogGroup", "DeleteLogGroup", "DescribeLogGroups")),
    # These two vary with the Region, up to 25 a second: the least of all.
    Limit("logs", "each", 5, 5, _LOGS, ("FilterLogEvents",)),
    Limit("logs", "each", 10, 10, _LOGS, ("GetLogEvents",)),
    Limit("rds", "all", 300, 12, _RDS, ("*",)),
    # Besides these, 100 changes of records a second, with 1500 at once: this tool changes one record a call.
    Limit("route53", "all", 50, 10, _ROUTE53, ("*",)),
    Limit("route53", "each", 40, 2, _ROUTE53, ("CreateHostedZone",)),
    Limit("route53", "each", 40, 5, _ROUTE53, ("DeleteHostedZone",)),
    # As many again in one burst.
    Limit("servicequotas", "each", 10, 5, _QUOTAS, ("GetServiceQuota", "GetAWSDefaultServiceQuota")),
    Limit("servicequotas", "each", 20, 10, _QUOTAS, ("ListAWSDefaultServiceQuotas", "ListServiceQuotas")),
    Limit("tagging", "each", 15, 15, _TAGGING, ("GetResources",)),
)  # fmt: skip


@cache
def limits_of(service: str, operation: str) -> tuple[Limit, ...]:
    """Return the limits that a call is under: that of all calls of the service, and the first other that names it."""
    rows = [limit for limit in LIMITS if limit.service == service and limit.names(operation)]
    own = [limit for limit in rows if limit.draws != "all"]
    return (*(limit for limit in rows if limit.draws == "all"), *own[:1])


@dataclass
class TokenBucket:
    """Holds up to `burst` tokens and gains `rate` a second; `tokens` is what it held at the moment `at`."""

    burst: float
    rate: float
    at: float
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def shortfall(self, now: float) -> float:
        """Return the seconds until it holds a token; 0 if it does."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        missing = 1 - self.tokens
        return missing / self.rate if missing > ROUNDING else 0.0

    def take(self) -> None:
        """Take a token out."""
        self.tokens -= 1


def bucket_below(limit: Limit, at: float) -> TokenBucket:
    """Return a full bucket of this tool's share of the limit.

    AWS adds tokens once a second, and not all the time as here. So that this makes no difference, the burst and what is
    gained within a second are together no more than AWS's burst. It has to hold one token at least.
    """
    rate = SHARE * limit.rate
    return TokenBucket(max(1.0, min(SHARE * limit.burst, limit.burst - rate)), rate, at)


@dataclass
class _Line:
    """The calls of one operation that wait for their turn."""

    lock: AbstractContextManager[Any]
    length: int = 0


class Buckets:
    """The buckets of all limits, made when they are first drawn on. Threads may share them.

    Args:
        clock: AWS's seconds, from any moment on.
        make: makes the full bucket of a limit.
        lock: makes a lock.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        make: Callable[[Limit, float], TokenBucket],
        lock: Callable[[], AbstractContextManager[Any]] = threading.Lock,
    ) -> None:
        self._clock, self._make = clock, make
        self._buckets: dict[tuple[str, Limit, str], TokenBucket] = {}
        self._lock, self._make_lock = lock(), lock
        self._lines: dict[tuple[str, str, str], _Line] = {}

    def take(self, service: str, region: str, operation: str) -> float:
        """Take a token for a call out of each bucket that it draws on, or none if one of them is empty.

        Returns:
            0, or the seconds after which to try again.
        """
        with self._lock:
            now = self._clock()
            buckets = [self._bucket(limit, region, operation, now) for limit in limits_of(service, operation)]
            seconds = max((bucket.shortfall(now) for bucket in buckets), default=0.0)
            if not seconds:
                for bucket in buckets:
                    bucket.take()
            return seconds

    def _bucket(self, limit: Limit, region: str, operation: str, now: float) -> TokenBucket:
        key = (region, limit, operation if limit.draws == "each" else "")
        if key not in self._buckets:
            self._buckets[key] = self._make(limit, now)
        return self._buckets[key]

    def wait(
        self,
        service: str,
        region: str,
        operation: str,
        sleep: Callable[[float], None],
        waits: Callable[[], None] = lambda: None,
    ) -> None:
        """Take a token as `take` does, as soon as there is one.

        Args:
            sleep: lets so many seconds pass; what it raises ends the wait, and no token was taken.
            waits: is told if there is none at once.
        """
        with self._lock:
            line = self._lines.setdefault((service, region, operation), _Line(self._make_lock()))
            line.length += 1
            reported = line.length > 1
        if reported:
            waits()
        try:
            # one at a time: the others of the same operation would find its bucket as empty
            with line.lock:
                while seconds := self.take(service, region, operation):
                    if not reported:
                        reported = True
                        waits()
                    sleep(seconds)
        finally:
            with self._lock:
                line.length -= 1
