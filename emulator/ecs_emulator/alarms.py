"""CloudWatch's rates, as Application Auto Scaling meets them when it creates, reads and deletes a policy's alarms.

A target tracking policy has two alarms in the account whose service it scales. Beyond CloudWatch's rates of that
account (CloudWatch user guide, "CloudWatch service quotas") the caller gets FailedResourceAccessException with
CloudWatch's refusal in its message (terraform-provider-aws#2275 and #4285 of PutScalingPolicy, aws-sdk-go#1472 of
DescribeScalingPolicies).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ecs_emulator.rates import TokenBucket

SERVICE = "application-autoscaling"
CODE = "FailedResourceAccessException"


@dataclass(frozen=True)
class _Use:
    """A scaling call's use of alarms: CloudWatch's calls a second, the number of calls, and AWS's words for them."""

    rate: float
    calls: int
    words: str


_USES = {
    # PutMetricAlarm (L-0720E68F) takes one alarm; the other two take many at once
    "PutScalingPolicy": _Use(3, 2, "create alarms for"),
    "DeleteScalingPolicy": _Use(3, 1, "delete alarms for"),
    "DescribeScalingPolicies": _Use(9, 1, "retrieve alarms for"),
}


@dataclass
class Alarms:
    """The calls that CloudWatch's rates still allow, by Region and operation; `clock` tells AWS's seconds."""

    clock: Callable[[], float]
    _buckets: dict[tuple[str, str], TokenBucket] = field(default_factory=dict)

    def refusal(self, region: str, operation: str) -> str:
        """Count a call, and return AWS's error message if CloudWatch throttles its alarm calls; empty if not."""
        if (use := _USES.get(operation)) is None:
            return ""
        now = self.clock()
        bucket = self._buckets.setdefault((region, operation), TokenBucket(use.rate, use.rate, now))
        for _ in range(use.calls):
            if not bucket.holds(now):
                return (
                    f"Unable to {use.words} scaling policy due to reason: Rate exceeded (Service: AmazonCloudWatch; "
                    f"Status Code: 400; Error Code: Throttling)"
                )
            bucket.take()
        return ""
