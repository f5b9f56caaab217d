"""AWS's documented rates: the table names existing operations, and the buckets never let too many calls pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fnmatch import filter as matching
from functools import cache

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

import provisioner.operations.prerequisites.account_quotas
import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from ecs_emulator import rates
from provisioner.aws.api import Limit, apis
from provisioner.aws.rate_limits import Buckets, TokenBucket, bucket_below, limits_of
from provisioner.engine.errors import Interrupted

LIMITS = tuple(limit for api in apis().values() for limit in api.rates)
MODELS = {
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
}
"""botocore's names of the services, if they differ from the signing names."""
REGION = "ap-northeast-1"


def exact(limit: Limit, at: float) -> TokenBucket:
    """Return a full bucket of the limit, as AWS has it."""
    return TokenBucket(limit.burst, limit.rate, at)


MAKERS = (exact, bucket_below)
limits = st.sampled_from(LIMITS)
moments = st.lists(st.floats(0, 30), min_size=1, max_size=150).map(sorted)


class Clock:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


# -- the table -----------------------------------------------------------------------------------------------------


@cache
def operations(service: str) -> list[str]:
    model = botocore.session.Session().get_service_model(MODELS.get(service, service))
    assert model.signing_name == service
    return list(model.operation_names)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: f"{limit.service}-{limit.operations[0]}")
def test_every_row_has_a_source_and_operations_of_its_own(limit: Limit) -> None:
    assert limit.source.startswith("https://docs.aws.amazon.com/" if limit.service != "iam" else "a cautious guess")
    assert limit.burst >= 1
    assert 0 < limit.rate <= limit.burst
    for pattern in limit.operations:
        found = matching(operations(limit.service), pattern)
        assert found, f"{limit.service} has no {pattern}"
        assert any(limit in limits_of(limit.service, name) for name in found), f"{pattern} is in an earlier row"
        if "*" not in pattern:
            assert limit in limits_of(limit.service, pattern), f"{pattern} is in an earlier row"


def test_a_call_draws_on_its_own_bucket_and_on_that_of_all_calls() -> None:
    assert [(limit.draws, limit.burst, limit.rate) for limit in limits_of("route53", "CreateHostedZone")] == [
        ("all", 50, 10),
        ("each", 40, 2),
    ]
    assert [limit.burst for limit in limits_of("ec2", "CreateVpcEndpoint")] == [4]
    assert limits_of("ssm", "PutParameter") == ()
    assert limits_of("acm", "GetCertificate") == ()


ALARMS = "application-autoscaling"
"""It documents no rate: the tool stays below the calls that its alarms need, the embedded cloud refuses (`alarms`)."""


def test_the_embedded_cloud_throttles_by_a_table_of_its_own() -> None:
    differing = [
        f"{service}:{operation}"
        for service in ({one.service for one in LIMITS} | {one.service for one in rates.LIMITS}) - {ALARMS}
        for operation in operations(service)
        if [(one.draws, one.burst, one.rate, one.source) for one in limits_of(service, operation)]
        != [(one.draws, one.burst, one.rate, one.source) for one in rates.limits_of(service, operation)]
    ]
    assert differing == [], "of one document they have to say the same"
    assert [limit for limit in rates.LIMITS if limit.service == ALARMS] == []
    assert {limit for limit in LIMITS if limit.service == ALARMS}


def test_the_embedded_cloud_admits_a_burst_then_the_rate() -> None:
    clock = Clock()
    cloud = rates.Rates(clock)

    def admitted(operation: str) -> int:
        return sum(cloud.admit("elasticloadbalancing", REGION, operation) for _ in range(100))

    assert admitted("CreateLoadBalancer") == 10
    assert admitted("DescribeRules") == 30, "what was refused took nothing from the bucket of all calls"
    clock.sleep(5)
    assert admitted("SetSubnets") == 1
    assert cloud.admit("ssm", REGION, "PutParameter"), "it documents no rate"


# -- one bucket ----------------------------------------------------------------------------------------------------


def eager(bucket: TokenBucket, wanted: list[float]) -> list[float]:
    """Return the times of calls that are wanted at these moments, each as early as the bucket allows."""
    sent: list[float] = []
    for moment in wanted:
        now = max([moment, *sent[-1:]])
        while seconds := bucket.shortfall(now):
            now += seconds
        bucket.take()
        sent.append(now)
    return sent


@given(limits, st.sampled_from(MAKERS), moments)
def test_no_time_span_passes_more_than_burst_and_refill(
    limit: Limit, make: Callable[[Limit, float], TokenBucket], wanted: list[float]
) -> None:
    bucket = make(limit, 0.0)
    sent = eager(bucket, wanted)
    for first, begin in enumerate(sent):
        for last in range(first, len(sent)):
            assert last - first + 1 <= bucket.burst + bucket.rate * (sent[last] - begin) + 1e-6


@given(limits, moments, st.floats(0, 1, exclude_max=True))
def test_a_bucket_filled_once_a_second_never_refuses_us(limit: Limit, wanted: list[float], phase: float) -> None:
    tokens, ticks = limit.burst, 0
    for moment in eager(bucket_below(limit, 0.0), wanted):
        gained, ticks = int(moment + phase) - ticks, int(moment + phase)
        tokens = min(limit.burst, tokens + gained * limit.rate)
        assert tokens > 1 - 1e-6
        tokens -= 1


@pytest.mark.parametrize("limit", LIMITS)
def test_this_tool_leaves_some_of_each_limit_to_others(limit: Limit) -> None:
    bucket = bucket_below(limit, 0.0)
    assert bucket.rate == pytest.approx(0.8 * limit.rate)
    assert 1 <= bucket.burst <= 0.8 * limit.burst


# -- all buckets ---------------------------------------------------------------------------------------------------


def taken(buckets: Buckets, service: str, operation: str, region: str = REGION) -> int:
    """Return the number of calls that pass at once."""
    count = 0
    while not buckets.take(service, region, operation):
        count += 1
    return count


def test_each_region_has_buckets_that_operations_share_or_own() -> None:
    buckets = Buckets(Clock(), exact)
    assert taken(buckets, "ecs", "RegisterTaskDefinition") == 20
    assert taken(buckets, "ecs", "DeregisterTaskDefinition") == 0
    assert taken(buckets, "ecs", "DeregisterTaskDefinition", "eu-west-1") == 20
    assert taken(buckets, "ec2", "CreateVpc") == taken(buckets, "ec2", "DeleteVpc") == 50


def test_a_call_that_does_not_pass_takes_nothing_from_all_calls() -> None:
    buckets = Buckets(Clock(), exact)
    assert taken(buckets, "elasticloadbalancing", "CreateLoadBalancer") == 10
    for _ in range(40):
        assert buckets.take("elasticloadbalancing", REGION, "SetSubnets") == pytest.approx(5)
    assert taken(buckets, "elasticloadbalancing", "DescribeRules") == 30


def test_what_has_no_documented_rate_passes() -> None:
    buckets = Buckets(Clock(), exact)
    assert not any(buckets.take("ssm", REGION, "PutParameter") for _ in range(1000))


def test_a_call_waits_just_as_long_as_it_has_to() -> None:
    clock = Clock()
    buckets = Buckets(clock, exact)
    for _ in range(26):
        buckets.wait("ecs", REGION, "RegisterTaskDefinition", clock.sleep)
    assert clock.now == pytest.approx(6)


def test_a_wait_that_is_interrupted_ends_and_takes_no_token() -> None:
    clock = Clock()
    buckets = Buckets(clock, exact)
    taken(buckets, "ecs", "RegisterTaskDefinition")

    def interrupted(seconds: float) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        buckets.wait("ecs", REGION, "RegisterTaskDefinition", interrupted)
    clock.sleep(1)
    buckets.wait("ecs", REGION, "RegisterTaskDefinition", interrupted)


def test_a_wait_is_announced_once_beforehand() -> None:
    clock, told = Clock(), list[float]()
    buckets = Buckets(clock, exact)
    for _ in range(21):
        buckets.wait("ecs", REGION, "RegisterTaskDefinition", clock.sleep, lambda: told.append(clock.now))
    assert told == [0.0], "the burst is 20"


class Yielding(TokenBucket):
    """Lets another thread run between the look and the taking."""

    def shortfall(self, now: float) -> float:
        seconds = super().shortfall(now)
        time.sleep(0)
        return seconds


def test_threads_take_no_token_twice() -> None:
    buckets = Buckets(Clock(), lambda limit, at: Yielding(limit.burst, limit.rate, at))
    with ThreadPoolExecutor(8) as pool:
        counts = pool.map(lambda _: taken(buckets, "ec2", "DescribeVpcs"), range(8))
    assert sum(counts) == 100
