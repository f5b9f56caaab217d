"""Each fault by itself, as AWS has it, and a few resources that come and go under it."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from ecs_emulator.errors import Answer
from ecs_emulator.lag import Lag
from provisioner.aws.errors import match
from provisioner.engine.errors import OutcomeUnknown
from provisioner.operations.planning import dry_run
from provisioner.resources.application_autoscaling import ScalingPolicy
from provisioner.resources.ec2.network import InternetGateway, RouteTable, Subnet, Vpc
from provisioner.resources.ec2.security import DefaultSecurityGroup, SecurityGroup, allow
from provisioner.resources.iam import InstanceProfile, Role
from provisioner.resources.policies import policy
from provisioner.steps.stack import Stack
from tests.cloud.conftest import EmbeddedCloud, refused
from tests.cloud.faults.life import BOTO3_NAMES, met, set_faults
from tests.cloud.inventory import difference, inventory
from tests.cloud.project import Project
from tests.cloud.rig import Rig
from tests.cloud.warm import ROOT

# -- each fault by itself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("ec2", "describe_vpcs", "RequestLimitExceeded", 503),
        ("iam", "list_roles", "Throttling", 400),
        ("elbv2", "describe_load_balancers", "Throttling", 400),
        ("rds", "describe_db_clusters", "Throttling", 400),
        ("route53", "list_hosted_zones", "Throttling", 400),
        ("ecs", "list_clusters", "ThrottlingException", 400),
        ("ssm", "describe_parameters", "ThrottlingException", 400),
        ("servicediscovery", "list_namespaces", "RequestLimitExceeded", 429),
        ("resourcegroupstaggingapi", "get_resources", "ThrottledException", 400),
    ],
)
def test_each_service_throttles_with_its_own_code(
    cloud: EmbeddedCloud, service: str, operation: str, code: str, status: int
) -> None:
    set_faults(cloud, "throttle", each=2)
    call = getattr(cloud.client(service), operation)
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == code
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    call()


def burst(ec2: Any, calls: int) -> Counter[str]:
    """Make some calls at once; EC2 takes four of these, and one more in three seconds."""

    def call() -> str:
        try:
            ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-1"])
        except ClientError as error:
            answer = error.response
            return f"{answer['Error']['Code']} {answer['ResponseMetadata']['HTTPStatusCode']}"
        return "taken"

    return Counter(call() for _ in range(calls))


def test_calls_beyond_the_rates_are_throttled_and_ours_are_not(rig: Rig) -> None:
    set_faults(rig.cloud, "rate-limits")
    ec2 = rig.cloud.client("ec2")
    assert burst(ec2, 6) == {"taken": 4, "RequestLimitExceeded 503": 2}
    assert met(rig.cloud) == {"rate-limits": {"ec2:DeleteVpcEndpoints": 2}}
    rig.cloud.advance(2)
    assert burst(ec2, 1) == {"RequestLimitExceeded 503": 1}
    rig.cloud.advance(2)
    assert burst(ec2, 2) == {"taken": 1, "RequestLimitExceeded 503": 1}
    set_faults(rig.cloud, "rate-limits")
    begin = rig.cloud.now()
    assert burst(rig.aws().client("ec2"), 8) == {"taken": 8}
    assert rig.cloud.now() - begin > 3 * 3
    assert met(rig.cloud) == {}


def put_policies(client: Any, count: int) -> Counter[str]:
    """Put a policy of one service so many times at once, each with its two alarms."""

    def call() -> str:
        try:
            client.put_scaling_policy(
                PolicyName="cpu", ServiceNamespace="ecs", ResourceId="service/none/web",
                PolicyType="TargetTrackingScaling", ScalableDimension="ecs:service:DesiredCount",
                TargetTrackingScalingPolicyConfiguration={
                    "TargetValue": 60.0,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
                },
            )  # fmt: skip
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "taken"

    return Counter(call() for _ in range(count))


def test_alarms_beyond_cloudwatchs_rate_are_refused_and_ours_fit(rig: Rig) -> None:
    """ObjectNotFoundException is Application Auto Scaling's own answer: the alarms were not the obstacle."""
    set_faults(rig.cloud, "rate-limits")
    client, refused = rig.cloud.client("application-autoscaling"), "FailedResourceAccessException"
    assert put_policies(client, 4) == {"ObjectNotFoundException": 1, refused: 3}
    with pytest.raises(ClientError, match=r"Rate exceeded \(Service: AmazonCloudWatch"):
        client.put_scaling_policy(
            PolicyName="cpu", ServiceNamespace="ecs", ResourceId="service/none/web",
            ScalableDimension="ecs:service:DesiredCount",
        )  # fmt: skip
    rig.cloud.advance(1)
    assert put_policies(client, 2) == {"ObjectNotFoundException": 1, refused: 1}
    set_faults(rig.cloud, "rate-limits")
    begin = rig.cloud.now()
    assert put_policies(rig.aws().client("application-autoscaling"), 7) == {"ObjectNotFoundException": 7}
    assert 4.5 < rig.cloud.now() - begin < 10
    assert met(rig.cloud) == {}


def test_a_plan_waits_while_aws_throttles_its_reads(rig: Rig) -> None:
    """boto3 makes ten attempts of a read; if all fail, the plan waits and reads again."""

    def declare(stack: Stack) -> None:
        stack.ensure(ScalingPolicy("web", "cpu", "service/none/web", {"TargetValue": 60.0}))

    set_faults(rig.cloud, "throttle", each=25, only="DescribeScalingPolicies")
    begin = rig.cloud.now()
    assert [item.action for item in rig.plan(declare)] == ["create"]
    assert met(rig.cloud) == {"throttle": {"application-autoscaling:DescribeScalingPolicies": 25}}
    assert rig.cloud.now() - begin >= dry_run.AGAIN


def test_a_server_error_is_500_then_503(cloud: EmbeddedCloud) -> None:
    set_faults(cloud, "server-error", each=2, only="CreateVpc")
    before, seen = len(cloud.client("ec2").describe_vpcs()["Vpcs"]), []
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
        error = caught.value.response
        seen.append((error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"]))
    assert seen == [(500, "InternalError"), (503, "Unavailable")]
    assert len(cloud.client("ec2").describe_vpcs()["Vpcs"]) == before


@pytest.mark.parametrize(("scenario", "made"), [("reset", 0), ("lost", 1)])
def test_a_connection_is_reset_before_or_after_the_effect(cloud: EmbeddedCloud, scenario: str, made: int) -> None:
    before = len(cloud.client("ec2").describe_vpcs()["Vpcs"])
    set_faults(cloud, scenario, only="CreateVpc")
    with pytest.raises(ConnectionClosedError):
        cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
    assert len(cloud.client("ec2").describe_vpcs()["Vpcs"]) == before + made


def test_a_slow_reply_takes_30_s_of_aws(rig: Rig) -> None:
    set_faults(rig.cloud, "slow", only="ListRoles")
    begin = rig.cloud.now()
    rig.aws().client("iam").list_roles()
    assert 30 <= rig.cloud.now() - begin < 31
    assert met(rig.cloud) == {"slow": {"iam:ListRoles": 1}}


def test_reads_lag_behind_writes_and_catch_up(cloud: EmbeddedCloud) -> None:
    ec2 = cloud.client("ec2")
    set_faults(cloud, "lag")
    before = len(ec2.describe_vpcs()["Vpcs"])
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    cloud.advance(4)
    assert len(ec2.describe_vpcs()["Vpcs"]) == before
    cloud.advance(2)
    assert len(ec2.describe_vpcs()["Vpcs"]) == before + 1
    ec2.delete_vpc(VpcId=vpc)
    cloud.advance(4)
    assert len(ec2.describe_vpcs()["Vpcs"]) == before + 1
    cloud.advance(2)
    assert len(ec2.describe_vpcs()["Vpcs"]) == before


def test_lag_remembers_no_more_than_the_newest_reads() -> None:
    asked: list[bytes] = []

    def answer(environ: dict[str, Any], operation: str) -> Answer:
        asked.append(environ["wsgi.input"].read())
        return 200, [], b""

    def request(number: int) -> dict[str, Any]:
        return {"REQUEST_METHOD": "POST", "RAW_URI": "/", "wsgi.input": io.BytesIO(str(number).encode())}

    lag = Lag(answer)
    for number in range(1000):
        lag.read("ec2", request(number), "DescribeVpcs")
    asked.clear()
    lag.write("ec2", request(-1), "CreateVpc")
    assert asked == [str(number).encode() for number in (*range(960, 1000), -1)], "a snapshot of these, then the write"


def test_two_lists_with_the_same_request_are_told_apart() -> None:
    def answer(environ: dict[str, Any], operation: str) -> Answer:
        return 200, [], operation.encode()

    request = {"REQUEST_METHOD": "POST", "RAW_URI": "/", "wsgi.input": io.BytesIO(b'{"ServiceNamespace": "ecs"}')}
    lag = Lag(answer)
    lists = ("DescribeScalableTargets", "DescribeScalingPolicies")
    for operation in lists:
        lag.read("application-autoscaling", request, operation)
    lag.write("application-autoscaling", request, "DeleteScalingPolicy")
    for operation in lists:
        assert lag.read("application-autoscaling", request, operation)[2] == operation.encode()


def test_a_refusal_lasts_for_its_seconds_for_each_resource(cloud: EmbeddedCloud) -> None:
    logs = cloud.client("logs")
    set_faults(cloud, "refusals")
    for name in ("one", "two"):
        with refused("OperationAbortedException", "conflicting operation"):
            logs.create_log_group(logGroupName=name)
        cloud.advance(1)
    # the first one began a second before the other
    cloud.advance(1)
    logs.create_log_group(logGroupName="one")
    with refused("OperationAbortedException", "conflicting operation"):
        logs.create_log_group(logGroupName="two")
    cloud.advance(1)
    logs.create_log_group(logGroupName="two")


def test_every_resource_is_refused_once_by_request(cloud: EmbeddedCloud) -> None:
    ssm = cloud.client("ssm")
    set_faults(cloud, "throttle", by="request", only="PutParameter")
    for name in ("one", "two"):
        with refused("ThrottlingException"):
            ssm.put_parameter(Name=name, Value="first", Type="String")
        ssm.put_parameter(Name=name, Value="second", Type="String")


def test_faults_end_with_the_account_and_on_request(cloud: EmbeddedCloud) -> None:
    set_faults(cloud, "throttle")
    cloud.reset()
    cloud.client("ec2").describe_vpcs()
    set_faults(cloud, "throttle")
    set_faults(cloud, "")
    cloud.client("ec2").describe_vpcs()


@pytest.mark.parametrize(
    "query", ["scenarios=nonsense", "scenarios=lost&each=0", "scenarios=lost&each=x", "scenarios=lost&only=("]
)
def test_what_is_no_fault_is_refused_and_changes_nothing(cloud: EmbeddedCloud, query: str) -> None:
    set_faults(cloud, "throttle")
    with pytest.raises(HTTPError) as caught:
        cloud.control("POST", "faults", query)
    assert caught.value.code == 400
    caught.value.close()
    assert json.loads(cloud.control("GET", "faults"))["scenarios"] == ["throttle"]


def test_every_refusal_is_in_the_retry_table() -> None:
    from ecs_emulator.refusals import REFUSALS

    for rule in REFUSALS:
        assert rule.source
        if rule.service == "s3":
            continue  # the state has no part in the engine: see test_state_s3
        error = ClientError({"Error": {"Code": rule.code, "Message": rule.message}}, rule.operation)
        row = match(error, BOTO3_NAMES.get(rule.service, rule.service), "not_yet_consistent", "in_use")
        assert row is not None, f"{rule.service}:{rule.operation} {rule.code}"
        assert row.timeout > rule.seconds, f"{rule.service}:{rule.operation} {rule.code} is given up too early"


def test_the_user_sets_faults_at_the_start_and_ends_them(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    project = Project(cloud, tmp_path)
    project.run("cloud", "start", "--faults", "throttle,lag")
    assert json.loads(cloud.control("GET", "faults"))["scenarios"] == ["throttle", "lag"]
    ended = project.run("cloud", "start", "--faults", "rain", code=4)
    assert "there is no fault rain: choose from throttle," in ended.err
    project.run("cloud", "start", "--faults", "none")
    assert json.loads(cloud.control("GET", "faults"))["scenarios"] == []


def test_every_refusal_is_in_the_document() -> None:
    from ecs_emulator.refusals import REFUSALS

    text = (ROOT / "docs" / "developers" / "faults.md").read_text()
    for rule in REFUSALS:
        row = f"| {rule.service}:{rule.operation} | `{rule.code}` | {rule.seconds:g} | {rule.source} |"
        assert row in text, f"docs/developers/faults.md lacks: {row}"


def test_every_scenario_is_in_the_document() -> None:
    from ecs_emulator.faults import SCENARIOS

    text = (ROOT / "docs" / "developers" / "faults.md").read_text()
    assert [name for name in SCENARIOS if f"| `{name}` |" not in text] == []


# -- a few resources, every day ------------------------------------------------------------------------------------


def few(stack: Stack) -> None:
    """Resources whose making takes several calls, each of which may be met."""
    vpc = stack.ensure(Vpc("main", cidr_block="10.0.0.0/16"))
    stack.ensure(DefaultSecurityGroup("main", vpc_id=vpc.id))
    gateway = stack.ensure(InternetGateway("main", vpc_id=vpc.id))
    zone = stack.facts.zones[0]
    subnet = stack.ensure(Subnet("a", vpc_id=vpc.id, availability_zone=zone, cidr_block="10.0.0.0/20"))
    stack.ensure(RouteTable("a", vpc_id=vpc.id, subnet_ids=[subnet.id], routes={"0.0.0.0/0": gateway.id}))
    stack.ensure(
        SecurityGroup(
            "web",
            vpc_id=vpc.id,
            group_name=f"{stack.name}-web",
            description="web",
            ingress=[allow(80, "all", cidr="0.0.0.0/0")],
            egress=[allow(443, "endpoints", cidr="10.0.0.0/16")],
        )
    )
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    role = stack.ensure(Role("web", f"{stack.name}-web", trust, managed_policy_arns=[read_only]))
    stack.ensure(InstanceProfile("web", f"{stack.name}-web", role.id))


@pytest.mark.parametrize("scenario", ["server-error", "reset", "lost", "lag", "refusals", "lag,lost"])
def test_a_few_resources_come_and_go_under_each_fault(rig: Rig, scenario: str) -> None:
    before = inventory(rig.cloud.client)
    set_faults(rig.cloud, scenario, by="request")
    assert rig.up(few).ok().summary.counts == {"created": 8}
    set_faults(rig.cloud, "")
    rig.cloud.wait(lambda: rig.plan(few) == [], "it to be visible")
    set_faults(rig.cloud, scenario, by="request")
    rig.down().ok()
    set_faults(rig.cloud, "")
    assert difference(before, inventory(rig.cloud.client)) == {}


def test_lost_writes_leave_the_reads_their_retries(rig: Rig) -> None:
    ec2 = rig.aws().client("ec2")
    set_faults(rig.cloud, "lost", each=50, only="CreateVpc")
    for _ in range(50):  # botocore's standard mode has 35 retries to spare, after which it gives up at the first try
        with pytest.raises(OutcomeUnknown):
            ec2.create_vpc(CidrBlock="10.0.0.0/16")
    set_faults(rig.cloud, "lost", only="DescribeVpcs")
    assert len(ec2.describe_vpcs()["Vpcs"]) > 50
