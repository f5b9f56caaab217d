"""VPC endpoints, beyond the contract: policies, waiting both ways, others' endpoints, refusals in good answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioner.engine.declaration import ids, ready
from provisioner.engine.errors import Failed
from provisioner.engine.resource import Observed
from provisioner.resources.ec2.endpoints import VpcEndpoint
from provisioner.resources.ec2.network import RouteTable, Subnet, Vpc
from provisioner.resources.ec2.security import SecurityGroup, allow
from provisioner.resources.policies import Policy, policy
from provisioner.steps.stack import Stack
from tests.cloud.rig import Rig

LOGS, S3 = "com.amazonaws.ap-northeast-1.logs", "com.amazonaws.ap-northeast-1.s3"


OURS = policy(
    {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": "123456789012"}},
    }
)


def declared(stack: Stack, *, endpoints: bool = True, document: Policy | None = None) -> None:
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
    subnets = [
        stack.ensure(Subnet(zone, vpc.id, f"ap-northeast-1{zone}", block))
        for zone, block in (("a", "10.0.0.0/20"), ("c", "10.0.16.0/20"))
    ]
    routes = stack.ensure(RouteTable("one", vpc.id, [], {}))
    group = stack.ensure(SecurityGroup("e", vpc.id, "e", "Endpoints", [allow(443, "all", cidr="10.0.0.0/16")], []))
    if not endpoints:
        return
    # private DNS needs the VPC's host names, which are an update of it
    stack.ensure(
        VpcEndpoint(
            "logs",
            ready(vpc).id,
            LOGS,
            "Interface",
            subnet_ids=ids(subnets),
            security_group_ids=[group.id],
            private_dns_enabled=True,
            policy_document=document,
        )
    )
    stack.ensure(VpcEndpoint("s3", vpc.id, S3, "Gateway", route_table_ids=[routes.id], policy_document=document))


def test_waits_while_pending_and_tells_why_one_failed() -> None:
    attributes = {"service_name": LOGS}
    assert VpcEndpoint.pending(Observed("vpce-1", attributes, status="pending")) == "pending"
    assert VpcEndpoint.pending(Observed("vpce-1", attributes, status="available")) is None
    with pytest.raises(Failed, match="no address is left"):
        VpcEndpoint.pending(Observed("vpce-1", attributes, status="failed: no address is left"))


def test_policies_come_with_the_creation_and_change_in_place(rig: Rig) -> None:
    """A gateway is reset, which an interface endpoint cannot be: it is given the policy that lets everything pass."""

    def closed(stack: Stack) -> None:
        declared(stack, document=OURS)

    ec2 = rig.cloud.client("ec2")

    def shown() -> dict[str, Any]:
        found = ec2.describe_vpc_endpoints()["VpcEndpoints"]
        return {e["ServiceName"]: json.loads(e["PolicyDocument"])["Statement"] for e in found}

    made = rig.up(closed).ok()
    assert "ModifyVpcEndpoint" not in made.writes
    assert shown() == {LOGS: OURS["Statement"], S3: OURS["Statement"]}
    assert rig.plan(closed) == []
    assert rig.up(declared).ok().writes == ["ModifyVpcEndpoint"] * 2
    assert {len(statements) for statements in shown().values()} == {1}
    assert all("Condition" not in statement for (statement,) in shown().values())
    assert rig.plan(declared) == []
    assert {item.address: list(item.changes) for item in rig.plan(closed)} == {
        "vpc_endpoint/logs": ["policy_document"],
        "vpc_endpoint/s3": ["policy_document"],
    }
    assert rig.up(closed).ok().writes == ["ModifyVpcEndpoint"] * 2
    assert shown() == {LOGS: OURS["Statement"], S3: OURS["Statement"]}


def test_one_being_deleted_is_waited_for_and_created_anew(rig: Rig) -> None:
    rig.up(declared).ok()
    first = rig.state().records["vpc_endpoint/logs"].id
    rig.cloud.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[first])
    rig.up(declared).ok()
    assert rig.state().records["vpc_endpoint/logs"].id != first
    assert rig.plan(declared) == []


def test_a_foreign_endpoint_for_the_same_service_is_refused(rig: Rig) -> None:
    rig.up(lambda stack: declared(stack, endpoints=False)).ok()
    ec2 = rig.cloud.client("ec2")
    vpc_id = rig.state().records["vpc/main"].id
    foreign = ec2.create_vpc_endpoint(VpcId=vpc_id, ServiceName=S3, VpcEndpointType="Gateway")["VpcEndpoint"]
    refused = rig.up(declared).refused()["vpc_endpoint/s3"]
    assert f"{foreign['VpcEndpointId']} has the name of vpc_endpoint/s3" in refused
    ours = [e for e in ec2.describe_vpc_endpoints()["VpcEndpoints"] if e["ServiceName"] == S3]
    assert [e["VpcEndpointId"] for e in ours] == [foreign["VpcEndpointId"]]


def test_a_foreign_one_without_a_service_name_is_left_alone(rig: Rig) -> None:
    rig.up(lambda stack: declared(stack, endpoints=False)).ok()
    records, ec2 = rig.state().records, rig.cloud.client("ec2")
    lattice = "arn:aws:vpc-lattice:ap-northeast-1:123456789012:resourceconfiguration/rcfg-0123456789abcdef0"
    foreign = ec2.create_vpc_endpoint(
        VpcId=records["vpc/main"].id,
        VpcEndpointType="Resource",
        ResourceConfigurationArn=lattice,
        SubnetIds=[records["subnet/a"].id],
    )["VpcEndpoint"]
    assert "ServiceName" not in foreign
    rig.up(declared).ok()
    assert rig.plan(declared) == []
    assert foreign["VpcEndpointId"] in {e["VpcEndpointId"] for e in ec2.describe_vpc_endpoints()["VpcEndpoints"]}


def test_a_refusal_within_a_good_answer_is_not_waited_for(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.up(declared).ok()
    aws = rig.aws()
    error = {"Code": "InvalidParameter", "Message": "Operation is not allowed for requester-managed VPC endpoints"}
    answer = {"Unsuccessful": [{"ResourceId": "vpce-1", "Error": error}]}
    aws.client("ec2").meta.events.register(
        "after-call.ec2.DeleteVpcEndpoints", lambda parsed, **_: parsed.update(answer)
    )
    monkeypatch.setattr(rig, "aws", lambda: aws)
    outcome = rig.up(lambda stack: declared(stack, endpoints=False))
    assert error["Message"] in str(outcome.failures()["vpc_endpoint/logs"])
    assert outcome.writes == ["DeleteVpcEndpoints", "DeleteVpcEndpoints"], "one for each endpoint, and no second try"
