"""EC2: a request with DryRun tells whether it is allowed, and does nothing; every operation is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from ecs_emulator.calls import is_write
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.ec2_rig import DONE, LACKED, code, request, unchecked
from tests.cloud.policies import enforce, policy
from tests.cloud.reads import SKIPPED
from tests.cloud.rules_rig import net

OFFERED = 220
"""At least as many operations with DryRun are offered."""


def standing(cloud: EmbeddedCloud) -> dict[str, Any]:
    """Make a network with some of everything, and return its parts by the members that name them."""
    ec2, place = cloud.client("ec2"), net(cloud)
    table = ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    gateway = place.gateway()
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_launch_template(LaunchTemplateName="one", LaunchTemplateData={"InstanceType": "t3.micro"})
    endpoint = {"VpcId": place.vpc, "ServiceName": f"com.amazonaws.{cloud.region}.s3"}
    return {
        "VpcId": place.vpc,
        "SubnetId": place.subnets[0],
        "GroupId": place.group("web"),
        "RouteTableId": table,
        "InternetGatewayId": gateway,
        "AllocationId": address,
        "LaunchTemplateName": "one",
        "VpcEndpointIds": [ec2.create_vpc_endpoint(**endpoint)["VpcEndpoint"]["VpcEndpointId"]],
        "ServiceName": endpoint["ServiceName"],
        "NatGatewayId": ec2.create_nat_gateway(SubnetId=place.subnets[1], AllocationId=address)["NatGateway"][
            "NatGatewayId"
        ],
        "CidrBlock": "10.0.48.0/24",
        "DestinationCidrBlock": "0.0.0.0/0",
        "GroupName": "more",
        "Versions": ["1"],
        "Resources": [place.vpc],
        "ImageId": "ami-12345678",
    }


def requests(ec2: Any, known: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A request of each operation that has DryRun."""
    model = ec2.meta.service_model
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        if shape and "DryRun" in shape.members and name not in SKIPPED:
            yield name, request(shape, known)


def store(ec2: Any) -> str:
    """All that the account's lists tell."""
    told = {}
    for name in ec2.meta.service_model.operation_names:
        shape = ec2.meta.service_model.operation_model(name).input_shape
        if name.startswith("Describe") and name not in SKIPPED and not shape.required_members:
            try:
                answer = getattr(ec2, xform_name(name))()
            except ClientError as error:
                answer = {"Error": error.response["Error"]["Code"]}
            told[name] = {key: one for key, one in answer.items() if key != "ResponseMetadata"}
    return json.dumps(told, default=str, sort_keys=True)


@pytest.mark.slow
def test_dry_run_does_nothing_in_any_operation(cloud: EmbeddedCloud) -> None:
    ec2, known = unchecked(cloud), standing(cloud)
    asked, before = [*requests(ec2, known)], store(ec2)
    dry = {name: code(ec2, name, {**sent, "DryRun": True}) for name, sent in asked}
    offered = {name: answer for name, answer in dry.items() if answer[0] != LACKED}
    assert {name: answer for name, answer in offered.items() if answer != ("DryRunOperation", 412)} == {}
    assert len(offered) > OFFERED
    assert store(ec2) == before
    # without DryRun the same operations are offered, and many requests do something
    earnest = {name: code(ec2, name, sent)[0] for name, sent in asked}
    assert {name for name, answer in earnest.items() if answer != LACKED} == set(offered)
    assert len([name for name, answer in earnest.items() if answer == DONE and is_write(name)]) > 40
    assert store(ec2) != before


def test_dry_run_of_what_is_not_allowed_is_refused(cloud: EmbeddedCloud) -> None:
    ec2, place = cloud.client("ec2"), net(cloud)
    enforce(cloud, policy({"Effect": "Allow", "Action": "ec2:DeleteSubnet", "Resource": "*"}))
    assert code(ec2, "DeleteVpc", {"VpcId": place.vpc, "DryRun": True}) == ("UnauthorizedOperation", 403)
    assert code(ec2, "DeleteSubnet", {"SubnetId": place.subnets[0], "DryRun": True}) == ("DryRunOperation", 412)
    enforce(cloud)
