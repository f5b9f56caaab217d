"""Somebody else's resources in the same account, some under names that the stack would use, made by plain boto3."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.cloud.conftest import EmbeddedCloud

Client = Callable[[str], Any]

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
DEFAULT = {"Name": "default-for-az", "Values": ["true"]}
"""A filter for the subnets of the VPC that every account is born with."""

FOREIGN_RECORDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("example.com.", "A", ("203.0.113.10",)),
    ("www.example.com.", "A", ("203.0.113.11", "203.0.113.12")),
    ("example.com.", "TXT", ('"v=spf1 -all"',)),
    ("example.com.", "MX", ("10 mail.example.com.",)),
    ("*.shop.example.com.", "CNAME", ("example.com.",)),
)


def settle(cloud: EmbeddedCloud, name: str = "ecs-sample-dev") -> None:
    """Make all of them. `name` is that of the stack which comes to live beside them."""
    client = cloud.client
    _records(client("route53"))
    _network(client("ec2"), name)
    _containers(client("ecs"), client("ecr"))
    client("logs").create_log_group(logGroupName="/ecs/somebody/web")
    client("logs").put_retention_policy(logGroupName="/ecs/somebody/web", retentionInDays=30)
    client("ssm").put_parameter(Name="/somebody/database/password", Value="theirs", Type="SecureString")
    _role(client("iam"))
    _namespace(cloud)
    client("elbv2").create_target_group(Name="somebody", TargetType="ip", Protocol="HTTP", Port=80, VpcId=_vpc(client))


def _records(route53: Any) -> None:
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
    route53.change_resource_record_sets(HostedZoneId=_public_zone(route53), ChangeBatch={"Changes": changes})


def _public_zone(route53: Any) -> str:
    zones = route53.list_hosted_zones_by_name(DNSName="example.com")["HostedZones"]
    return str(next(zone["Id"] for zone in zones if zone["Name"] == "example.com."))


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


def _default_vpc(client: Client) -> str:
    found = client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    return str(found[0]["VpcId"])


def _containers(ecs: Any, ecr: Any) -> None:
    ecs.put_account_setting_default(name="awsvpcTrunking", value="disabled")
    ecs.create_cluster(clusterName="somebody", tags=[{"key": "Team", "value": "somebody"}])
    ecs.register_task_definition(
        family="somebody", containerDefinitions=[{"name": "web", "image": "somebody/web:1", "memory": 128}]
    )
    ecr.create_repository(repositoryName="somebody/web")


def _namespace(cloud: EmbeddedCloud) -> None:
    discovery = cloud.client("servicediscovery")
    _done(cloud, discovery.create_http_namespace(Name="somebody.internal")["OperationId"])


def _done(cloud: EmbeddedCloud, operation: str) -> None:
    discovery = cloud.client("servicediscovery")

    def done() -> bool:
        return bool(discovery.get_operation(OperationId=operation)["Operation"]["Status"] == "SUCCESS")

    cloud.wait(done, "the operation to be done")


def _role(iam: Any) -> None:
    iam.create_role(RoleName="somebody-task", AssumeRolePolicyDocument=json.dumps(TRUST))


def under_names(client: Client, name: str) -> set[str]:
    """Make a resource of each sort under the name that the stack gives its own; return the latter's addresses."""
    subnets = [s["SubnetId"] for s in client("ec2").describe_subnets(Filters=[DEFAULT])["Subnets"][:2]]
    client("logs").create_log_group(logGroupName=f"/ecs/{name}/frontend")
    client("ecr").create_repository(repositoryName=f"{name}/frontend")
    client("iam").create_role(RoleName=f"{name}-execution", AssumeRolePolicyDocument=json.dumps(TRUST))
    client("iam").create_instance_profile(InstanceProfileName=f"{name}-instance")
    client("ssm").put_parameter(Name=f"/{name}/database/password", Value="theirs", Type="SecureString")
    client("elbv2").create_target_group(
        Name=f"{name}-frontend", TargetType="ip", Protocol="HTTP", Port=81, VpcId=_default_vpc(client)
    )
    client("elbv2").create_load_balancer(Name=name, Subnets=subnets, Scheme="internal")
    _group(client, name, subnets)
    _database(client("rds"), name, subnets)
    _record(client("route53"), "app.example.com.")
    return {
        *("log_group/service-frontend", "repository/frontend", "role/execution", "instance_profile/instance"),
        *("secure_parameter/database-password", "target_group/frontend", "load_balancer/main", "launch_template/main"),
        *("auto_scaling_group/main", "capacity_provider/main", "cluster/main", "task_definition/frontend"),
        *("db_subnet_group/main", "db_cluster_parameter_group/main", "db_cluster/main", "db_instance/main"),
        "record_set/app.example.com",
    }


def in_network(cloud: EmbeddedCloud, name: str, vpc: str) -> set[str]:
    """Make resources in the stack's own network under names that it would use, and return the stack's addresses."""
    client = cloud.client
    client("ec2").create_security_group(GroupName=f"{name}-frontend", Description="theirs", VpcId=vpc)
    where = {"VPCId": vpc, "VPCRegion": client("ec2").meta.region_name}
    client("route53").create_hosted_zone(Name="db.internal", VPC=where, CallerReference="theirs")
    service = f"com.amazonaws.{where['VPCRegion']}.ssm"
    client("ec2").create_vpc_endpoint(VpcId=vpc, ServiceName=service, VpcEndpointType="Interface")
    discovery = client("servicediscovery")
    _done(cloud, discovery.create_private_dns_namespace(Name="svc.internal", Vpc=vpc)["OperationId"])
    return {"security_group/frontend", "hosted_zone/private", "vpc_endpoint/ssm", "private_dns_namespace/main"}


def clear_network(cloud: EmbeddedCloud, vpc: str) -> None:
    """Take the resources out of the stack's network again."""
    client = cloud.client
    ec2, discovery = client("ec2"), client("servicediscovery")
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    for endpoint in ec2.describe_vpc_endpoints(Filters=of_vpc)["VpcEndpoints"]:
        if not endpoint.get("Tags"):
            ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    for group in ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]:
        if group["Description"] == "theirs":
            ec2.delete_security_group(GroupId=group["GroupId"])
    for zone in client("route53").list_hosted_zones()["HostedZones"]:
        if zone["CallerReference"] == "theirs":
            client("route53").delete_hosted_zone(Id=zone["Id"])
    for namespace in discovery.list_namespaces()["Namespaces"]:
        _done(cloud, discovery.delete_namespace(Id=namespace["Id"])["OperationId"])


def _group(client: Client, name: str, subnets: list[str]) -> None:
    """A cluster with a capacity provider over an empty Auto Scaling group, and a task definition."""
    data = {"ImageId": "ami-12345678", "InstanceType": "c5.large"}
    client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    scaling = client("autoscaling")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
        VPCZoneIdentifier=",".join(subnets),
    )
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    client("ecs").create_capacity_provider(
        name=f"asg-{name}", autoScalingGroupProvider={"autoScalingGroupArn": group["AutoScalingGroupARN"]}
    )
    client("ecs").create_cluster(clusterName=name)
    container = {"name": "web", "image": "theirs/web:1", "memory": 128}
    client("ecs").register_task_definition(family=f"{name}-frontend", containerDefinitions=[container])


def _database(rds: Any, name: str, subnets: list[str]) -> None:
    engine = {"Engine": "aurora-mysql"}
    rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="theirs", SubnetIds=subnets)
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=name, DBParameterGroupFamily="aurora-mysql8.0", Description="theirs"
    )
    rds.create_db_cluster(
        DBClusterIdentifier=name,
        MasterUsername="theirs",
        MasterUserPassword="12345678",
        DBSubnetGroupName=name,
        **engine,
    )
    rds.create_db_instance(
        DBInstanceIdentifier=f"{name}-1", DBClusterIdentifier=name, DBInstanceClass="db.r6g.large", **engine
    )


def _record(route53: Any, name: str) -> None:
    record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "203.0.113.99"}]}
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=_public_zone(route53), ChangeBatch=changes)
