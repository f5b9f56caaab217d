"""VPCs of other accounts, Local Zones, further ranges of addresses, and rules of groups for ranges."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import REGION, EmbeddedCloud, Network
from tests.cloud.rules_rig import ZONES, Net, net, refused

OWNER = "210987654321"
LOCAL = ("ap-northeast-1-tpe-1", "ap-northeast-1-tpe-1a")


@pytest.fixture
def place(cloud: EmbeddedCloud) -> Net:
    return net(cloud)


@pytest.fixture
def ec2(cloud: EmbeddedCloud) -> Any:
    return cloud.client("ec2")


def share(place: Net) -> None:
    place.cloud.control("POST", "share", f"region={REGION}&vpc={place.vpc}&owner={OWNER}")


def test_a_participant_sees_neither_endpoints_nor_groups(place: Net, ec2: Any) -> None:
    of_vpc = [{"Name": "vpc-id", "Values": [place.vpc]}]
    ec2.create_vpc_endpoint(VpcId=place.vpc, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway")
    share(place)
    seen = [
        *ec2.describe_vpcs(VpcIds=[place.vpc])["Vpcs"],
        *ec2.describe_subnets(Filters=of_vpc)["Subnets"],
        *ec2.describe_route_tables(Filters=of_vpc)["RouteTables"],
    ]
    assert (len(seen), {one["OwnerId"] for one in seen}) == (5, {OWNER})
    assert ec2.describe_vpc_endpoints(Filters=of_vpc)["VpcEndpoints"] == []
    mine = place.group("mine")
    assert [one["GroupId"] for one in ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]] == [mine]
    place.gateway()
    assert place.balancer(SecurityGroups=[mine])["VpcId"] == place.vpc


def test_a_participant_makes_no_private_zone_of_the_owners_vpc(place: Net) -> None:
    share(place)
    zone = {"Name": "db.internal", "CallerReference": "one", "VPC": {"VPCRegion": REGION, "VPCId": place.vpc}}
    route53, discovery = place.cloud.client("route53"), place.cloud.client("servicediscovery")
    refused(lambda: route53.create_hosted_zone(**zone), "InvalidVPCId", "not authorized to make the association")
    operation = discovery.create_private_dns_namespace(Name="svc.internal", Vpc=place.vpc)["OperationId"]
    place.cloud.advance(120)
    ended = discovery.get_operation(OperationId=operation)["Operation"]
    assert (ended["Status"], ended["ErrorCode"]) == ("FAIL", "CANNOT_CREATE_HOSTED_ZONE")


def test_a_local_zone_is_seen_once_the_account_has_opted_in(ec2: Any) -> None:
    def names(**more: Any) -> set[str]:
        return {one["ZoneName"] for one in ec2.describe_availability_zones(**more)["AvailabilityZones"]}

    assert LOCAL[1] not in names()
    assert LOCAL[1] in names(AllAvailabilityZones=True)
    refused(
        lambda: ec2.modify_availability_zone_group(GroupName="moon-1", OptInStatus="opted-in"), "InvalidParameterValue"
    )
    ec2.modify_availability_zone_group(GroupName=LOCAL[0], OptInStatus="opted-in")
    only = [{"Name": "zone-type", "Values": ["availability-zone"]}]
    assert LOCAL[1] in names()
    assert LOCAL[1] not in names(Filters=only)


def test_a_balancer_does_not_mix_zones_and_local_zones(place: Net, ec2: Any) -> None:
    ec2.modify_availability_zone_group(GroupName=LOCAL[0], OptInStatus="opted-in")
    where = {"VpcId": place.vpc, "CidrBlock": "10.0.99.0/24", "AvailabilityZone": LOCAL[1]}
    subnet = ec2.create_subnet(**where)["Subnet"]["SubnetId"]
    place.gateway()
    mixed = Net(place.cloud, place.vpc, [*place.subnets, subnet])
    refused(mixed.balancer, "InvalidConfigurationRequest")
    assert Net(place.cloud, place.vpc, [subnet]).balancer("local")["State"]["Code"] == "provisioning"


def test_a_subnet_may_be_in_a_further_range_of_its_vpc(place: Net, ec2: Any) -> None:
    where = {"VpcId": place.vpc, "CidrBlock": "100.64.0.0/24", "AvailabilityZone": ZONES[0]}
    refused(lambda: ec2.create_subnet(**where), "InvalidSubnet.Range")
    ec2.associate_vpc_cidr_block(VpcId=place.vpc, CidrBlock="100.64.0.0/16")
    ec2.create_subnet(**where)
    (vpc,) = ec2.describe_vpcs(VpcIds=[place.vpc])["Vpcs"]
    blocks = [one["CidrBlock"] for one in vpc["CidrBlockAssociationSet"]]
    assert (vpc["CidrBlock"], blocks) == ("10.0.0.0/16", ["10.0.0.0/16", "100.64.0.0/16"])


@pytest.mark.parametrize(
    ("block", "let_in", "starts"),
    [("10.0.9.0/24", "10.0.0.0/16", True), ("100.64.9.0/24", "10.0.0.0/16", False), ("100.64.9.0/24", None, True)],
)
def test_a_task_reaches_endpoints_whose_group_lets_it_in(
    network: Network, block: str, let_in: str | None, starts: bool
) -> None:
    ec2, ecs = network.cloud.client("ec2"), network.cloud.client("ecs")
    ec2.associate_vpc_cidr_block(VpcId=network.vpc, CidrBlock="100.64.0.0/16")
    where = {"VpcId": network.vpc, "CidrBlock": block, "AvailabilityZone": f"{REGION}a"}
    subnet = ec2.create_subnet(**where)["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="endpoints", Description="endpoints", VpcId=network.vpc)["GroupId"]
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    source = {"IpRanges": [{"CidrIp": let_in}]} if let_in else {"UserIdGroupPairs": [{"GroupId": network.group}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{**https, **source}])
    of_vpc = {"VpcId": network.vpc}
    for service in ("ecr.api", "ecr.dkr"):
        name = f"com.amazonaws.{REGION}.{service}"
        of_service = {"ServiceName": name, "VpcEndpointType": "Interface", "SubnetIds": [network.subnets[0]]}
        ec2.create_vpc_endpoint(**of_vpc, **of_service, SecurityGroupIds=[group], PrivateDnsEnabled=True)
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [network.vpc]}])["RouteTables"]
    ids = [one["RouteTableId"] for one in tables]
    ec2.create_vpc_endpoint(**of_vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=ids)
    network.cloud.advance(300)
    ecs.create_cluster(clusterName="main")
    place = {"subnets": [subnet], "securityGroups": [network.group]}
    (task,) = ecs.run_task(
        cluster="main",
        taskDefinition=network.definition("job"),
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": place},
    )["tasks"]

    def shown() -> dict[str, Any]:
        (found,) = ecs.describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
        return dict(found)

    network.cloud.wait(lambda: shown()["lastStatus"] in ("RUNNING", "STOPPED"), "a task that runs or has failed")
    assert (shown()["lastStatus"] == "RUNNING") is starts, shown().get("stoppedReason")
