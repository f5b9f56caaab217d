"""IAM, Parameter Store, log groups, repositories, and the tagging API over all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.engine.resource_types import MODULES
from tests.cloud.conftest import REGION, EmbeddedCloud
from tests.cloud.rules_rig import net, refused

TAGS = [{"Key": "Owner", "Value": "me"}]
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
EXECUTION = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


@pytest.fixture
def iam(cloud: EmbeddedCloud) -> Any:
    return cloud.client("iam")


def trust(principal: Any = None, action: str = "sts:AssumeRole") -> str:
    who = {"Service": "ecs-tasks.amazonaws.com"} if principal is None else principal
    statement = {"Effect": "Allow", "Principal": who, "Action": action}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_role_stays_while_anything_hangs_on_it(iam: Any) -> None:
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=trust(), Tags=TAGS)
    refused(lambda: iam.create_role(RoleName="web", AssumeRolePolicyDocument=trust()), "EntityAlreadyExists")
    refused(lambda: iam.update_assume_role_policy(RoleName="web", PolicyDocument="{}"), "MalformedPolicyDocument")
    iam.create_instance_profile(InstanceProfileName="web", Tags=TAGS)
    refused(lambda: iam.create_instance_profile(InstanceProfileName="web"), "EntityAlreadyExists")
    in_profile = {"InstanceProfileName": "web", "RoleName": "web"}
    iam.add_role_to_instance_profile(**in_profile)
    for _ in range(2):
        iam.attach_role_policy(RoleName="web", PolicyArn=EXECUTION)
    refused(lambda: iam.attach_role_policy(RoleName="web", PolicyArn=EXECUTION + "x"), "NoSuchEntity")
    inline = {"RoleName": "web", "PolicyName": "read"}
    refused(lambda: iam.put_role_policy(**inline, PolicyDocument="{"), "MalformedPolicyDocument")
    iam.put_role_policy(**inline, PolicyDocument=json.dumps(READ))

    detail = iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"][0]
    assert detail["Tags"] == TAGS
    assert [policy["PolicyName"] for policy in detail["RolePolicyList"]] == ["read"]
    assert [policy["PolicyArn"] for policy in detail["AttachedManagedPolicies"]] == [EXECUTION]
    assert detail["InstanceProfileList"][0]["Tags"] == TAGS

    def busy() -> None:
        refused(lambda: iam.delete_role(RoleName="web"), "DeleteConflict")

    busy()
    refused(lambda: iam.delete_instance_profile(InstanceProfileName="web"), "DeleteConflict")
    iam.remove_role_from_instance_profile(**in_profile)
    refused(lambda: iam.remove_role_from_instance_profile(**in_profile), "NoSuchEntity")
    busy()
    iam.detach_role_policy(RoleName="web", PolicyArn=EXECUTION)
    refused(lambda: iam.detach_role_policy(RoleName="web", PolicyArn=EXECUTION), "NoSuchEntity")
    busy()
    iam.delete_role_policy(**inline)
    refused(lambda: iam.delete_role_policy(**inline), "NoSuchEntity")
    iam.delete_role(RoleName="web")
    refused(lambda: iam.delete_role(RoleName="web"), "NoSuchEntity")


def test_policy_stays_while_attached_or_with_versions(iam: Any) -> None:
    arn = iam.create_policy(PolicyName="read", PolicyDocument=json.dumps(READ))["Policy"]["Arn"]
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=trust())
    iam.attach_role_policy(RoleName="web", PolicyArn=arn)
    refused(lambda: iam.delete_policy(PolicyArn=arn), "DeleteConflict", "attached")
    iam.detach_role_policy(RoleName="web", PolicyArn=arn)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(READ), SetAsDefault=True)
    refused(lambda: iam.delete_policy(PolicyArn=arn), "DeleteConflict", "more than one version")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy(PolicyArn=arn)
    refused(lambda: iam.delete_policy(PolicyArn=arn), "NoSuchEntity")


@pytest.mark.parametrize(
    ("service", "ending"),
    [
        ("ecs", "ECS"),
        ("autoscaling", "AutoScaling"),
        ("elasticloadbalancing", "ElasticLoadBalancing"),
        ("rds", "RDS"),
        ("spot", "EC2Spot"),
        ("ecs.application-autoscaling", "ApplicationAutoScaling_ECSService"),
    ],
)
def test_service_linked_roles(iam: Any, service: str, ending: str) -> None:
    name = f"{service}.amazonaws.com"
    role = iam.create_service_linked_role(AWSServiceName=name)["Role"]
    assert role["RoleName"] == f"AWSServiceRoleFor{ending}"
    assert role["Path"] == f"/aws-service-role/{name}/"
    assert len(iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]) == 1
    refused(lambda: iam.create_service_linked_role(AWSServiceName=name), "InvalidInput", "has been taken")
    refused(lambda: iam.delete_role(RoleName=role["RoleName"]), "UnmodifiableEntity")
    iam.delete_service_linked_role(RoleName=role["RoleName"])
    refused(lambda: iam.get_role(RoleName=role["RoleName"]), "NoSuchEntity")


def test_unknown_service_has_no_linked_role(iam: Any) -> None:
    refused(lambda: iam.create_service_linked_role(AWSServiceName="nothing.amazonaws.com"), "InvalidInput")


def test_parameters(cloud: EmbeddedCloud) -> None:
    ssm = cloud.client("ssm")
    request = {"Name": "/db/password", "Type": "SecureString", "Value": "secret"}
    ssm.put_parameter(**request, Tags=TAGS)
    refused(lambda: ssm.put_parameter(**request), "ParameterAlreadyExists")
    refused(lambda: ssm.put_parameter(**request, Overwrite=True, Tags=TAGS), "ValidationException", "overwrite")
    assert ssm.put_parameter(**request, Overwrite=True)["Version"] == 2
    refused(lambda: ssm.put_parameter(Name="/big", Type="String", Value="x" * 4097), "ValidationException", "4096")

    def found(value: str) -> list[str]:
        wanted = [{"Key": "tag:Owner", "Values": [value]}]
        return [entry["Name"] for entry in ssm.describe_parameters(ParameterFilters=wanted)["Parameters"]]

    assert (found("me"), found("you")) == (["/db/password"], [])
    ssm.delete_parameter(Name="/db/password")
    refused(lambda: ssm.delete_parameter(Name="/db/password"), "ParameterNotFound")
    # A deleted name rests for 30 seconds before it can be created anew.
    refused(lambda: ssm.put_parameter(**request), "ParameterAlreadyExists")
    assert found("me") == [], "what was refused is not there"

    def created() -> bool:
        try:
            ssm.put_parameter(**request)
        except ssm.exceptions.ParameterAlreadyExists:
            return False
        return True

    cloud.wait(created, "the name to be free")
    assert found("me") == []


@pytest.mark.parametrize("region", ["ap-northeast-1", "us-east-1", "eu-south-2", "ap-southeast-5", "ca-west-1"])
def test_images_are_published_in_every_region(cloud: EmbeddedCloud, region: str) -> None:
    ssm = cloud.client("ssm", region)
    name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"].startswith("ami-")
    assert ssm.describe_parameters()["Parameters"] == []


def test_log_groups(cloud: EmbeddedCloud) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/ecs/web", tags={"Owner": "me"})
    refused(lambda: logs.create_log_group(logGroupName="/ecs/web"), "ResourceAlreadyExistsException")
    refused(lambda: logs.create_log_group(logGroupName="with space"), "InvalidParameterException")
    refused(lambda: logs.put_retention_policy(logGroupName="/ecs/web", retentionInDays=8), "InvalidParameterException")
    refused(lambda: logs.put_retention_policy(logGroupName="/none", retentionInDays=7), "ResourceNotFoundException")
    logs.put_retention_policy(logGroupName="/ecs/web", retentionInDays=7)
    group = logs.describe_log_groups(logGroupNamePrefix="/ecs")["logGroups"][0]
    assert group["retentionInDays"] == 7
    arn = group["arn"].removesuffix(":*")
    logs.tag_resource(resourceArn=arn, tags={"More": "yes"})
    logs.untag_resource(resourceArn=arn, tagKeys=["Owner"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"More": "yes"}
    logs.delete_log_group(logGroupName="/ecs/web")
    refused(lambda: logs.delete_log_group(logGroupName="/ecs/web"), "ResourceNotFoundException")
    refused(lambda: logs.list_tags_for_resource(resourceArn=arn), "ResourceNotFoundException")
    logs.create_log_group(logGroupName="/ecs/web")
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {}


def test_log_groups_by_pattern_are_named_and_no_more(cloud: EmbeddedCloud) -> None:
    logs = cloud.client("logs")
    for name in ("/ecs/web", "/ecs/api", "/other"):
        logs.create_log_group(logGroupName=name)
        logs.put_retention_policy(logGroupName=name, retentionInDays=7)

    def read(**filters: Any) -> list[tuple[str, int | None]]:
        pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 1}, **filters)
        return [(g["logGroupName"], g.get("retentionInDays")) for page in pages for g in page["logGroups"]]

    assert read(logGroupNamePattern="ecs") == [("/ecs/api", None), ("/ecs/web", None)]
    assert read(logGroupNamePrefix="/ecs/") == [("/ecs/api", 7), ("/ecs/web", 7)]
    assert read(logGroupIdentifiers=["/ecs/web", "/other"]) == [("/ecs/web", 7), ("/other", 7)]
    assert "storedBytes" not in logs.describe_log_groups(logGroupNamePattern="ecs")["logGroups"][0]


def lifecycle(*rules: dict[str, Any]) -> str:
    numbered = [
        {
            "rulePriority": number,
            "selection": {"countType": "imageCountMoreThan", "countNumber": 10, **rule},
            "action": {"type": "expire"},
        }
        for number, rule in enumerate(rules, 1)
    ]
    return json.dumps({"rules": numbered}).ljust(100)


@pytest.mark.parametrize(
    "text",
    [
        "{".ljust(100),
        "{}".ljust(100),
        lifecycle({"tagStatus": "sometimes"}),
        lifecycle({"tagStatus": "tagged"}),
        lifecycle({"tagStatus": "untagged", "tagPrefixList": ["v"]}),
        lifecycle({"tagStatus": "any"}, {"tagStatus": "untagged"}),
        lifecycle({"tagStatus": "untagged"}, {"tagStatus": "untagged"}),
    ],
)
def test_bad_lifecycle_policies_are_refused(cloud: EmbeddedCloud, text: str) -> None:
    ecr = cloud.client("ecr")
    ecr.create_repository(repositoryName="web")
    refused(
        lambda: ecr.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=text), "InvalidParameterException"
    )
    refused(lambda: ecr.get_lifecycle_policy(repositoryName="web"), "LifecyclePolicyNotFoundException")


def test_repositories(cloud: EmbeddedCloud) -> None:
    ecr = cloud.client("ecr")
    name = {"repositoryName": "sample/web"}
    ecr.create_repository(**name, imageTagMutability="IMMUTABLE", tags=TAGS)
    refused(lambda: ecr.create_repository(**name), "RepositoryAlreadyExistsException")
    refused(lambda: ecr.create_repository(repositoryName="Upper"), "InvalidParameterException")
    text = lifecycle({"tagStatus": "untagged"}, {"tagStatus": "tagged", "tagPatternList": ["*"]})
    ecr.put_lifecycle_policy(**name, lifecyclePolicyText=text)
    assert json.loads(ecr.get_lifecycle_policy(**name)["lifecyclePolicyText"]) == json.loads(text)

    def push(size: int, tag: str) -> str:
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        config = {"mediaType": "application/vnd.docker.container.image.v1+json", "size": size, "digest": "sha256:0"}
        manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []})
        return str(ecr.put_image(**name, imageManifest=manifest, imageTag=tag)["image"]["imageId"]["imageDigest"])

    assert push(1, "one") != push(2, "two")
    refused(lambda: push(1, "one"), "ImageAlreadyExistsException")
    refused(lambda: push(3, "one"), "ImageTagAlreadyExistsException", "immutable")
    refused(lambda: ecr.delete_repository(**name), "RepositoryNotEmptyException")
    ecr.delete_repository(**name, force=True)
    refused(lambda: ecr.delete_repository(**name), "RepositoryNotFoundException")


def test_what_a_lifecycle_policy_expires(cloud: EmbeddedCloud) -> None:
    ecr = cloud.client("ecr")
    name = {"repositoryName": "web"}
    ecr.create_repository(**name)

    def push(text: str, tag: str | None = None) -> str:
        named = {"imageTag": tag} if tag else {}
        return str(ecr.put_image(**name, imageManifest=text, **named)["image"]["imageId"]["imageDigest"])

    def manifest(number: int) -> str:
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        return json.dumps({"schemaVersion": 2, "mediaType": kind, "config": {"digest": f"sha256:{number}"}})

    member = push(manifest(0))
    kind = "application/vnd.oci.image.index.v1+json"
    index = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [{"digest": member}]})
    push(index, "keep-1")
    old, kept, newer = (push(manifest(number), tag) for number, tag in ((1, "v1"), (2, "keep-2"), (3, "v3")))
    rules = (
        {"tagStatus": "untagged", "countNumber": 1},
        {"tagStatus": "tagged", "tagPrefixList": ["keep-"], "countNumber": 2},
        {"tagStatus": "tagged", "tagPatternList": ["*"], "countNumber": 2},
    )
    untagged, newest = push(manifest(4)), push(manifest(5))
    ecr.put_lifecycle_policy(**name, lifecyclePolicyText=lifecycle(*rules))

    def left() -> set[str]:
        return {one["imageDigest"] for one in ecr.list_images(**name)["imageIds"]}

    # the two newest tagged ones count as such, though another rule decides about one of them
    cloud.wait(lambda: not left() & {old, untagged}, "the policy")
    assert len(left()) == 5
    assert left() >= {kept, newer, newest, member}


def make_one_of_each(cloud: EmbeddedCloud) -> set[str]:
    """Make one tagged thing of many kinds, and return the beginnings of the ARNs that the tagging API must list."""
    place = net(cloud)
    place.gateway()
    ec2, elb, rds = cloud.client("ec2"), cloud.client("elbv2"), cloud.client("rds")
    group = place.group("web")
    ec2.create_tags(Resources=[place.vpc, place.subnets[0], group], Tags=TAGS)

    def tags_for(kind: str) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": TAGS}]

    ec2.create_vpc_endpoint(
        VpcId=place.vpc, ServiceName=f"com.amazonaws.{REGION}.s3", TagSpecifications=tags_for("vpc-endpoint")
    )
    data = {"InstanceType": "c5.large"}
    ec2.create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData=data, TagSpecifications=tags_for("launch-template")
    )
    balancer, targets = place.balancer(Tags=TAGS)["LoadBalancerArn"], place.target_group()
    elb.add_tags(ResourceArns=[targets], Tags=TAGS)
    forward = [{"Type": "forward", "TargetGroupArn": targets}]
    listener = elb.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward, Tags=TAGS
    )["Listeners"][0]["ListenerArn"]
    elb.create_rule(
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/api/*"]}],
        Actions=forward,
        Tags=TAGS,
    )
    cloud.client("acm").request_certificate(DomainName="a.example.com", ValidationMethod="DNS", Tags=TAGS)
    rds.create_db_subnet_group(DBSubnetGroupName="db", DBSubnetGroupDescription="x", SubnetIds=place.subnets, Tags=TAGS)
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="db", DBParameterGroupFamily="aurora-mysql8.0", Description="x", Tags=TAGS
    )
    rds.create_db_cluster(
        DBClusterIdentifier="db",
        Engine="aurora-mysql",
        MasterUsername="dbadmin",
        MasterUserPassword="correct-horse",
        DBSubnetGroupName="db",
        Tags=TAGS,
    )
    rds.create_db_instance(
        DBInstanceIdentifier="db-1",
        DBInstanceClass="db.r7g.large",
        Engine="aurora-mysql",
        DBClusterIdentifier="db",
        Tags=TAGS,
    )
    cloud.client("ssm").put_parameter(Name="/a/b", Type="String", Value="v", Tags=TAGS)
    cloud.client("logs").create_log_group(logGroupName="/ecs/web", tags={"Owner": "me"})
    cloud.client("ecr").create_repository(repositoryName="web", tags=TAGS)
    discovery = cloud.client("servicediscovery")
    discovery.create_private_dns_namespace(Name="svc.internal", Vpc=place.vpc, Tags=TAGS)
    space = cloud.wait(lambda: discovery.list_namespaces()["Namespaces"], "the namespace")[0]["Id"]
    records = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    discovery.create_service(Name="web", NamespaceId=space, DnsConfig=records, Tags=TAGS)
    cloud.client("ecs").create_cluster(clusterName="web", tags=[{"key": "Owner", "value": "me"}])
    here = f"{REGION}:123456789012"
    kinds = {
        "ec2": "vpc/ subnet/ security-group/ vpc-endpoint/ launch-template/",
        "elasticloadbalancing": "loadbalancer/app/web/ targetgroup/web/ listener/app/web/ listener-rule/app/web/",
        "acm": "certificate/",
        "rds": "subgrp:db cluster-pg:db cluster:db db:db-1",
        "ssm": "parameter/a/b",
        "logs": "log-group:/ecs/web",
        "ecr": "repository/web",
        "servicediscovery": "namespace/ns- service/srv-",
        "ecs": "cluster/web",
    }
    return {f"arn:aws:{service}:{here}:{start}" for service, starts in kinds.items() for start in starts.split()}


def test_tagging_lists_every_resource_type_filtered_and_in_pages(cloud: EmbeddedCloud) -> None:
    expected = make_one_of_each(cloud)
    tagging = cloud.client("resourcegroupstaggingapi")
    mine = [{"Key": "Owner", "Values": ["me"]}]

    def arns(**request: Any) -> list[str]:
        return [entry["ResourceARN"] for entry in tagging.get_resources(**request)["ResourceTagMappingList"]]

    listed = arns(TagFilters=mine)
    assert {start for start in expected if sum(arn.startswith(start) for arn in listed) != 1} == set()
    assert len(listed) == len(expected)
    pages = tagging.get_paginator("get_resources").paginate(TagFilters=mine, PaginationConfig={"PageSize": 4})
    paged = [entry["ResourceARN"] for page in pages for entry in page["ResourceTagMappingList"]]
    assert paged == listed
    assert arns(TagFilters=[{"Key": "Owner", "Values": ["you"]}]) == []
    typed = arns(TagFilters=mine, ResourceTypeFilters=["ec2:vpc-endpoint", "ecr"])
    assert [arn.split(":")[2] for arn in typed] == ["ec2", "ecr"]
    refused(lambda: tagging.get_resources(ResourcesPerPage=101), "InvalidParameterException")


def test_tagging_lists_hosted_zones_in_us_east_1_only(cloud: EmbeddedCloud) -> None:
    route53 = cloud.client("route53")
    zone = route53.create_hosted_zone(Name="a.test", CallerReference="a")["HostedZone"]["Id"].rpartition("/")[2]
    route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone, AddTags=TAGS)
    found = {
        region: cloud.client("resourcegroupstaggingapi", region).get_resources()["ResourceTagMappingList"]
        for region in ("us-east-1", REGION)
    }
    assert [entry["ResourceARN"] for entry in found["us-east-1"]] == [f"arn:aws:route53:::hostedzone/{zone}"]
    assert found[REGION] == []


def test_rules_are_imported_by_the_server_process_only() -> None:
    names = ["ecs_emulator.manage", "provisioner.engine", "provisioner.config.models", "state", "steps"]
    lines = [f"import {name}" for name in [*names, *MODULES]]
    check = (
        "import sys; print([name for name in sys.modules if name == 'moto' or name.startswith('ecs_emulator.rules')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*lines, check])], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"
