"""EC2's flow logs, beyond the contract: switched off in order, lost, beside others', refused in good answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioner.engine.declaration import ready
from provisioner.resources.ec2.flow_logs import FlowLog
from provisioner.resources.ec2.network import Vpc
from provisioner.resources.iam import Role
from provisioner.resources.logs import LogGroup
from provisioner.resources.policies import policy
from provisioner.steps.stack import Stack
from tests.cloud.rig import Rig

TRUST = policy({"Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}, "Action": "sts:AssumeRole"})


def declared(stack: Stack, *, logged: bool = True) -> None:
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16", enable_dns_hostnames=False))
    if logged:
        group = stack.ensure(LogGroup("flow", "/vpc/flow", 7))
        role = stack.ensure(Role("flow", "flow", TRUST))
        stack.ensure(FlowLog("main", vpc.id, group.id, ready(role).arn))


def found(rig: Rig) -> list[dict[str, Any]]:
    return list(rig.cloud.client("ec2").describe_flow_logs()["FlowLogs"])


def test_created_once_and_then_left_alone_and_switched_off(rig: Rig) -> None:
    assert rig.up(declared).ok().summary.counts == {"created": 4}
    (log,) = found(rig)
    assert (log["TrafficType"], log["LogGroupName"], log["MaxAggregationInterval"]) == ("ALL", "/vpc/flow", 600)
    assert {"Key": "provisioner:address", "Value": "flow_log/main"} in log["Tags"]
    assert rig.up(declared).ok().writes == []
    assert rig.plan(declared) == []
    off = rig.up(lambda stack: declared(stack, logged=False)).ok()
    assert off.writes[0] == "DeleteFlowLogs", "before the role that writes, and where to"
    assert found(rig) == []


def test_a_lost_flow_log_is_recreated_and_an_untagged_one_known(rig: Rig) -> None:
    rig.up(declared).ok()
    ec2, (log,) = rig.cloud.client("ec2"), found(rig)
    ec2.delete_tags(Resources=[log["FlowLogId"]])
    assert [item.action for item in rig.plan(declared)] != ["create"]
    ec2.delete_flow_logs(FlowLogIds=[log["FlowLogId"]])
    assert [(item.address, item.action) for item in rig.plan(declared)] == [("flow_log/main", "create")]
    assert rig.up(declared).ok().writes == ["CreateFlowLogs"]


def test_somebody_elses_flow_log_of_the_vpc_stays_as_it_is(rig: Rig) -> None:
    rig.up(lambda stack: declared(stack, logged=False)).ok()
    ec2, iam = rig.cloud.client("ec2"), rig.cloud.client("iam")
    rig.cloud.client("logs").create_log_group(logGroupName="/theirs")
    role = iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    (vpc,) = [one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"] if one["CidrBlock"] == "10.0.0.0/16"]
    ec2.create_flow_logs(
        ResourceType="VPC", ResourceIds=[vpc], TrafficType="ALL", LogGroupName="/theirs", DeliverLogsPermissionArn=role
    )
    rig.up(declared).ok()
    assert len(found(rig)) == 2
    rig.up(lambda stack: declared(stack, logged=False)).ok()
    assert [log["LogGroupName"] for log in found(rig)] == ["/theirs"]


@pytest.mark.parametrize("refused", ["CreateFlowLogs", "DeleteFlowLogs"])
def test_a_refusal_within_a_good_answer_is_one(rig: Rig, refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.up(lambda stack: declared(stack, logged=refused == "DeleteFlowLogs")).ok()
    aws = rig.aws()
    answer = {"Unsuccessful": [{"ResourceId": "vpc-1", "Error": {"Code": "400", "Message": "no such thing"}}]}
    aws.client("ec2").meta.events.register(f"after-call.ec2.{refused}", lambda parsed, **_: parsed.update(answer))
    monkeypatch.setattr(rig, "aws", lambda: aws)
    outcome = rig.up(lambda stack: declared(stack, logged=refused == "CreateFlowLogs"))
    assert "no such thing" in str(outcome.failures()["flow_log/main"])
