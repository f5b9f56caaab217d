"""What EC2 asks for at its calls (Service Authorization Reference, Amazon EC2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from moto.ec2.models import ec2_backends

from provisioner.emulator.authorization.asked import Asked, requested
from provisioner.emulator.authorization.policy import Check

CREATED: Mapping[str, str] = {
    "CreateFlowLogs": "vpc-flow-log",
    "CreateInternetGateway": "internet-gateway",
    "CreateLaunchTemplate": "launch-template",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
}
"""What an operation makes: it can be limited by the tags that it is made with, and tags are asked for by themselves."""

PARAMETERS: Mapping[str, str] = {
    "FlowLogId": "vpc-flow-log",
    "GroupId": "security-group",
    "InstanceId": "instance",
    "InternetGatewayId": "internet-gateway",
    "LaunchTemplateId": "launch-template",
    "RouteTableId": "route-table",
    "SecurityGroupId": "security-group",
    "AddRouteTableId": "route-table",
    "RemoveRouteTableId": "route-table",
    "AddSecurityGroupId": "security-group",
    "RemoveSecurityGroupId": "security-group",
    "AddSubnetId": "subnet",
    "RemoveSubnetId": "subnet",
    "SubnetId": "subnet",
    "VpcEndpointId": "vpc-endpoint",
    "VpcId": "vpc",
}
"""What the parameters of the operations name that know resources."""

_KNOWING = frozenset(
    {
        "AssociateRouteTable", "AttachInternetGateway", "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress",
        "CreateLaunchTemplateVersion", "CreateRoute", "DeleteFlowLogs", "DeleteInternetGateway", "DeleteLaunchTemplate",
        "DeleteRoute", "DeleteRouteTable", "DeleteSecurityGroup", "DeleteSubnet", "DeleteVpc", "DeleteVpcEndpoints",
        "DescribeVpcAttribute", "DetachInternetGateway", "ModifyLaunchTemplate", "ModifySubnetAttribute",
        "ModifyVpcAttribute", "ModifyVpcEndpoint", "ReplaceRoute", "RevokeSecurityGroupEgress",
        "RevokeSecurityGroupIngress", "TerminateInstances", "UpdateSecurityGroupRuleDescriptionsEgress",
        "UpdateSecurityGroupRuleDescriptionsIngress",
    }
)  # fmt: skip

PREFIXES: Mapping[str, str] = {
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "rtb": "route-table",
    "sg": "security-group",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
"""What an id is of, for the calls that take ids of any sort."""


def checks(asked: Asked) -> Iterator[Check]:
    """Yield what is asked for at one call."""
    operation = asked.operation
    if operation in CREATED:
        yield from _created(asked, CREATED[operation])
    elif operation == "DisassociateRouteTable":
        yield from _parts_of_association(asked)
    elif operation in ("CreateTags", "DeleteTags"):
        brought = requested(asked.tags("Tag")) if operation == "CreateTags" else _removed(asked)
        for named in asked.many("ResourceId"):
            yield asked.existing(arn_of(asked, named), brought)
    elif operation in _KNOWING:
        for arn in _named(asked):
            yield asked.existing(arn)
    else:
        yield asked.check()


def arn_of(asked: Asked, id: str) -> str:
    """The ARN of what has an id."""
    sort = PREFIXES.get(id.partition("-")[0], "*")
    return asked.arn(f"{sort}/{id}", "ec2")


def _created(asked: Asked, sort: str) -> Iterator[Check]:
    new, brought = asked.arn(f"{sort}/*"), asked.tags("TagSpecification")
    yield asked.check(new, requested(brought))
    for arn in _named(asked):
        # what it is made in is there already, and the tags that are brought are none of its keys
        yield asked.existing(arn)
    if brought:
        context = requested(brought, f"ec2:CreateAction={asked.operation}")
        yield asked.check(new, context, "ec2:CreateTags")
    if asked.operation == "CreateVpcEndpoint":
        for action in ("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"):
            yield asked.check(action=action)
        if asked.text("PrivateDnsEnabled") == "true":
            yield asked.check(asked.arn("hostedzone/*", "route53"), action="route53:AssociateVPCWithHostedZone")
    if asked.operation == "CreateFlowLogs":
        for named in asked.many("ResourceId"):
            yield asked.existing(arn_of(asked, named))
        if role := asked.text("DeliverLogsPermissionArn"):
            yield passed(asked, role, "vpc-flow-logs.amazonaws.com")


def _named(asked: Asked) -> Iterator[str]:
    for name, sort in PARAMETERS.items():
        for named in asked.many(name):
            yield asked.arn(f"{sort}/{named}")
    if name := asked.text("LaunchTemplateName"):
        known = ec2_backends[asked.account][asked.region].launch_template_name_to_ids
        if asked.operation not in CREATED:
            yield asked.arn(f"launch-template/{known.get(name, '*')}")


def _parts_of_association(asked: Asked) -> Iterator[Check]:
    wanted = asked.text("AssociationId")
    for table in ec2_backends[asked.account][asked.region].route_tables.values():
        for association in table.associations:
            if association["RouteTableAssociationId"] == wanted:
                yield asked.existing(asked.arn(f"route-table/{table.id}"))
                yield asked.existing(asked.arn(f"subnet/{association.get('SubnetId', '*')}"))
                return
    yield asked.check(asked.arn("route-table/*"))


def _removed(asked: Asked) -> Mapping[str, tuple[str, ...]]:
    keys = tuple(value for key, value in asked.form.items() if key.startswith("Tag.") and key.endswith(".Key"))
    return {"aws:TagKeys": keys}


def launched(asked: Asked, template_id: str, subnets: list[str], *, spot: bool) -> Iterator[Check]:
    """Yield what is asked for on behalf of a group: RunInstances on all that takes part, and the profile's role.

    See the Auto Scaling user guide, "Control Amazon EC2 launch template usage in Auto Scaling groups".
    """
    backend = ec2_backends[asked.account][asked.region]
    template = backend.launch_templates.get(template_id)
    data = template.default_version().data if template else {}
    there = [template_id, *subnets, *data.get("SecurityGroupIds", ())]
    taking_part = [asked.existing(arn_of(asked, named), action="ec2:RunInstances") for named in there]
    for check in [*taking_part, *_new(asked, data, spot=spot)]:
        yield replace(check, template=template_id)
    if profile := data.get("IamInstanceProfile", {}):
        yield from passed_in_profile(asked, profile)


def _new(asked: Asked, data: Mapping[str, Any], *, spot: bool) -> Iterator[Check]:
    """What an instance is made of: its image, and what is new, with the tags that its template brings."""
    image = f"arn:{asked.partition}:ec2:{asked.region}::image/{data.get('ImageId', '*')}"
    yield asked.check(image, action="ec2:RunInstances")
    brought = {it["ResourceType"]: _pairs(it["Tags"]) for it in data.get("TagSpecifications", ())}
    for sort in ("instance", "network-interface", "volume", *(["spot-instances-request"] if spot else [])):
        tags, arn = brought.get(sort, {}), asked.arn(f"{sort}/*", "ec2")
        yield asked.check(arn, requested(tags), "ec2:RunInstances")
        if tags:
            # Auto Scaling user guide, "Amazon EC2 Auto Scaling API permissions"
            yield asked.check(arn, requested(tags, "ec2:CreateAction=RunInstances"), "ec2:CreateTags")


def _pairs(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def passed_in_profile(asked: Asked, profile: Mapping[str, str]) -> Iterator[Check]:
    """Yield what is asked for when an instance profile's role goes to instances of EC2."""
    from moto.iam.models import iam_backends

    name = profile.get("Name") or profile.get("Arn", "").rpartition("/")[2]
    for known in iam_backends[asked.account]["aws"].instance_profiles.values():
        if known.name == name:
            for role in known.roles:
                yield passed(asked, role.arn, ec2_service(asked))


def passed(asked: Asked, role: str, service: str) -> Check:
    """What is asked for when a role is handed to a service (IAM user guide, iam:PassRole)."""
    return asked.existing(role, {"iam:PassedToService": (service,)}, "iam:PassRole")


def ec2_service(asked: Asked) -> str:
    """EC2's principal, which is another one in China."""
    return "ec2.amazonaws.com.cn" if asked.partition == "aws-cn" else "ec2.amazonaws.com"
