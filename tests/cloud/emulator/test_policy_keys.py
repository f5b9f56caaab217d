"""Condition keys of single services: images and types, VPCs, the actions of alarms, containers, sessions."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.policies import ALL, PLACE, answer, asked, enforce, policy

TOPIC = f"arn:aws:sns:{PLACE}:a"
TAGS = [{"Key": "Project", "Value": "shop"}]


def told(cloud: EmbeddedCloud, key: str, service: str, operation: str, **parameters: Any) -> dict[str, tuple[str, ...]]:
    """Return the values of a condition key at a call, by the part of the resource before its name, where it has any."""
    enforce(cloud, policy(ALL))
    with suppress(ClientError):
        getattr(cloud.client(service), operation)(**parameters)
    checks = [it.check for it in asked(cloud)]
    return {it.resource.split(":", 5)[-1].split("/")[0]: it.context[key] for it in checks if key in it.context}


def vpc(cloud: EmbeddedCloud) -> str:
    return str(cloud.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])


def test_an_alarm_tells_all_that_it_does(cloud: EmbeddedCloud) -> None:
    measured = {"MetricName": "m", "Namespace": "n", "Period": 60, "EvaluationPeriods": 1, "Statistic": "Sum"}
    alarm: dict[str, Any] = {"AlarmName": "a", "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    does = {"AlarmActions": [TOPIC], "OKActions": [f"{TOPIC}-2"], "InsufficientDataActions": [f"{TOPIC}-3"]}

    def actions(**more: Any) -> dict[str, tuple[str, ...]]:
        wanted = {**alarm, **measured, **more}
        return told(cloud, "cloudwatch:AlarmActions", "cloudwatch", "put_metric_alarm", **wanted)

    assert {*actions(**does)["alarm:a"]} == {TOPIC, f"{TOPIC}-2", f"{TOPIC}-3"}
    assert actions() == {}


@pytest.mark.parametrize("privileged", [True, False])
def test_a_revision_tells_whether_a_container_is_privileged(cloud: EmbeddedCloud, *, privileged: bool) -> None:
    container = {"name": "web", "image": "web:1", "memory": 64, "privileged": privileged}
    both = [container, {**container, "name": "other", "privileged": False}]
    found = told(cloud, "ecs:privileged", "ecs", "register_task_definition", family="a", containerDefinitions=both)
    assert found == {"task-definition": (str(privileged).lower(),)}


def test_a_private_zone_tells_its_vpc_whoever_makes_it(cloud: EmbeddedCloud) -> None:
    named = vpc(cloud)
    there = {"VPCRegion": "ap-northeast-1", "VPCId": named}
    of_vpc = (f"VPCId={named},VPCRegion=ap-northeast-1",)
    key, zone = "route53:VPCs", {"Name": "a.internal", "CallerReference": "1"}
    assert told(cloud, key, "route53", "create_hosted_zone", **zone, VPC=there) == {"*": of_vpc}
    assert told(cloud, key, "route53", "create_hosted_zone", Name="a.net", CallerReference="2") == {}
    asks = {"HostedZoneId": "Z1", "VPC": there}
    assert told(cloud, key, "route53", "associate_vpc_with_hosted_zone", **asks) == {"hostedzone": of_vpc}
    namespace = {"Name": "b.internal", "Vpc": named}
    assert told(cloud, key, "servicediscovery", "create_private_dns_namespace", **namespace) == {"*": of_vpc}
    endpoint = {"VpcId": named, "ServiceName": "com.amazonaws.ap-northeast-1.logs", "VpcEndpointType": "Interface"}
    found = told(cloud, key, "ec2", "create_vpc_endpoint", **endpoint, PrivateDnsEnabled=True)
    assert found == {"hostedzone": of_vpc}


def test_rules_are_asked_for_with_the_vpc_of_their_group(cloud: EmbeddedCloud) -> None:
    named = vpc(cloud)
    (group,) = cloud.client("ec2").describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [named]}])[
        "SecurityGroups"
    ]
    rules = {"GroupId": group["GroupId"], "IpPermissions": group["IpPermissionsEgress"]}
    found = told(cloud, "ec2:Vpc", "ec2", "revoke_security_group_egress", **rules)
    assert found == {"security-group": (f"arn:aws:ec2:{PLACE}:vpc/{named}",)}


def test_a_launch_tells_the_owner_of_the_image_and_the_type(cloud: EmbeddedCloud) -> None:
    ec2, name = cloud.client("ec2"), "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    optimized = cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    wanted = {"ImageId": optimized, "InstanceType": "p5.48xlarge", "MinCount": 1, "MaxCount": 1, "DryRun": True}
    assert told(cloud, "ec2:Owner", "ec2", "run_instances", **wanted) == {"image": ("amazon",)}
    assert told(cloud, "ec2:InstanceType", "ec2", "run_instances", **wanted) == {"instance": ("p5.48xlarge",)}
    enforce(cloud)
    template = {"LaunchTemplateName": "own", "LaunchTemplateData": {"ImageId": optimized, "InstanceType": "c5.large"}}
    ec2.create_launch_template(**template)
    by_template = {"LaunchTemplate": {"LaunchTemplateName": "own"}, "MinCount": 1, "MaxCount": 1, "DryRun": True}
    assert told(cloud, "ec2:InstanceType", "ec2", "run_instances", **by_template) == {"instance": ("c5.large",)}
    instance = ec2.run_instances(ImageId=optimized, InstanceType="c5.large", MinCount=1, MaxCount=1)["Instances"][0]
    own = ec2.create_image(InstanceId=instance["InstanceId"], Name="own")["ImageId"]
    assert told(cloud, "ec2:Owner", "ec2", "run_instances", **wanted | {"ImageId": own}) == {"image": ("123456789012",)}


def test_a_session_tells_whether_a_document_is_named(cloud: EmbeddedCloud) -> None:
    """Without a document it is a shell, and a policy that only names documents does not stop it."""
    key, target = "ssm:SessionDocumentAccessCheck", {"Target": "ecs:main_0123456789abcdef_0123456789abcdef-1"}
    named = {"DocumentName": "AWS-StartPortForwardingSession"}
    assert told(cloud, key, "ssm", "start_session", **target, **named) == {"task": ("true",)}
    assert told(cloud, key, "ssm", "start_session", **target) == {"task": ("false",)}
    task = {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": f"arn:aws:ecs:{PLACE}:task/main/*"}
    enforce(cloud, policy(task))
    assert answer(cloud, "ssm", "start_session", **target)[1] != "AccessDeniedException"
    assert answer(cloud, "ssm", "start_session", **target, **named)[1] == "AccessDeniedException"


def test_a_topic_that_is_there_is_asked_for_by_its_tags(cloud: EmbeddedCloud) -> None:
    cloud.client("sns").create_topic(Name="a", Tags=TAGS)
    assert told(cloud, "aws:ResourceTag/Project", "sns", "create_topic", Name="a", Tags=TAGS) == {"a": ("shop",)}
    assert told(cloud, "aws:ResourceTag/Project", "sns", "delete_topic", TopicArn=TOPIC) == {"a": ("shop",)}
