"""Somebody else's things in the same account, some under names that the stack would use, made by plain boto3."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

Client = Callable[[str], Any]

FOREIGN_RECORDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("example.com.", "A", ("203.0.113.10",)),
    ("www.example.com.", "A", ("203.0.113.11", "203.0.113.12")),
    ("example.com.", "TXT", ('"v=spf1 -all"',)),
    ("example.com.", "MX", ("10 mail.example.com.",)),
    ("*.shop.example.com.", "CNAME", ("example.com.",)),
)


def settle(client: Client, name: str = "ecs-sample-dev") -> None:
    """Make all of them. `name` is that of the stack which comes to live beside them."""
    _records(client("route53"))
    _network(client("ec2"), name)
    _containers(client("ecs"), client("ecr"))
    client("logs").create_log_group(logGroupName="/ecs/somebody/web")
    client("logs").put_retention_policy(logGroupName="/ecs/somebody/web", retentionInDays=30)
    client("ssm").put_parameter(Name="/somebody/database/password", Value="theirs", Type="SecureString")
    _role(client("iam"))
    _namespace(client("servicediscovery"))
    client("elbv2").create_target_group(Name="somebody", TargetType="ip", Protocol="HTTP", Port=80, VpcId=_vpc(client))


def _records(route53: Any) -> None:
    (zone,) = [
        z["Id"]
        for z in route53.list_hosted_zones_by_name(DNSName="example.com")["HostedZones"]
        if z["Name"] == "example.com."
    ]
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": record,
                "Type": sort,
                "TTL": 300,
                "ResourceRecords": [{"Value": value} for value in values],
            },
        }
        for record, sort, values in FOREIGN_RECORDS
    ]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def _network(ec2: Any, name: str) -> None:
    vpc = ec2.create_vpc(
        CidrBlock="10.0.0.0/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "somebody"}]}],
    )["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20")
    # the same names as the stack's own, in another VPC
    for suffix in ("alb", "frontend"):
        group = ec2.create_security_group(GroupName=f"{name}-{suffix}", Description="theirs", VpcId=vpc)["GroupId"]
        ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "198.51.100.0/24"}]}
            ],
        )
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


def _vpc(client: Client) -> str:
    found = client("ec2").describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["somebody"]}])["Vpcs"]
    return str(found[0]["VpcId"])


def _containers(ecs: Any, ecr: Any) -> None:
    ecs.put_account_setting_default(name="awsvpcTrunking", value="disabled")
    ecs.create_cluster(clusterName="somebody", tags=[{"key": "Team", "value": "somebody"}])
    ecs.register_task_definition(
        family="somebody", containerDefinitions=[{"name": "web", "image": "somebody/web:1", "memory": 128}]
    )
    ecr.create_repository(repositoryName="somebody/web")


def _namespace(discovery: Any) -> None:
    operation = discovery.create_http_namespace(Name="somebody.internal")["OperationId"]
    deadline = time.monotonic() + 15
    while discovery.get_operation(OperationId=operation)["Operation"]["Status"] != "SUCCESS":
        assert time.monotonic() < deadline, "the namespace was not made"
        time.sleep(0.05)


def _role(iam: Any) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    iam.create_role(RoleName="somebody-task", AssumeRolePolicyDocument=json.dumps(trust))
