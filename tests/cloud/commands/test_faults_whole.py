"""The stack under faults: every call of `up`, `plan` and `down` is met, all ends well, nothing is doubled."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore import xform_name

from ecs_emulator.refusals import REFUSALS
from tests.cloud.conftest import REGION
from tests.cloud.faults.life import BOTO3_NAMES, BOUND, Bench, Life, bench, set_faults

pytestmark = pytest.mark.random_order(disabled=True)
"""The first test goes on with the stack that the others are judged by."""

ONE_BY_ONE = ("throttle", "server-error", "reset", "lost", "slow")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("faults"), "fast") as made:
        yield made


@pytest.fixture(scope="module")
def undisturbed(stage: Bench) -> Life:
    """A stack that is up without having met a fault."""
    begun = stage.fresh()
    begun.go("up", {"scenarios": ""})
    stage.after = begun.after
    return begun


@pytest.fixture
def life(stage: Bench, undisturbed: Life) -> Iterator[Life]:
    undisturbed.project.close()
    begun = stage.fresh()
    yield begun
    begun.project.close()


def survived(life: Life, *kinds: str) -> None:
    """Check that each kind of fault met every operation that was called; print how many operations these are."""
    called = {operation for operations in life.called.values() for operation in operations}
    for kind in kinds:
        # a call that was reset never reached the log
        assert life.met[kind].keys() >= called
        print(f"faults: {kind}: operations {len(life.met[kind])}, requests {life.met[kind].total()}, all survived")


def refused_for_a_while(life: Life) -> None:
    """Require that AWS refused all that it refuses for a while, except for resources that these stacks lack."""
    named = {f"{rule.service}:{rule.operation}" for rule in REFUSALS}
    of_the_state = {"s3:PutBucketVersioning", "s3:GetObject", "s3:HeadObject"}
    lacking = {"ec2:CreateNatGateway", "elasticache:CreateReplicationGroup", "sqs:CreateQueue"}
    assert life.met["refusals"].keys() == named - of_the_state - lacking
    assert life.met["refusals"].total() > len(REFUSALS)
    print(f"faults: refusals: operations {len(life.met['refusals'])}, rules {len(REFUSALS)}, all survived")


@pytest.mark.slow
def test_lists_in_pages_of_two_resources(undisturbed: Life) -> None:
    """Every list that the commands read came in pages, if boto3 has a paginator for it."""
    undisturbed.whole({"scenarios": "small-pages"})
    called = undisturbed.called.values()
    reads = {operation for operations in called for operation, write in operations.items() if not write}
    # boto3 has no paginator for it: its type goes from page to page itself
    assert undisturbed.met["small-pages"].keys() - {"cloudfront:ListVpcOrigins"} == reads & lists(reads)
    print(f"faults: small-pages: operations {len(undisturbed.met['small-pages'])}, all survived")


def lists(reads: set[str]) -> set[str]:
    """Return the lists of the reads' services that boto3 can page, and the two that AWS pages without it."""
    found = {"ecs:DescribeCapacityProviders", "route53:ListHostedZonesByVPC"}
    for signed in {operation.partition(":")[0] for operation in reads} - {"s3"}:
        client = boto3.client(BOTO3_NAMES.get(signed, signed), region_name=REGION)
        model = client.meta.service_model
        found |= {f"{signed}:{name}" for name in model.operation_names if client.can_paginate(xform_name(name))}
    # the first goes by names, the others are asked by id here and come at once
    return found - {"route53:ListResourceRecordSets", "ec2:DescribeLaunchTemplateVersions", "ecr:DescribeImages"}


@pytest.mark.slow
def test_each_request_is_met_by_two_faults_in_turn(life: Life) -> None:
    """Of every distinct request, reads and writes, the first and the second call are met."""
    life.whole({"scenarios": "throttle,lost", "by": "request"})
    survived(life, "throttle", "lost")


@pytest.mark.slow
def test_reads_that_are_behind_while_aws_refuses_for_a_while(life: Life) -> None:
    life.whole({"scenarios": "lag,refusals"})
    refused_for_a_while(life)


@pytest.mark.enumeration
@pytest.mark.parametrize("scenario", ONE_BY_ONE)
def test_each_request_under_one_fault(life: Life, scenario: str) -> None:
    life.whole({"scenarios": scenario, "by": "request"})
    survived(life, scenario)


@pytest.mark.enumeration
def test_reads_that_are_behind(life: Life) -> None:
    life.whole({"scenarios": "lag"})
    print("faults: lag: all survived")


@pytest.mark.enumeration
def test_what_aws_refuses_for_a_while(life: Life) -> None:
    life.whole({"scenarios": "refusals"})
    refused_for_a_while(life)


@pytest.mark.enumeration
def test_reads_that_are_behind_while_replies_are_lost(life: Life) -> None:
    life.whole({"scenarios": "lag,lost", "by": "request"})
    survived(life, "lost")


@pytest.mark.enumeration
def test_an_operation_that_fails_later_is_mended_by_the_next_up(life: Life) -> None:
    set_faults(life.project.cloud, "operations-fail")
    failed = {event["address"]: event["error"] for event in life.project.up(code=1).said("failed")}
    assert failed.keys() == {"private_dns_namespace/main", "cluster_capacity_providers/main"}
    assert "INTERNAL_FAILURE: The operation failed" in failed["private_dns_namespace/main"]
    assert "UPDATE_FAILED" in failed["cluster_capacity_providers/main"]
    life.go("up", {"scenarios": ""})
    life.go("down", {"scenarios": "operations-fail"})


@pytest.mark.enumeration
def test_a_call_that_always_fails_ends_in_time_and_is_named(life: Life) -> None:
    set_faults(life.project.cloud, "server-error", each=10_000, only="ssm:PutParameter")
    begin = life.project.cloud.now()
    ended = life.project.up(code=1)
    assert life.project.cloud.now() - begin < BOUND
    failed = {event["address"]: event["error"] for event in ended.said("failed")}
    assert failed.keys() == {"secure_parameter/database-password"}
    assert "PutParameter returned HTTP 50" in ended.err
    assert ended.results["auto_scaling_group/main"] == "created", "what does not depend on it is finished"
    life.go("down", {"scenarios": ""})
