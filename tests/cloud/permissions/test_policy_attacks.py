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
dns = { domain = "example.com" }

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
    for names in (["app.example.com", "*.example.com"], ["*.example.com"]):
        wild = {"DomainName": names[0], "SubjectAlternativeNames": names}
        assert attempt("acm", "request_certificate", **wild, **request) in DENIED
    own = {"DomainName": "app.example.com", "SubjectAlternativeNames": ["app.example.com"]}
    assert attempt("acm", "request_certificate", **own, **request) == ""


@pytest.mark.parametrize(
    ("name", "action", "refused"),
    [("app.example.com", "UPSERT", False), ("example.com", "UPSERT", True), ("example.com", "DELETE", False)],
)
def test_nobody_proves_the_domain_to_acm(
    cloud: EmbeddedCloud, tmp_path: Path, attempt: Attempt, name: str, action: str, *, refused: bool
) -> None:
    """The domain's wildcard is in certificates of earlier versions: `down` deletes its proof, and nothing writes it."""
    zone = cloud.client("route53").list_hosted_zones()["HostedZones"][0]["Id"]
    allow(cloud, tmp_path)
    value = [{"Value": "_theirs.acm-validations.aws"}]
    record = {"Name": f"_0123456789abcdef0123456789abcdef.{name}", "Type": "CNAME", "TTL": 60, "ResourceRecords": value}
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    answer = attempt("route53", "change_resource_record_sets", HostedZoneId=zone, ChangeBatch=batch)
    assert (answer in DENIED) is refused


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
    # of a target without an owner AWS has no limit (docs/accounts.md); that of another stack is safe
    answer = attempt("application-autoscaling", "tag_resource", ResourceARN=arn, Tags=OWNER)
    assert (answer in DENIED) is ("ManagedBy" in tags), answer


def test_guarddutys_endpoints_are_the_only_foreign_ones_to_go(
    cloud: EmbeddedCloud, tmp_path: Path, attempt: Attempt
) -> None:
    there = _network(cloud, [{"Key": "GuardDutyManaged", "Value": "true"}])
    allow(cloud, tmp_path)
    assert attempt("ec2", "delete_vpc_endpoints", VpcEndpointIds=[there["vpc-endpoint"]]) in DENIED, "it is S3's"


# -- by keys of single services ----------------------------------------------------------------------------------------


def test_a_private_zone_is_of_the_named_vpc(cloud: EmbeddedCloud, tmp_path: Path, attempt: Attempt) -> None:
    ec2 = cloud.client("ec2")
    own, other = (ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (8, 9))

    def made(vpc: str, region: str = "ap-northeast-1", **more: Any) -> bool:
        where = {"VPC": {"VPCId": vpc, "VPCRegion": region}} if vpc else {}
        zone = {"Name": "payments.internal", "CallerReference": f"{vpc}{region}{more}"}
        return attempt("route53", "create_hosted_zone", **zone, **where) not in DENIED

    allow(cloud, tmp_path)
    assert made(own)
    assert not made(own, "eu-west-1")
    assert not made("")
    file = tmp_path / "stack.toml"
    its_vpc = CONFIGURED.replace("{ flow_logs = true }", f'{{ vpc = "{own}" }}')
    file.write_text(its_vpc.replace('{ domain = "example.com" }', '{ domain = "example.com", create_zone = true }'))
    enforce(cloud, *policies(file))
    assert made(own, number=2)
    assert not made(other, number=2)
    assert made("", number=2)
    moved = {"HostedZoneId": "Z0123456789", "VPC": {"VPCId": other, "VPCRegion": "ap-northeast-1"}}
    assert attempt("route53", "associate_vpc_with_hosted_zone", **moved) in DENIED


def test_no_rule_of_another_stack_is_taken_away(cloud: EmbeddedCloud, tmp_path: Path, attempt: Attempt) -> None:
    ec2 = cloud.client("ec2")
    there = _network(cloud, [{"Key": "ManagedBy", "Value": "provisioner"}, {"Key": "Project", "Value": "payments"}])
    ec2.authorize_security_group_ingress(GroupId=there["security-group"], IpPermissions=OPEN)
    of_vpc = [{"Name": "vpc-id", "Values": [there["vpc"]]}, {"Name": "group-name", "Values": ["default"]}]
    (default,) = ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]
    allow(cloud, tmp_path)
    for group, rules, refused in (
        (there["security-group"], OPEN, True),
        (default["GroupId"], default["IpPermissions"], False),
    ):
        answer = attempt("ec2", "revoke_security_group_ingress", GroupId=group, IpPermissions=rules)
        assert (answer in DENIED) is refused, group


def test_nothing_else_is_launched_than_what_the_stack_launches(
    network: Network, tmp_path: Path, attempt: Attempt
) -> None:
    cloud, one = network.cloud, {"MinCount": 1, "MaxCount": 1}
    name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    amazons = cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    ec2 = cloud.client("ec2")
    instance = ec2.run_instances(ImageId=amazons, InstanceType="c5.large", **one)["Instances"][0]["InstanceId"]
    theirs = ec2.create_image(InstanceId=instance, Name="theirs")["ImageId"]
    ec2.create_tags(Resources=[network.subnets[0], network.group], Tags=PAIRS)
    allow(cloud, tmp_path)
    inside = {"SubnetId": network.subnets[0], "SecurityGroupIds": [network.group], **one}
    for image, instance_type, refused in (
        (amazons, "c5.large", False),
        (amazons, "p5.48xlarge", True),
        (theirs, "c5.large", True),
    ):
        answer = attempt("ec2", "run_instances", ImageId=image, InstanceType=instance_type, **inside)
        assert (answer in DENIED) is refused, (image, instance_type)


@pytest.mark.parametrize("privileged", [True, False])
def test_no_privileged_container_is_registered(
    cloud: EmbeddedCloud, tmp_path: Path, attempt: Attempt, *, privileged: bool
) -> None:
    allow(cloud, tmp_path)
    container = {"name": "web", "image": "web:1", "memory": 64, "privileged": privileged}
    wanted = {"family": f"{STACK}-web", "containerDefinitions": [container], "tags": LOWER}
    assert (attempt("ecs", "register_task_definition", **wanted) in DENIED) is privileged


def test_an_alarm_acts_on_the_stack_alone(cloud: EmbeddedCloud, tmp_path: Path, attempt: Attempt) -> None:
    file = tmp_path / "stack.toml"
    file.write_text(
        CONFIGURED.replace("port = 80\n", "port = 80\nscaling = { max = 3 }\n") + "\n[alarms]\nemail = ['a@b.cc']\n"
    )
    enforce(cloud, *policies(file))
    policy, place = "arn:aws:autoscaling:{}:scalingPolicy:1:resource/ecs/service/{}/web", "ap-northeast-1:123456789012"
    measured = {"Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    alarm = {**measured, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    topic = f"arn:aws:sns:{place}:{{}}-alarms"
    for name, does, refused in (
        (f"{STACK}-web", topic.format(STACK), False),
        (f"{STACK}-web", topic.format("payments-prod"), True),
        (f"{STACK}-web", "arn:aws:automate:ap-northeast-1:ec2:terminate", True),
        (f"TargetTracking-service/{STACK}/web-High", policy.format(place, STACK), False),
        (f"TargetTracking-service/{STACK}/web-High", policy.format(place, "payments-prod"), True),
    ):
        answer = attempt("cloudwatch", "put_metric_alarm", AlarmName=name, AlarmActions=[does], **alarm)
        assert (answer in DENIED) is refused, (name, does)


def test_a_session_without_a_document_is_no_way_to_a_shell(
    cloud: EmbeddedCloud, tmp_path: Path, attempt: Attempt
) -> None:
    allow(cloud, tmp_path, Part.SHELL)
    target = {"Target": f"ecs:{STACK}_0123456789abcdef_0123456789abcdef-1"}
    assert attempt("ssm", "start_session", **target) in DENIED
    assert attempt("ssm", "start_session", **target, DocumentName="AWS-StartPortForwardingSession") not in DENIED


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
