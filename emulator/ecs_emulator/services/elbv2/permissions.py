"""Permissions of Elastic Load Balancing, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check

_ARNS = ("LoadBalancerArn", "TargetGroupArn", "ListenerArn", "RuleArn", "ResourceArns")

_READ_OF_EC2: Mapping[str, tuple[str, ...]] = {
    "CreateLoadBalancer": (
        *("ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeInternetGateways"),
        *("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "ec2:GetSecurityGroupsForVpc"),
    ),
    "CreateTargetGroup": ("ec2:DescribeInternetGateways", "ec2:DescribeVpcs"),
    "SetSecurityGroups": ("ec2:DescribeSecurityGroups",),
    "SetSubnets": ("ec2:DescribeSubnets",),
}
"""Reads that the caller must be allowed (user guide, "Elastic Load Balancing API permissions"), and further ones since
October 2024 (aws-load-balancer-controller#3917).
"""


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to Elastic Load Balancing."""
    operation, brought = call.operation, call.tags()
    new = ""
    if operation.startswith("Describe"):
        yield call.check()
        return
    arns = [arn for name in _ARNS for arn in call.many(name)]
    if operation == "CreateLoadBalancer":
        new = call.arn(f"loadbalancer/app/{call.text('Name')}/*")
        yield call.check(new, requested(brought))
    elif operation == "CreateTargetGroup":
        new = call.arn(f"targetgroup/{call.text('Name')}/*")
        yield call.check(new, requested(brought))
    elif operation in ("CreateListener", "CreateRule"):
        of, to = ("loadbalancer", "listener") if operation == "CreateListener" else ("listener", "listener-rule")
        parent = call.text("LoadBalancerArn" if operation == "CreateListener" else "ListenerArn")
        new = parent.replace(f":{of}/", f":{to}/", 1) + "/*"
        yield call.existing(parent, requested(brought))
    elif operation == "SetRulePriorities":
        for arn in (value for key, value in call.form.items() if key.endswith(".RuleArn")):
            yield call.existing(arn)
    else:
        for arn in arns:
            yield call.existing(arn, requested(brought))
    if new and brought:
        yield call.check(
            new, requested(brought, f"elasticloadbalancing:CreateAction={operation}"), "elasticloadbalancing:AddTags"
        )
    for action in _READ_OF_EC2.get(operation, ()):
        yield call.check(action=action)
