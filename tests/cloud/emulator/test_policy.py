"""Policies in force: each service's answer to a denied call, its further checks, and ways to put policies in force."""

from __future__ import annotations

import base64
import http.client
import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioner.config.models import Config
from provisioner.permissions.printed import printed
from tests.cloud.conftest import EmbeddedCloud, Network
from tests.cloud.policies import ALL, PLACE, allowing, answer, asked, denying, enforce, policy

USER = "User: arn:aws:iam::123456789012:user/moto is not authorized to perform: "
TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "status", "code", "action", "resource"),
    [
        ("acm", "list_certificates", {}, 400, "AccessDeniedException", "acm:ListCertificates", "*"),
        ("autoscaling", "describe_auto_scaling_groups", {}, 403, "AccessDenied",
         "autoscaling:DescribeAutoScalingGroups", "*"),
        ("ecr", "describe_repositories", {}, 400, "AccessDeniedException", "ecr:DescribeRepositories",
         f"arn:aws:ecr:{PLACE}:repository/*"),
        ("ecs", "describe_clusters", {"clusters": ["main"]}, 400, "AccessDeniedException", "ecs:DescribeClusters",
         f"arn:aws:ecs:{PLACE}:cluster/main"),
        ("elbv2", "describe_load_balancers", {}, 403, "AccessDenied", "elasticloadbalancing:DescribeLoadBalancers",
         "*"),
        ("iam", "get_role", {"RoleName": "a"}, 403, "AccessDenied", "iam:GetRole",
         "arn:aws:iam::123456789012:role/a"),
        ("kms", "describe_key", {"KeyId": "1234"}, 400, "AccessDeniedException", "kms:DescribeKey",
         f"arn:aws:kms:{PLACE}:key/1234"),
        ("logs", "delete_log_group", {"logGroupName": "/a"}, 400, "AccessDeniedException", "logs:DeleteLogGroup",
         f"arn:aws:logs:{PLACE}:log-group:/a:log-stream:"),
        ("rds", "describe_db_instances", {}, 403, "AccessDenied", "rds:DescribeDBInstances",
         f"arn:aws:rds:{PLACE}:db:*"),
        ("resourcegroupstaggingapi", "get_resources", {}, 400, "AccessDeniedException", "tag:GetResources", "*"),
        ("route53", "get_hosted_zone", {"Id": "Z1"}, 403, "AccessDenied", "route53:GetHostedZone",
         "arn:aws:route53:::hostedzone/Z1"),
        ("s3", "list_objects_v2", {"Bucket": "a-bucket"}, 403, "AccessDenied", "s3:ListBucket",
         "arn:aws:s3:::a-bucket"),
        ("servicediscovery", "get_namespace", {"Id": "ns-1"}, 400, "AccessDeniedException",
         "servicediscovery:GetNamespace", f"arn:aws:servicediscovery:{PLACE}:namespace/ns-1"),
        ("ssm", "get_parameter", {"Name": "/a/b"}, 400, "AccessDeniedException", "ssm:GetParameter",
         f"arn:aws:ssm:{PLACE}:parameter/a/b"),
        ("wafv2", "get_web_acl", {"Name": "a", "Scope": "REGIONAL", "Id": "1"}, 400, "AccessDeniedException",
         "wafv2:GetWebACL", f"arn:aws:wafv2:{PLACE}:regional/webacl/a/1"),
    ],
)  # fmt: skip
def test_each_service_denies_in_its_own_way(
    cloud: EmbeddedCloud,
    service: str,
    operation: str,
    parameters: dict[str, Any],
    status: int,
    code: str,
    action: str,
    resource: str,
) -> None:
    enforce(cloud, policy(allowing("ec2:DescribeVpcs")))
    why = f"{USER}{action} on resource: {resource} because no identity-based policy allows the {action} action"
    assert answer(cloud, service, operation, **parameters) == (status, code, why)


def test_ec2_denies_in_two_sentences_and_names_a_resource_if_any(cloud: EmbeddedCloud) -> None:
    enforce(cloud, policy(allowing("ec2:DescribeVpcs")))
    cloud.client("ec2").describe_vpcs()
    head, tail = f"You are not authorized to perform this operation. {USER}", "because no identity-based policy allows"
    listed = answer(cloud, "ec2", "describe_subnets")
    assert listed[:2] == (403, "UnauthorizedOperation")
    assert listed[2] == f"{head}ec2:DescribeSubnets {tail} the ec2:DescribeSubnets action"
    made = answer(cloud, "ec2", "create_vpc", CidrBlock="10.0.0.0/16")
    assert made[2] == f"{head}ec2:CreateVpc on resource: arn:aws:ec2:{PLACE}:vpc/* {tail} the ec2:CreateVpc action"


def test_an_explicit_deny_is_reported_as_one(cloud: EmbeddedCloud) -> None:
    enforce(cloud, policy(ALL, denying("ssm:Get*")))
    told = answer(cloud, "ssm", "get_parameter", Name="a")[2]
    on = f"{USER}ssm:GetParameter on resource: arn:aws:ssm:{PLACE}:parameter/a"
    assert told == f"{on} with an explicit deny in an identity-based policy"


def test_who_one_is_everybody_may_ask(cloud: EmbeddedCloud) -> None:
    enforce(cloud, policy(denying("*")))
    assert cloud.client("sts").get_caller_identity()["Arn"].endswith(":user/moto")


def test_a_denial_has_no_effect_and_comes_before_other_errors(cloud: EmbeddedCloud) -> None:
    iam = cloud.client("iam")
    enforce(cloud, policy(allowing("iam:GetRole")))
    assert answer(cloud, "iam", "create_role", RoleName="a", AssumeRolePolicyDocument="{}")[1] == "AccessDenied"
    assert answer(cloud, "iam", "get_role", RoleName="a")[1] == "NoSuchEntity"
    enforce(cloud)
    assert answer(cloud, "iam", "create_role", RoleName="a", AssumeRolePolicyDocument="{}")[1] == (
        "MalformedPolicyDocument"
    )
    assert iam.list_roles()["Roles"] == []


def test_calls_that_make_no_sense_are_asked_for_like_others(cloud: EmbeddedCloud) -> None:
    enforce(cloud, policy(ALL))
    assert answer(cloud, "ecs", "list_tags_for_resource", resourceArn="none")[1] == "InvalidParameterException"
    assert answer(cloud, "elbv2", "delete_rule", RuleArn="none")[1] in ("ValidationError", "RuleNotFound")
    assert answer(cloud, "ec2", "create_tags", Resources=["none"], Tags=TAGS)[1] == "InvalidID"
    nowhere = cloud.client("ec2", "eu-west-99")
    with pytest.raises(ClientError, match=r"InternalFailure|InvalidRegion|AuthFailure|InternalError"):
        nowhere.create_launch_template(LaunchTemplateName="a", LaunchTemplateData={"ImageId": "ami-1"})


# -- what is asked for besides -----------------------------------------------------------------------------------------


def test_a_task_definition_passes_its_roles_to_ecs(network: Network) -> None:
    cloud = network.cloud
    passing = {
        **allowing("iam:PassRole"),
        "Resource": network.execution_role,
        "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    }
    enforce(cloud, policy(allowing("ecs:*"), passing))
    with pytest.raises(ClientError, match=re.escape(f"{USER}iam:PassRole on resource: {network.task_role}")):
        network.definition("web")
    network.definition("web", taskRoleArn=network.execution_role)
    enforce(cloud, policy(allowing("ecs:*"), {**passing, "Resource": "*"}))
    network.definition("web")


def test_a_group_launches_with_its_callers_permissions(network: Network) -> None:
    cloud = network.cloud
    enforce(cloud, policy(allowing("autoscaling:*", "iam:PassRole", "ec2:CreateLaunchTemplate")))
    with pytest.raises(ClientError, match="You are not authorized to use launch template: lt-"):
        network.auto_scaling_group("main", "main")
    enforce(cloud, policy(allowing("autoscaling:*", "iam:PassRole", "ec2:*"), denying("ec2:CreateTags")))
    network.auto_scaling_group("untagged", "main")
    with pytest.raises(ClientError, match="You are not authorized to use launch template: lt-"):
        _tagging_group(network)
    enforce(cloud, policy(allowing("autoscaling:*", "ec2:*")))
    with pytest.raises(ClientError, match="iam:PassRole on resource: arn:aws:iam::123456789012:role/instances"):
        network.auto_scaling_group("other", "main")
    to_ec2 = {**allowing("iam:PassRole"), "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}
    enforce(cloud, policy(allowing("autoscaling:*", "ec2:*"), to_ec2))
    network.auto_scaling_group("third", "main")
    launched = {it.check.resource.split(":", 5)[5].partition("/")[0] for it in asked(cloud) if "Run" in it.check.action}
    assert launched == {
        "launch-template", "subnet", "security-group", "image", "instance", "network-interface", "volume"
    }  # fmt: skip


def _tagging_group(network: Network) -> None:
    """A group over a template that tags its instances."""
    tags = [{"ResourceType": "instance", "Tags": TAGS}]
    data = {"ImageId": "ami-12345678", "InstanceType": "c5.large", "TagSpecifications": tags}
    ec2, scaling = network.cloud.client("ec2"), network.cloud.client("autoscaling")
    made = ec2.create_launch_template(LaunchTemplateName="tagging", LaunchTemplateData=data)["LaunchTemplate"]
    template = {"LaunchTemplateId": made["LaunchTemplateId"], "Version": "$Latest"}
    zones = ",".join(network.subnets)
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="tagging", MinSize=0, MaxSize=1, LaunchTemplate=template, VPCZoneIdentifier=zones
    )


def test_a_profile_passes_its_role_to_ec2(cloud: EmbeddedCloud) -> None:
    iam = cloud.client("iam")
    iam.create_role(RoleName="a", AssumeRolePolicyDocument=json.dumps(policy(TRUST)))
    iam.create_instance_profile(InstanceProfileName="p")
    enforce(cloud, policy(allowing("iam:AddRoleToInstanceProfile")))
    told = answer(cloud, "iam", "add_role_to_instance_profile", InstanceProfileName="p", RoleName="a")[2]
    assert told.startswith(f"{USER}iam:PassRole on resource: arn:aws:iam::123456789012:role/a")
    enforce(cloud, policy(allowing("iam:AddRoleToInstanceProfile", "iam:PassRole")))
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="a")


TAGS = [{"Key": "Project", "Value": "shop"}]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "creates", "tags"),
    [
        ("ec2", "create_internet_gateway", {"TagSpecifications": [{"ResourceType": "internet-gateway", "Tags": TAGS}]},
         "ec2:CreateInternetGateway", "ec2:CreateTags"),
        ("ecs", "create_cluster", {"clusterName": "a", "tags": [{"key": "Project", "value": "shop"}]},
         "ecs:CreateCluster", "ecs:TagResource"),
        ("ecr", "create_repository", {"repositoryName": "shop", "tags": TAGS},
         "ecr:CreateRepository", "ecr:TagResource"),
        ("elbv2", "create_target_group", {"Name": "a", "TargetType": "ip", "Tags": TAGS},
         "elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:AddTags"),
        ("application-autoscaling", "register_scalable_target", {"ServiceNamespace": "ecs", "ResourceId": "service/a/a",
         "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": 2,
         "Tags": {"Project": "shop"}}, "application-autoscaling:RegisterScalableTarget",
         "application-autoscaling:TagResource"),
        ("iam", "create_instance_profile", {"InstanceProfileName": "a", "Tags": TAGS}, "iam:CreateInstanceProfile",
         "iam:TagInstanceProfile"),
        ("logs", "create_log_group", {"logGroupName": "a", "tags": {"Project": "shop"}}, "logs:CreateLogGroup",
         "logs:TagResource"),
        ("rds", "create_db_subnet_group", {"DBSubnetGroupName": "a", "DBSubnetGroupDescription": "a", "SubnetIds": [],
         "Tags": TAGS}, "rds:CreateDBSubnetGroup", "rds:AddTagsToResource"),
        ("s3", "create_bucket", {"Bucket": "a-bucket", "CreateBucketConfiguration": {
            "LocationConstraint": "ap-northeast-1", "Tags": TAGS}}, "s3:CreateBucket", "s3:TagResource"),
        ("ssm", "put_parameter", {"Name": "/a", "Value": "a", "Type": "String", "Tags": TAGS}, "ssm:PutParameter",
         "ssm:AddTagsToResource"),
    ],
)  # fmt: skip
def test_who_creates_with_tags_has_to_be_allowed_to_tag(
    cloud: EmbeddedCloud, service: str, operation: str, parameters: dict[str, Any], creates: str, tags: str
) -> None:
    # what AWS reads of other services for it
    reads = allowing("ec2:Describe*", "ecs:DescribeServices", "ecs:UpdateService")
    enforce(cloud, policy(allowing(creates), reads))
    assert f"is not authorized to perform: {tags} on resource: arn:aws:" in answer(
        cloud, service, operation, **parameters
    )[2]  # fmt: skip
    enforce(
        cloud,
        policy({**allowing(creates, tags), "Condition": {"StringEquals": {"aws:RequestTag/Project": "shop"}}}, reads),
    )
    try:
        getattr(cloud.client(service), operation)(**parameters)
    except ClientError as error:
        assert "not authorized" not in str(error)  # noqa: PT017 (whatever else is wrong with it)
    enforce(
        cloud, policy({**allowing(creates, tags), "Condition": {"StringEquals": {"aws:RequestTag/Project": "hop"}}})
    )
    assert f"is not authorized to perform: {creates} " in answer(cloud, service, operation, **parameters)[2]


def test_a_creation_in_a_vpc_is_authorized_by_the_tags_of_both(cloud: EmbeddedCloud) -> None:
    ec2 = cloud.client("ec2")
    tagged = [{"ResourceType": "vpc", "Tags": TAGS}]
    ours = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged)["Vpc"]["VpcId"]
    foreign = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    own = {"Condition": {"StringEquals": {"aws:ResourceTag/Project": "shop"}}}
    arn = f"arn:aws:ec2:{PLACE}"
    inside = {**allowing("ec2:CreateSubnet"), "Resource": f"{arn}:vpc/*", **own}
    new = {**allowing("ec2:CreateSubnet"), "Resource": f"{arn}:subnet/*"}
    enforce(cloud, policy(inside, new))
    ec2.create_subnet(VpcId=ours, CidrBlock="10.0.0.0/24")
    told = answer(cloud, "ec2", "create_subnet", VpcId=foreign, CidrBlock="10.1.0.0/24")[2]
    assert f"ec2:CreateSubnet on resource: {arn}:vpc/{foreign}" in told


def test_the_tags_of_what_is_there_count_in_every_service(network: Network) -> None:
    cloud = network.cloud
    for arn, service, operation, parameters in _tagged(cloud):
        enforce(cloud)
        getattr(cloud.client(service), operation)(**parameters)
        found = {it.check.resource for it in asked(cloud)}
        assert found == set(), "nothing is asked as long as all is allowed"
        enforce(cloud, policy(ALL))
        getattr(cloud.client(service), operation)(**parameters)
        tags = {it.check.resource: it.check.context.get("aws:ResourceTag/Project") for it in asked(cloud)}
        assert tags == {arn: ("shop",)}


def _tagged(cloud: EmbeddedCloud) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Resources with a tag, and a call about each."""
    lower = [{"key": "Project", "value": "shop"}]
    ecs, iam, acm = cloud.client("ecs"), cloud.client("iam"), cloud.client("acm")
    cluster = ecs.create_cluster(clusterName="a", tags=lower)["cluster"]["clusterArn"]
    role = iam.create_role(RoleName="a", AssumeRolePolicyDocument=json.dumps(policy(TRUST)), Tags=TAGS)["Role"]["Arn"]
    profile = iam.create_instance_profile(InstanceProfileName="a", Tags=TAGS)["InstanceProfile"]["Arn"]
    certificate = acm.request_certificate(DomainName="a.example.com", Tags=TAGS)["CertificateArn"]
    repository = cloud.client("ecr").create_repository(repositoryName="shop", tags=TAGS)["repository"]["repositoryArn"]
    cloud.client("logs").create_log_group(logGroupName="/a", tags={"Project": "shop"})
    cloud.client("ssm").put_parameter(Name="/a", Value="a", Type="String", Tags=TAGS)
    cloud.client("rds").create_db_cluster_parameter_group(
        DBClusterParameterGroupName="a", DBParameterGroupFamily="aurora-mysql8.0", Description="a", Tags=TAGS
    )
    rds, alarm = f"arn:aws:rds:{PLACE}:cluster-pg:a", f"arn:aws:cloudwatch:{PLACE}:alarm:a"
    measured = {"Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    compared = {"Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    cloud.client("cloudwatch").put_metric_alarm(AlarmName="a", **measured, **compared, Tags=TAGS)
    return [
        (cluster, "ecs", "describe_clusters", {"clusters": ["a"]}),
        (role, "iam", "get_role", {"RoleName": "a"}),
        (profile, "iam", "get_instance_profile", {"InstanceProfileName": "a"}),
        (certificate, "acm", "describe_certificate", {"CertificateArn": certificate}),
        (repository, "ecr", "describe_images", {"repositoryName": "shop"}),
        (f"arn:aws:logs:{PLACE}:log-group:/a:log-stream:", "logs", "filter_log_events", {"logGroupName": "/a"}),
        (f"arn:aws:ssm:{PLACE}:parameter/a", "ssm", "get_parameter", {"Name": "/a"}),
        (alarm, "cloudwatch", "disable_alarm_actions", {"AlarmNames": ["a"]}),
        (rds, "rds", "list_tags_for_resource", {"ResourceName": rds}),
    ]


def test_records_are_asked_for_by_their_names(cloud: EmbeddedCloud) -> None:
    zone = cloud.client("route53").list_hosted_zones()["HostedZones"][0]["Id"]
    key = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
    only = {"ForAllValues:StringLike": {key: ["app.example.com", "_*.example.com"]}}
    enforce(cloud, policy({**allowing("route53:ChangeResourceRecordSets"), "Condition": only}))
    for name, allowed in (("APP.example.com.", True), ("_a.b.example.com", True), ("www.example.com", False)):
        record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
        if allowed:
            cloud.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
        else:
            parameters = {"HostedZoneId": zone, "ChangeBatch": batch}
            assert answer(cloud, "route53", "change_resource_record_sets", **parameters)[1] == "AccessDenied"


def _batch(*records: tuple[str, str], action: str = "UPSERT") -> dict[str, Any]:
    """A change of records of these names and types, of which each type takes the value."""
    values = {
        "A": "192.0.2.1",
        "AAAA": "2001:db8::1",
        "CNAME": "elsewhere.example.net",
        "TXT": '"theirs"',
        "MX": "10 mail.example.net",
    }
    return {
        "Changes": [
            {
                "Action": action,
                "ResourceRecordSet": {
                    "Name": name,
                    "Type": record_type,
                    "TTL": 60,
                    "ResourceRecords": [{"Value": values[record_type]}],
                },
            }
            for name, record_type in records
        ]
    }


def test_records_are_authorized_by_spelling_type_and_action(cloud: EmbeddedCloud) -> None:
    zone = cloud.client("route53").list_hosted_zones()["HostedZones"][0]["Id"]
    enforce(cloud, policy(ALL))
    spelled = ("*.Example.com.", "A"), (r"\137dmarc.example.com", "TXT")
    cloud.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=_batch(*spelled))
    (check,) = [it.check for it in asked(cloud)]
    key = "route53:ChangeResourceRecordSets"
    assert {name: values for name, values in check.context.items() if name.startswith(key)} == {
        f"{key}NormalizedRecordNames": (r"\052.example.com", "_dmarc.example.com"),
        f"{key}RecordTypes": ("A", "TXT"),
        f"{key}Actions": ("UPSERT",),
    }


PROOF = "_0123456789abcdef0123456789abcdef"
NOBODYS = [
    ("_acme-challenge.www.example.com", "TXT"),
    ("_acme-challenge.example.com", "CNAME"),
    ("_dmarc.example.com", "TXT"),
    ("app.example.com", "MX"),
    ("www.example.com", "A"),
    # as long as what ACM asks for, with a dot in it
    ("_acme-challenge.seventeen-letters.example.com", "CNAME"),
    ("_acme-challenge.seventeen-letters.app.example.com", "CNAME"),
    (f"{PROOF}.www.example.com", "CNAME"),
    (f"{PROOF}.example.com", "TXT"),
    (f"{PROOF}.example.com", "A"),
    ("app.example.com", "TXT"),
    ("www.example.com", "CNAME"),
    ("example.com", "A"),
    ("*.example.com", "A"),
    (r"\137dmarc.example.com", "TXT"),
]
"""Records that lead mail, visitors or certificates of a domain elsewhere."""


def test_the_printed_policy_lets_nobody_write_other_records(cloud: EmbeddedCloud) -> None:
    zone = cloud.client("route53").list_hosted_zones()["HostedZones"][0]["Id"]
    web = {"image": "nginx:1", "port": 80, "public": True}
    sample = Config.model_validate({"dns": {"domain": "example.com"}, "services": {"web": web}})
    # certificates of earlier versions had a wildcard: its proof can be deleted, and nobody makes another one
    wildcard = (f"{PROOF}.example.com", "CNAME")
    cloud.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=_batch(wildcard))
    enforce(cloud, *printed(sample, read_only=False, boundary=False, account=None).values())
    # what leads the name's clients: also what another system has there, for `--take-over`
    own = [
        ("app.example.com", "A"),
        ("app.example.com", "AAAA"),
        (f"{PROOF}.app.example.com", "CNAME"),
    ]
    for record in own:
        for action in ("CREATE", "UPSERT", "DELETE"):
            cloud.client("route53").change_resource_record_sets(
                HostedZoneId=zone, ChangeBatch=_batch(record, action=action)
            )
    for record in (*NOBODYS, wildcard):
        deletes = [_batch(record, action="DELETE")] if record != wildcard else []
        for batch in (_batch(record), _batch(own[0], record), *deletes):
            said = answer(cloud, "route53", "change_resource_record_sets", HostedZoneId=zone, ChangeBatch=batch)
            assert said[:2] == (403, "AccessDenied"), record
    cloud.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch=_batch(wildcard, action="DELETE")
    )


def _context(cloud: EmbeddedCloud, action: str) -> list[tuple[str, dict[str, tuple[str, ...]]]]:
    """Return the resources that an action was checked on, each with the context keys that not every call has."""
    common = ("aws:RequestedRegion", "aws:PrincipalAccount", "aws:ViaAWSService")
    return [
        (it.check.resource.split(":", 5)[-1], {key: v for key, v in it.check.context.items() if key not in common})
        for it in asked(cloud)
        if it.check.action == action
    ]


def test_a_changed_parameter_is_authorized_by_overwrite(cloud: EmbeddedCloud) -> None:
    """Service Authorization Reference, PutParameter; Systems Manager user guide, parameter-store-policy-conditions."""
    ssm = cloud.client("ssm")
    enforce(cloud, policy(ALL))
    ssm.put_parameter(Name="/a", Value="a", Type="String", Tags=TAGS)
    ssm.put_parameter(Name="/a", Value="b", Type="String", Overwrite=True)
    ssm.get_parameter(Name="/a")
    made, changed = _context(cloud, "ssm:PutParameter")
    assert made == ("parameter/a", {"aws:RequestTag/Project": ("shop",), "aws:TagKeys": ("Project",),
                                    "ssm:Overwrite": ("false",)})  # fmt: skip
    assert changed == ("parameter/a", {"ssm:Overwrite": ("true",)})
    assert _context(cloud, "ssm:GetParameter") == [("parameter/a", {"aws:ResourceTag/Project": ("shop",)})]


def test_a_certificate_is_asked_for_by_all_its_names(cloud: EmbeddedCloud) -> None:
    """ACM user guide, acm-conditions."""
    enforce(cloud, policy(ALL))
    names = ["a.example.com", "*.example.com"]
    cloud.client("acm").request_certificate(DomainName=names[0], SubjectAlternativeNames=names)
    ((_, context),) = _context(cloud, "acm:RequestCertificate")
    assert {*context["acm:DomainNames"]} == {*names}


def test_a_scalable_target_is_looked_at_with_its_tags(network: Network) -> None:
    """Application Auto Scaling user guide, "Tagging support"; the reference, resource types."""
    cloud = network.cloud
    network.service("web")
    scaling = cloud.client("application-autoscaling")
    target = {"ServiceNamespace": "ecs", "ResourceId": "service/main/web",
              "ScalableDimension": "ecs:service:DesiredCount"}  # fmt: skip
    enforce(cloud, policy(ALL))
    arn = scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2, Tags={"Project": "shop"})
    scaling.register_scalable_target(**target, MaxCapacity=3)
    (first, new), (second, there) = _context(cloud, "application-autoscaling:RegisterScalableTarget")
    assert (first, new["aws:RequestTag/Project"]) == ("scalable-target/*", ("shop",))
    assert "aws:ResourceTag/Project" not in new
    assert second == arn["ScalableTargetARN"].split(":", 5)[5]
    assert there["aws:ResourceTag/Project"] == ("shop",)


def test_objects_are_asked_for_one_by_one(cloud: EmbeddedCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    objects = {
        **allowing("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
        "Resource": "arn:aws:s3:::states/shop-dev/*",
    }
    enforce(cloud, policy(objects, {**allowing("s3:ListBucket"), "Resource": "arn:aws:s3:::states"}))
    s3.put_object(Bucket="states", Key="shop-dev/state.json", Body=b"{}")
    assert s3.get_object(Bucket="states", Key="shop-dev/state.json")["Body"].read() == b"{}"
    s3.head_object(Bucket="states", Key="shop-dev/state.json")
    assert s3.list_objects_v2(Bucket="states")["KeyCount"] == 1
    s3.delete_objects(Bucket="states", Delete={"Objects": [{"Key": "shop-dev/state.json"}]})
    assert answer(cloud, "s3", "put_object", Bucket="states", Key="other/state.json", Body=b"")[1] == "AccessDenied"
    assert answer(cloud, "s3", "get_bucket_policy", Bucket="states")[1] == "AccessDenied"
    assert answer(cloud, "s3", "head_object", Bucket="states", Key="other")[0] == 403


def test_the_registry_asks_for_each_step_of_a_push(cloud: EmbeddedCloud) -> None:
    ecr = cloud.client("ecr")
    ecr.create_repository(repositoryName="shop")
    (data,) = ecr.get_authorization_token()["authorizationData"]
    connection = http.client.HTTPConnection(cloud.endpoint.removeprefix("http://"), timeout=120)
    assert base64.b64decode(data["authorizationToken"]).startswith(b"AWS:")

    def ask(method: str, path: str) -> tuple[int, str]:
        connection.request(method, path, b"", {"Authorization": f"Basic {data['authorizationToken']}"})
        got = connection.getresponse()
        return got.status, got.read().decode()

    enforce(cloud, policy(allowing("ecr:BatchCheckLayerAvailability")))
    assert ask("HEAD", f"/v2/shop/blobs/sha256:{'0' * 64}")[0] == 404
    for method, path, action in (
        ("GET", f"/v2/shop/blobs/sha256:{'0' * 64}", "GetDownloadUrlForLayer"),
        ("POST", "/v2/shop/blobs/uploads/", "InitiateLayerUpload"),
        ("PUT", "/v2/shop/manifests/1", "PutImage"),
        ("GET", "/v2/shop/manifests/1", "BatchGetImage"),
        ("GET", "/v2/shop/tags/list", "ListImages"),
    ):
        status, said = ask(method, path)
        assert status == 403
        (error,) = json.loads(said)["errors"]
        assert error["code"] == "DENIED"
        assert error["message"].startswith(
            f"{USER}ecr:{action} on resource: arn:aws:ecr:{PLACE}:repository/shop because"
        )
    connection.close()
