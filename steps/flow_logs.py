"""The VPC's flow log, if the configuration asks for it: accepted and refused connections."""

from __future__ import annotations

from provisioner import Network, Stack, ready, step
from provisioner.resources.ec2.flow_logs import FlowLog
from provisioner.resources.policies import Policy, policy
from provisioner.steps.logs import log_group
from provisioner.steps.roles import from_this_account, role, trust


@step
def flow_logs(stack: Stack, network: Network) -> None:
    """Declare the flow log with its log group and its role, if `network.flow_logs` is set."""
    if not stack.config.network.flow_logs:
        return
    group = stack.ensure(log_group(stack, "flow-logs", f"/vpc/{stack.name}/flow-logs"))
    delivering = role(
        stack,
        "flow-logs",
        # flow-logs-iam-role in the VPC user guide
        trust("vpc-flow-logs.amazonaws.com", from_this_account(stack, "ec2", "vpc-flow-log/*")),
        inline_policies={"deliver": _deliver(group.arn)},
        description="VPC flow logs: write to their log group",
    )
    stack.ensure(FlowLog("main", network.vpc_id, group.id, ready(delivering).arn))


def _deliver(group_arn: str) -> Policy:
    """Return the policy to write to one log group, without creating it: a deleted group must not come back."""
    write = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
    return policy(
        {"Effect": "Allow", "Action": list(write), "Resource": f"{group_arn}:*"},
        {"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"},
    )
