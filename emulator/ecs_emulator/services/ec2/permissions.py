"""Permissions of EC2, by call (Service Authorization Reference, Amazon EC2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from moto.ec2.models import ec2_backends

from ecs_emulator.authorization.api_call import ApiCall, Context, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.ec2.images import owner_of
from ecs_emulator.services.ec2.sharing import sharer
from ecs_emulator.services.route53.permissions import vpc_of_zone

CREATED: Mapping[str, str] = {
    "AllocateAddress": "elastic-ip",
    "CreateFlowLogs": "vpc-flow-log",
    "CreateInternetGateway": "internet-gateway",
    "CreateLaunchTemplate": "launch-template",
    "CreateNatGateway": "natgateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
}
"""The type that an operation creates. Policies can limit the tags of the creation, and tagging is checked too."""

RULES = ("AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress")
"""The operations that add rules to a security group, and can tag them."""

PARAMETERS: Mapping[str, str] = {
    "AllocationId": "elastic-ip",
    "FlowLogId": "vpc-flow-log",
    "GroupId": "security-group",
    "InstanceId": "instance",
    "InternetGatewayId": "internet-gateway",
    "LaunchTemplateId": "launch-template",
    "NatGatewayId": "natgateway",
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
"""The type of resource that a parameter names, for operations with resource-level permissions."""

_KNOWING = frozenset(
    {
        "AssociateRouteTable", "AttachInternetGateway", "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress",
        "CreateLaunchTemplateVersion", "CreateRoute", "DeleteFlowLogs", "DeleteInternetGateway", "DeleteLaunchTemplate",
        "DeleteNatGateway", "DeleteRoute", "DeleteRouteTable", "DeleteSecurityGroup", "DeleteSubnet", "DeleteVpc",
        "DeleteVpcEndpoints", "ReleaseAddress",
        "DescribeVpcAttribute", "DetachInternetGateway", "ModifyLaunchTemplate", "ModifySubnetAttribute",
        "ModifyVpcAttribute", "ModifyVpcEndpoint", "ReplaceRoute", "RevokeSecurityGroupEgress",
        "RevokeSecurityGroupIngress", "TerminateInstances", "UpdateSecurityGroupRuleDescriptionsEgress",
        "UpdateSecurityGroupRuleDescriptionsIngress",
    }
)  # fmt: skip

PREFIXES: Mapping[str, str] = {
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
"""The type of resource that an id's prefix means, for calls that take ids of any type."""


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to EC2."""
    operation = call.operation
    if operation in CREATED:
        yield from _created(call, CREATED[operation])
    elif operation in ("DisassociateRouteTable", "ReplaceRouteTableAssociation"):
        yield from _parts_of_association(call)
    elif operation in ("CreateTags", "DeleteTags"):
        brought = requested(call.tags("Tag")) if operation == "CreateTags" else _removed(call)
        for named in call.many("ResourceId"):
            yield call.existing(arn_of(call, named), brought)
    elif operation == "RunInstances":
        yield from _run(call)
    elif operation in _KNOWING:
        for arn in _named(call):
            yield call.existing(arn, _own_key(call, arn))
        if operation in RULES and (tags := call.tags("TagSpecification")):
            # with tags the new rules take part too, and ec2:CreateTags is a dependent action
            new = call.arn("security-group-rule/*")
            yield call.check(new, requested(tags))
            yield call.check(new, requested(tags, f"ec2:CreateAction={operation}"), "ec2:CreateTags")
    else:
        yield call.check()


def _own_key(call: ApiCall, arn: str) -> Context:
    """Return the condition key of an existing endpoint, the name of its service, or of a group, the ARN of its VPC."""
    sort, _, named = arn.rpartition(":")[2].partition("/")
    backend = ec2_backends[call.account][call.region]
    if sort == "vpc-endpoint" and (endpoint := backend.vpc_end_points.get(named)):
        return {"ec2:VpceServiceName": (endpoint.service_name,)}
    if sort == "security-group" and (group := backend.get_security_group_from_id(named)):
        return {"ec2:Vpc": (call.arn(f"vpc/{group.vpc_id}"),)}
    return {}


def arn_of(call: ApiCall, id: str) -> str:
    """Return the ARN of the resource with this id."""
    sort = PREFIXES.get(id.partition("-")[0], "*")
    return _of_owner(call, call.arn(f"{sort}/{id}", "ec2"))


def _of_owner(call: ApiCall, arn: str) -> str:
    """Return an ARN with the account that a VPC or subnet belongs to (VPC user guide, shared subnets)."""
    ec2 = ec2_backends[call.account][call.region]
    sort, _, named = arn.rpartition(":")[2].partition("/")
    if sort == "subnet":
        named = next((one.vpc_id for one in ec2.describe_subnets() if one.id == named), "")
    owner = sharer(ec2, named) if sort in ("vpc", "subnet") else ""
    return arn.replace(f":{call.account}:", f":{owner}:") if owner else arn


def _created(call: ApiCall, sort: str) -> Iterator[Check]:
    new, brought = call.arn(f"{sort}/*"), call.tags("TagSpecification")
    yield call.check(new, requested(brought))
    for arn in _named(call):
        # a resource that the new one belongs to exists already; the new tags are no condition keys of it
        yield call.existing(arn)
    if brought:
        context = requested(brought, f"ec2:CreateAction={call.operation}")
        yield call.check(new, context, "ec2:CreateTags")
    if call.operation == "CreateVpcEndpoint":
        for action in ("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"):
            yield call.check(action=action)
        if call.text("PrivateDnsEnabled") == "true":
            # EC2 user guide of endpoints, "private DNS names": EC2 makes a private zone for the caller's VPC
            zone, of_vpc = call.arn("hostedzone/*", "route53"), vpc_of_zone(call.text("VpcId"), call.region)
            yield call.check(zone, of_vpc, "route53:AssociateVPCWithHostedZone")
    if call.operation == "CreateFlowLogs":
        for named in call.many("ResourceId"):
            yield call.existing(arn_of(call, named))
        if role := call.text("DeliverLogsPermissionArn"):
            yield passed(call, role, "vpc-flow-logs.amazonaws.com")


def _named(call: ApiCall) -> Iterator[str]:
    for name, sort in PARAMETERS.items():
        if name == "NatGatewayId" and call.operation != "DeleteNatGateway":
            # checks of routes are on their table only
            continue
        for named in call.many(name):
            yield _of_owner(call, call.arn(f"{sort}/{named}"))
    if name := call.text("LaunchTemplateName"):
        known = ec2_backends[call.account][call.region].launch_template_name_to_ids
        if call.operation not in CREATED:
            yield call.arn(f"launch-template/{known.get(name, '*')}")


def _parts_of_association(call: ApiCall) -> Iterator[Check]:
    wanted = call.text("AssociationId")
    for table in ec2_backends[call.account][call.region].route_tables.values():
        for association in table.associations:
            if association["RouteTableAssociationId"] == wanted:
                yield call.existing(call.arn(f"route-table/{table.id}"))
                yield call.existing(call.arn(f"subnet/{association.get('SubnetId', '*')}"))
                if other := call.text("RouteTableId"):
                    yield call.existing(call.arn(f"route-table/{other}"))
                return
    yield call.check(call.arn("route-table/*"))


def _removed(call: ApiCall) -> Mapping[str, tuple[str, ...]]:
    keys = tuple(value for key, value in call.form.items() if key.startswith("Tag.") and key.endswith(".Key"))
    return {"aws:TagKeys": keys}


def launched(call: ApiCall, template_id: str, subnets: list[str], *, spot: bool) -> Iterator[Check]:
    """Yield the checks of a group's launch: RunInstances on each resource, and passing the profile's role.

    See the Auto Scaling user guide, "Control Amazon EC2 launch template usage in Auto Scaling groups".
    """
    backend = ec2_backends[call.account][call.region]
    template = backend.launch_templates.get(template_id)
    data = template.default_version().data if template else {}
    there = [template_id, *subnets, *data.get("SecurityGroupIds", ())]
    taking_part = [call.existing(arn_of(call, named), action="ec2:RunInstances") for named in there]
    for check in [*taking_part, *_new(call, data, spot=spot)]:
        yield replace(check, template=template_id)
    if profile := data.get("IamInstanceProfile", {}):
        yield from passed_in_profile(call, profile)


def _run(call: ApiCall) -> Iterator[Check]:
    """Yield the checks of RunInstances on each resource that takes part, and on passing the profile's role.

    What a launch template says counts where the call says nothing else (API reference, RunInstances).
    """
    backend = ec2_backends[call.account][call.region]
    named = call.text("LaunchTemplate.LaunchTemplateName")
    used = call.text("LaunchTemplate.LaunchTemplateId") or backend.launch_template_name_to_ids.get(named, "")
    template = backend.launch_templates.get(used)
    data = dict(template.default_version().data) if template else {}
    data |= {name: call.text(name) for name in ("ImageId", "InstanceType") if call.text(name)}
    profile = {name: call.text(f"IamInstanceProfile.{name}") for name in ("Arn", "Name")}
    groups = call.many("SecurityGroupId") or data.get("SecurityGroupIds", ())
    for there in filter(None, [used, call.text("SubnetId"), *groups]):
        yield call.existing(arn_of(call, there))
    spot = call.text("InstanceMarketOptions.MarketType") == "spot"
    yield from _new(call, data, spot=spot)
    yield from passed_in_profile(call, profile if any(profile.values()) else data.get("IamInstanceProfile", {}))


def _new(call: ApiCall, data: Mapping[str, Any], *, spot: bool) -> Iterator[Check]:
    """Yield the checks on the image and on the new resources, with the template's tags."""
    named = data.get("ImageId", "*")
    owner = owner_of(ec2_backends[call.account][call.region], named)
    image = f"arn:{call.partition}:ec2:{call.region}::image/{named}"
    yield call.check(image, {"ec2:Owner": (owner,)} if owner else {}, "ec2:RunInstances")
    of_type = {"ec2:InstanceType": (str(data["InstanceType"]),)} if "InstanceType" in data else {}
    brought = {it["ResourceType"]: _pairs(it["Tags"]) for it in data.get("TagSpecifications", ())}
    for sort in ("instance", "network-interface", "volume", *(["spot-instances-request"] if spot else [])):
        tags, arn = brought.get(sort, {}), call.arn(f"{sort}/*", "ec2")
        yield call.check(arn, {**requested(tags), **(of_type if sort == "instance" else {})}, "ec2:RunInstances")
        if tags:
            # Auto Scaling user guide, "Amazon EC2 Auto Scaling API permissions"
            yield call.check(arn, requested(tags, "ec2:CreateAction=RunInstances"), "ec2:CreateTags")


def _pairs(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def passed_in_profile(call: ApiCall, profile: Mapping[str, str]) -> Iterator[Check]:
    """Yield the checks of passing an instance profile's role to EC2 instances."""
    from moto.iam.models import iam_backends

    name = profile.get("Name") or profile.get("Arn", "").rpartition("/")[2]
    for known in iam_backends[call.account]["aws"].instance_profiles.values():
        if known.name == name:
            for role in known.roles:
                yield passed(call, role.arn, ec2_service(call))


def passed(call: ApiCall, role: str, service: str) -> Check:
    """Return the check of passing a role to a service (IAM user guide, iam:PassRole)."""
    return call.existing(role, {"iam:PassedToService": (service,)}, "iam:PassRole")


def ec2_service(call: ApiCall) -> str:
    """Return EC2's service principal, which differs in China."""
    return "ec2.amazonaws.com.cn" if call.partition == "aws-cn" else "ec2.amazonaws.com"
