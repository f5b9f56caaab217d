"""GuardDuty's endpoint and group: they go with the stack's own VPC, and nowhere else."""

from __future__ import annotations

from typing import Any

from provisioner.engine.declaration import ids
from provisioner.resources.ec2.network import Subnet, Vpc
from provisioner.resources.guardduty import GuardDutyEndpoints, GuardDutyGroups
from provisioner.steps.stack import Stack
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.rig import Rig

TAGS = [{"Key": "GuardDutyManaged", "Value": "true"}]


def declared(stack: Stack) -> None:
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
    subnets = [
        stack.ensure(Subnet(zone, vpc.id, f"ap-northeast-1{zone}", block))
        for zone, block in (("a", "10.0.0.0/20"), ("c", "10.0.16.0/20"))
    ]
    group = stack.ensure(GuardDutyGroups(stack.name, vpc.id))
    stack.ensure(GuardDutyEndpoints(stack.name, vpc.id, ids(subnets)), after=[group])


def guarded(cloud: EmbeddedCloud, vpc: str, subnet: str) -> tuple[str, str]:
    """Make GuardDuty's resources in a VPC, and return the ids of its endpoint and group."""
    ec2: Any = cloud.client("ec2")
    group = ec2.create_security_group(
        GroupName=f"GuardDutyManagedSecurityGroup-{vpc}",
        Description="Associated with VPC-Endpoint vpce-svc of GuardDuty",
        VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": TAGS}],
    )["GroupId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.ap-northeast-1.guardduty-data",
        VpcEndpointType="Interface",
        SubnetIds=[subnet],
        SecurityGroupIds=[group],
        PrivateDnsEnabled=False,
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": TAGS}],
    )["VpcEndpoint"]["VpcEndpointId"]
    return endpoint, group


def test_they_are_no_difference_and_go_with_our_vpc_only(rig: Rig) -> None:
    rig.up(declared).ok()
    ec2, records = rig.cloud.client("ec2"), rig.state().records
    theirs = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=theirs, CidrBlock="10.0.0.0/24", AvailabilityZone="ap-northeast-1a")["Subnet"]
    foreign = guarded(rig.cloud, theirs, subnet["SubnetId"])
    guarded(rig.cloud, str(records["vpc/main"].id), str(records["subnet/a"].id))
    assert rig.plan(declared) == []
    assert rig.up(declared).ok().writes == []
    down = rig.down().ok()
    assert down.summary.leftovers == []
    expected = ["DeleteVpcEndpoints", "DeleteSecurityGroup", "DeleteSubnet", "DeleteSubnet", "DeleteVpc"]
    assert sorted(down.writes) == sorted(expected)
    assert [e["VpcEndpointId"] for e in ec2.describe_vpc_endpoints()["VpcEndpoints"]] == [foreign[0]]
    assert foreign[1] in [g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"]]


def test_what_only_looks_like_them_stays(rig: Rig) -> None:
    rig.up(declared).ok()
    ec2, vpc = rig.cloud.client("ec2"), rig.state().records["vpc/main"].id
    untagged = ec2.create_security_group(
        GroupName=f"GuardDutyManagedSecurityGroup-{vpc}", Description="Other", VpcId=vpc
    )["GroupId"]
    tagged = ec2.create_security_group(
        GroupName="other",
        Description="Other",
        VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": TAGS}],
    )["GroupId"]
    aws = rig.aws()
    assert aws.live(GuardDutyGroups) == aws.live(GuardDutyEndpoints) == []
    ec2.delete_security_group(GroupId=untagged)
    ec2.delete_security_group(GroupId=tagged)
    rig.down().ok()
