"""Attacks by a stolen role with the printed policy on others' resources, with and without the stack's tags put on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioner.aws.permissions import Part
from tests.cloud.conftest import EmbeddedCloud, Network
from tests.cloud.policies import DENIED, enforce, policies

CONFIGURED = """
kms_key = "alias/example"
state = { bucket = "some-states" }
network = { flow_logs = true }
load_balancer = { access_logs = true }

[services.web]
image = "nginx:1"
port = 80
public = true
launch = "ec2"
"""
STACK = "ecs-sample-dev"
OWNER = {"Project": "ecs-sample", "Environment": "dev", "ManagedBy": "provisioner"}
PAIRS = [{"Key": key, "Value": value} for key, value in OWNER.items()]
LOWER = [{"key": key, "value": value} for key, value in OWNER.items()]
THEIRS = [{"Key": "team", "Value": "payments"}]
OPEN = [{"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]

Attempt = Callable[..., str]


@pytest.fixture
def attempt(cloud: EmbeddedCloud) -> Iterator[Attempt]:
    """Makes a call, and says with which code it was refused: nothing if it was not."""

    def made(service: str, operation: str, **parameters: Any) -> str:
        try:
            getattr(cloud.client(service), operation)(**parameters)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    yield made
    enforce(cloud)


def allow(cloud: EmbeddedCloud, tmp_path: Path, *more: Part) -> None:
    """Put the printed policy in force, with further ones of the same configuration."""
    file = tmp_path / "stack.toml"
    file.write_text(CONFIGURED)
    enforce(cloud, *policies(file), *(it for part in more for it in policies(file, part=part)))


# -- a network of others -----------------------------------------------------------------------------------------------


def _network(cloud: EmbeddedCloud, tags: list[dict[str, str]]) -> dict[str, str]:
    """A VPC, a subnet, a group, a table, an endpoint and a template of others: their ids."""
    ec2: Any = cloud.client("ec2")

    def tagged(sort: str) -> Any:
        return [{"ResourceType": sort, "Tags": tags}]

    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tagged("vpc"))["Vpc"]["VpcId"]
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table"))["RouteTable"]["RouteTableId"]
    return {
        "vpc": vpc,
        "route-table": table,
        "subnet": ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24", TagSpecifications=tagged("subnet"))["Subnet"][
            "SubnetId"
        ],
        "security-group": ec2.create_security_group(
            GroupName="payments", Description="x", VpcId=vpc, TagSpecifications=tagged("security-group")
        )["GroupId"],
        "vpc-endpoint": ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName="com.amazonaws.ap-northeast-1.s3",
            RouteTableIds=[table],
            TagSpecifications=tagged("vpc-endpoint"),
        )["VpcEndpoint"]["VpcEndpointId"],
        "internet-gateway": ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway"))[
            "InternetGateway"
        ]["InternetGatewayId"],
        "launch-template": ec2.create_launch_template(
            LaunchTemplateName="payments",
            LaunchTemplateData={"ImageId": "ami-12345678"},
            TagSpecifications=tagged("launch-template"),
        )["LaunchTemplate"]["LaunchTemplateId"],
    }


def _takeovers(there: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("authorize_security_group_ingress", {"GroupId": there["security-group"], "IpPermissions": OPEN}),
        ("delete_vpc_endpoints", {"VpcEndpointIds": [there["vpc-endpoint"]]}),
        ("delete_internet_gateway", {"InternetGatewayId": there["internet-gateway"]}),
        ("delete_launch_template", {"LaunchTemplateId": there["launch-template"]}),
        ("delete_subnet", {"SubnetId": there["subnet"]}),
        ("create_subnet", {"VpcId": there["vpc"], "CidrBlock": "10.9.9.0/24", "TagSpecifications": [
            {"ResourceType": "subnet", "Tags": PAIRS}]}),
        ("create_route", {"RouteTableId": there["route-table"], "DestinationCidrBlock": "0.0.0.0/0",
            "GatewayId": there["internet-gateway"]}),
        ("delete_security_group", {"GroupId": there["security-group"]}),
    ]  # fmt: skip


def test_a_foreign_network_cannot_be_tagged_and_taken_over(
    cloud: EmbeddedCloud, tmp_path: Path, attempt: Attempt
) -> None:
    there = _network(cloud, THEIRS)
    allow(cloud, tmp_path)
    for sort, named in there.items():
        assert attempt("ec2", "create_tags", Resources=[named], Tags=PAIRS) in DENIED, sort
    for operation, parameters in _takeovers(there):
        assert attempt("ec2", operation, **parameters) in DENIED, operation


def test_what_import_takes_belongs_to_no_stack(cloud: EmbeddedCloud, tmp_path: Path, attempt: Attempt) -> None:
    nobody, others = _network(cloud, THEIRS), {}
    enforce(cloud)
    cloud.client("ec2").delete_launch_template(LaunchTemplateId=nobody.pop("launch-template"))
    others = _network(cloud, [{"Key": "ManagedBy", "Value": "provisioner"}, {"Key": "Project", "Value": "payments"}])
    allow(cloud, tmp_path, Part.IMPORT)
    for sort, named in others.items():
        assert attempt("ec2", "create_tags", Resources=[named], Tags=PAIRS) in DENIED, sort
    for sort, named in nobody.items():
        assert attempt("ec2", "create_tags", Resources=[named], Tags=PAIRS) == "", sort
    assert attempt("ec2", "create_tags", Resources=[nobody["vpc"]], Tags=THEIRS) in DENIED


# -- certificates, Cloud Map, scaling, balancers, clusters -------------------------------------------------------------


def test_a_certificate_of_others_is_neither_taken_nor_requested(
    cloud: EmbeddedCloud, tmp_path: Path, attempt: Attempt
) -> None:
    acm = cloud.client("acm")
    arn = acm.request_certificate(DomainName="pay.example.com", ValidationMethod="DNS", Tags=THEIRS)["CertificateArn"]
    allow(cloud, tmp_path)
    assert attempt("acm", "add_tags_to_certificate", CertificateArn=arn, Tags=PAIRS) in DENIED
    assert attempt("acm", "delete_certificate", CertificateArn=arn) in DENIED
    request = {"ValidationMethod": "DNS", "Tags": PAIRS}
    assert attempt("acm", "request_certificate", DomainName="pay.example.com", **request) in DENIED
    both = {"DomainName": "app.example.com", "SubjectAlternativeNames": ["app.example.com", "pay.example.com"]}
    assert attempt("acm", "request_certificate", **both, **request) in DENIED
    own = {"DomainName": "app.example.com", "SubjectAlternativeNames": ["app.example.com", "*.example.com"]}
    assert attempt("acm", "request_certificate", **own, **request) == ""


def test_no_service_is_put_into_a_namespace_of_others(cloud: EmbeddedCloud, tmp_path: Path, attempt: Attempt) -> None:
    namespace = _namespace(cloud, "payments.internal", THEIRS)
    own = _namespace(cloud, "ours.internal", PAIRS)
    allow(cloud, tmp_path)
    dns = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    for place, expected in ((namespace, False), (own, True)):
        answer = attempt("servicediscovery", "create_service", Name="api", NamespaceId=place, DnsConfig=dns, Tags=PAIRS)
        assert (answer not in DENIED) is expected, answer
    assert attempt("servicediscovery", "delete_namespace", Id=namespace) in DENIED


def _namespace(cloud: EmbeddedCloud, name: str, tags: list[dict[str, str]]) -> str:
    vpc = cloud.client("ec2").create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    client = cloud.client("servicediscovery")
    operation = client.create_private_dns_namespace(Name=name, Vpc=vpc, Tags=tags)["OperationId"]
    cloud.advance(120)
    return str(client.get_operation(OperationId=operation)["Operation"]["Targets"]["NAMESPACE"])


TARGET = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}


@pytest.mark.parametrize("tags", [{"team": "payments"}, {"ManagedBy": "provisioner", "Project": "payments"}])
def test_the_scaling_of_others_stays_as_it_is(
    network: Network, tmp_path: Path, attempt: Attempt, tags: dict[str, str]
) -> None:
    cloud = network.cloud
    network.service("pay")
    scaling = cloud.client("application-autoscaling")
    target = {**TARGET, "ResourceId": "service/main/pay"}
    arn = scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4, Tags=tags)["ScalableTargetARN"]
    allow(cloud, tmp_path)
    assert attempt("application-autoscaling", "register_scalable_target", **target, MaxCapacity=1) in DENIED
    assert attempt("application-autoscaling", "deregister_scalable_target", **target) in DENIED
    tracking = {
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 90,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        },
    }
    answer = attempt("application-autoscaling", "put_scaling_policy", **target, PolicyName="cpu", **tracking)
    assert answer in DENIED
    # of a target without an owner AWS has no limit (docs/security.md); that of another stack is safe
    answer = attempt("application-autoscaling", "tag_resource", ResourceARN=arn, Tags=OWNER)
    assert (answer in DENIED) is ("ManagedBy" in tags), answer


def test_guarddutys_endpoints_are_the_only_foreign_ones_to_go(
    cloud: EmbeddedCloud, tmp_path: Path, attempt: Attempt
) -> None:
    there = _network(cloud, [{"Key": "GuardDutyManaged", "Value": "true"}])
    allow(cloud, tmp_path)
    assert attempt("ec2", "delete_vpc_endpoints", VpcEndpointIds=[there["vpc-endpoint"]]) in DENIED, "it is S3's"


# -- by names ----------------------------------------------------------------------------------------------------------


def test_the_stack_s_own_parameter_changes_and_no_other(cloud: EmbeddedCloud, tmp_path: Path, attempt: Attempt) -> None:
    ssm = cloud.client("ssm")
    own, foreign = f"/{STACK}/database/password", "/payments/database/password"
    for name, tags in ((own, PAIRS), (foreign, THEIRS)):
        ssm.put_parameter(Name=name, Value="a", Type="SecureString", Tags=tags)
    allow(cloud, tmp_path)
    change = {"Value": "b", "Type": "SecureString", "Overwrite": True}
    assert attempt("ssm", "put_parameter", Name=own, **change) == ""
    assert attempt("ssm", "put_parameter", Name=foreign, **change) in DENIED
    assert attempt("ssm", "put_parameter", Name=f"/{STACK}/untagged", Value="b", Type="String") in DENIED


def test_tags_come_in_the_call_that_creates_or_on_what_has_them(
    network: Network, tmp_path: Path, attempt: Attempt
) -> None:
    cloud = network.cloud
    ecs, elb = cloud.client("ecs"), cloud.client("elbv2")
    foreign = ecs.create_cluster(clusterName=STACK)["cluster"]["clusterArn"]
    group = {"Name": f"{STACK}-web", "TargetType": "ip", "Protocol": "HTTP", "Port": 80, "VpcId": network.vpc}
    target = elb.create_target_group(**group)["TargetGroups"][0]["TargetGroupArn"]
    vpc = cloud.client("ec2").create_vpc(
        CidrBlock="10.7.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": PAIRS}]
    )["Vpc"]["VpcId"]
    allow(cloud, tmp_path)
    assert attempt("ecs", "tag_resource", resourceArn=foreign, tags=LOWER) in DENIED
    assert attempt("elbv2", "add_tags", ResourceArns=[target], Tags=PAIRS) in DENIED
    address = {"Key": "provisioner:address", "Value": "vpc/renamed"}
    assert attempt("ec2", "create_tags", Resources=[vpc], Tags=[*PAIRS, address]) == "", "its own may get a new address"
    others = [{"Key": "Project", "Value": "payments"}]
    assert attempt("ec2", "create_tags", Resources=[vpc], Tags=others) in DENIED, "and no other owner"
    assert attempt("ec2", "delete_tags", Resources=[vpc], Tags=[{"Key": "Project"}]) in DENIED
    note = [{"Key": "provisioner:former:awsvpcTrunking", "Value": "disabled"}]
    assert attempt("ec2", "create_tags", Resources=[vpc], Tags=note) == ""
    assert attempt("ec2", "delete_tags", Resources=[vpc], Tags=note) == ""


def test_every_printed_policy_is_one_that_can_be_put_in_force(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    (tmp_path / "stack.toml").write_text(CONFIGURED)
    for part in Part:
        enforce(cloud, *policies(tmp_path / "stack.toml", part=part))
    enforce(cloud, *policies(tmp_path / "stack.toml", read_only=True))
