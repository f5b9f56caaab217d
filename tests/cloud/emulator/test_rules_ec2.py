"""EC2: parts of a network are not deleted while others use them, and new resources are as AWS makes them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.cloud.conftest import REGION, EmbeddedCloud
from tests.cloud.rules_rig import ZONES, Net, net, refused

TCP = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
TAGS = [{"Key": "Owner", "Value": "me"}]


@pytest.fixture
def place(cloud: EmbeddedCloud) -> Net:
    return net(cloud)


@pytest.fixture
def ec2(cloud: EmbeddedCloud) -> Any:
    return cloud.client("ec2")


def tags_for(kind: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": TAGS}]


def test_default_security_group_is_as_aws_makes_it_and_stays(place: Net, ec2: Any) -> None:
    filters = [{"Name": "vpc-id", "Values": [place.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    group = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]
    assert [pair["GroupId"] for pair in group["IpPermissions"][0]["UserIdGroupPairs"]] == [group["GroupId"]]
    assert group["IpPermissionsEgress"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    refused(lambda: ec2.delete_security_group(GroupId=group["GroupId"]), "CannotDelete")
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    after = ec2.describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"][0]
    assert after["IpPermissions"] == []


def test_a_group_named_by_a_rule_stays_until_it_is_revoked(place: Net, ec2: Any) -> None:
    web, backend = place.group("web"), place.group("backend")
    rule = {**TCP, "UserIdGroupPairs": [{"GroupId": web, "Description": "from web"}]}
    ec2.authorize_security_group_ingress(GroupId=backend, IpPermissions=[rule])
    refused(lambda: ec2.delete_security_group(GroupId=web), "DependencyViolation", web)
    # A rule is known by what it opens: revoking needs no description.
    ec2.revoke_security_group_ingress(GroupId=backend, IpPermissions=[{**TCP, "UserIdGroupPairs": [{"GroupId": web}]}])
    ec2.delete_security_group(GroupId=web)
    refused(lambda: ec2.describe_security_groups(GroupIds=[web]), "InvalidGroup.NotFound")


def test_rules_are_added_all_or_none_with_descriptions_and_tags(place: Net, ec2: Any) -> None:
    group = place.group("web")
    prefix_list = ec2.describe_managed_prefix_lists()["PrefixLists"][0]["PrefixListId"]
    rules = [
        {**TCP, "IpRanges": [{"CidrIp": "10.0.0.0/16", "Description": "vpc"}]},
        {**TCP, "UserIdGroupPairs": [{"GroupId": group, "Description": "itself"}]},
        {**TCP, "PrefixListIds": [{"PrefixListId": prefix_list, "Description": "list"}]},
    ]
    made = ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=rules, TagSpecifications=tags_for("security-group-rule")
    )["SecurityGroupRules"]
    assert [rule["Description"] for rule in made] == ["vpc", "itself", "list"]
    assert all(rule["Tags"] == TAGS for rule in made)
    again = [{**TCP, "FromPort": 81, "ToPort": 81, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}, rules[0]]
    refused(
        lambda: ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=again), "InvalidPermission.Duplicate"
    )
    listed = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    assert len([rule for rule in listed if not rule["IsEgress"]]) == 3
    everywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "out"}]}
    described = ec2.update_security_group_rule_descriptions_egress(GroupId=group, IpPermissions=[everywhere])
    assert described["Return"]
    inside = {**TCP, "IpRanges": [{"CidrIp": "10.0.0.0/16", "Description": "inside"}]}
    assert ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=[inside])["Return"]
    found = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert found["IpPermissionsEgress"][0]["IpRanges"] == everywhere["IpRanges"]


def test_rules_are_described_anew_by_what_they_say_or_by_id(place: Net, ec2: Any) -> None:
    group = place.group("web")
    prefix = ec2.describe_managed_prefix_lists()["PrefixLists"][0]["PrefixListId"]
    targets = {
        "IpRanges": {"CidrIp": "10.0.0.0/16"},
        "UserIdGroupPairs": {"GroupId": group},
        "PrefixListIds": {"PrefixListId": prefix},
    }

    def permissions(text: str | None) -> list[dict[str, Any]]:
        said = {"Description": text} if text else {}
        return [{**TCP, name: [{**target, **said}]} for name, target in targets.items()]

    def described() -> list[Any]:
        only = [{"Name": "group-id", "Values": [group]}]
        found = ec2.describe_security_group_rules(Filters=only)["SecurityGroupRules"]
        return [rule.get("Description") for rule in found if not rule["IsEgress"]]

    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions("before"))
    describe = ec2.update_security_group_rule_descriptions_ingress
    assert describe(GroupId=group, IpPermissions=permissions("after"))["Return"]
    assert described() == ["after"] * 3
    ids = [rule["SecurityGroupRuleId"] for rule in made["SecurityGroupRules"]]
    describe(
        GroupId=group,
        SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": one, "Description": one[:6]} for one in ids],
    )
    assert described() == [one[:6] for one in ids]
    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"][0]["PrefixListIds"]
    describe(GroupId=group, IpPermissions=permissions(None))
    assert described() == [None] * 3
    unknown = [{"SecurityGroupRuleId": "sgr-0123456789abcdef0", "Description": "x"}]
    refused(
        lambda: describe(GroupId=group, SecurityGroupRuleDescriptions=unknown), "InvalidSecurityGroupRuleId.NotFound"
    )
    other = [{**TCP, "IpRanges": [{"CidrIp": "10.9.0.0/16", "Description": "x"}]}]
    refused(lambda: describe(GroupId=group, IpPermissions=other), "InvalidPermission.NotFound")
    refused(lambda: describe(GroupId=group), "InvalidParameterCombination")


def test_rules_are_revoked_by_id_with_their_tags(place: Net, ec2: Any) -> None:
    group = place.group("web")
    tags = tags_for("security-group-rule")
    first, second = (
        ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[{**TCP, "IpRanges": [{"CidrIp": block}]}], TagSpecifications=tags
        )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        for block in ("10.0.0.0/16", "10.1.0.0/16")
    )

    def revoke(*ids: str) -> Any:
        return ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[*ids])

    refused(lambda: revoke(first, "sgr-0123456789abcdef0"), "InvalidSecurityGroupRuleId.NotFound")
    assert revoke(first)["Return"]
    tagged = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["security-group-rule"]}])["Tags"]
    assert {one["ResourceId"] for one in tagged} == {second}
    ec2.delete_security_group(GroupId=group)
    assert ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [second]}])["Tags"] == []


def test_subnets_give_no_public_addresses(place: Net, ec2: Any) -> None:
    assert ec2.describe_subnets(SubnetIds=place.subnets[:1])["Subnets"][0]["MapPublicIpOnLaunch"] is False


def test_vpc_stays_until_all_in_it_is_gone(place: Net, ec2: Any) -> None:
    gateway, group = place.gateway(), place.group("web")
    table = ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=place.subnets[0])["AssociationId"]

    def busy() -> None:
        refused(lambda: ec2.delete_vpc(VpcId=place.vpc), "DependencyViolation", place.vpc)

    refused(lambda: ec2.delete_internet_gateway(InternetGatewayId=gateway), "DependencyViolation")
    busy()
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=place.vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    busy()
    ec2.delete_security_group(GroupId=group)
    refused(lambda: ec2.delete_route_table(RouteTableId=table), "DependencyViolation")
    ec2.disassociate_route_table(AssociationId=association)
    for subnet in place.subnets:
        ec2.delete_subnet(SubnetId=subnet)
    busy()
    ec2.delete_route_table(RouteTableId=table)
    main = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [place.vpc]}])["RouteTables"]
    assert len(main) == 1
    refused(lambda: ec2.delete_route_table(RouteTableId=main[0]["RouteTableId"]), "DependencyViolation")
    ec2.delete_vpc(VpcId=place.vpc)
    for listed in (
        ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [place.vpc]}])["RouteTables"],
        ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [place.vpc]}])["SecurityGroups"],
        ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [place.vpc]}])["NetworkAcls"],
    ):
        assert listed == []


def test_gateways_and_tables_fit_their_vpc(place: Net, ec2: Any) -> None:
    table = ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    loose = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    way_out = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    refused(lambda: ec2.create_route(**way_out, GatewayId=loose), "InvalidParameterValue", "different networks")
    place.gateway()
    refused(
        lambda: ec2.attach_internet_gateway(InternetGatewayId=loose, VpcId=place.vpc),
        "InvalidParameterValue",
        "already",
    )
    ec2.associate_route_table(RouteTableId=table, SubnetId=place.subnets[0])
    other = ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    refused(
        lambda: ec2.associate_route_table(RouteTableId=other, SubnetId=place.subnets[0]), "Resource.AlreadyAssociated"
    )


def test_client_tokens_replay(place: Net, ec2: Any) -> None:
    first = ec2.create_route_table(VpcId=place.vpc, ClientToken="one")["RouteTable"]["RouteTableId"]
    assert ec2.create_route_table(VpcId=place.vpc, ClientToken="one")["RouteTable"]["RouteTableId"] == first
    assert ec2.create_route_table(VpcId=place.vpc, ClientToken="two")["RouteTable"]["RouteTableId"] != first
    more = {"TagSpecifications": tags_for("route-table")}
    refused(lambda: ec2.create_route_table(VpcId=place.vpc, ClientToken="one", **more), "IdempotentParameterMismatch")


def test_instance_types_differ_by_zone(ec2: Any) -> None:
    wanted = [{"Name": "instance-type", "Values": ["c5.large", "c5a.large"]}]
    offered = ec2.describe_instance_type_offerings(LocationType="availability-zone", Filters=wanted)
    pairs = {(offer["InstanceType"], offer["Location"][-1]) for offer in offered["InstanceTypeOfferings"]}
    assert pairs == {("c5.large", zone) for zone in "abcd"} | {("c5a.large", zone) for zone in "abc"}
    narrower = [*wanted, {"Name": "location", "Values": [f"{REGION}b"]}]
    here = ec2.describe_instance_type_offerings(LocationType="availability-zone", Filters=narrower)
    assert [offer["Location"] for offer in here["InstanceTypeOfferings"]] == [f"{REGION}b"] * 2


def test_newer_regions_have_no_ec2messages(cloud: EmbeddedCloud) -> None:
    newer = cloud.client("ec2", "ap-southeast-5")
    names = [f"com.amazonaws.ap-southeast-5.{service}" for service in ("ssmmessages", "ec2messages")]
    refused(lambda: newer.describe_vpc_endpoint_services(ServiceNames=names), "InvalidServiceName", names[1])
    found = newer.describe_vpc_endpoint_services(Filters=[{"Name": "service-name", "Values": names}])
    assert found["ServiceNames"] == names[:1]


def test_an_endpoint_is_pending_first_and_holds_interfaces(place: Net, ec2: Any) -> None:
    group = place.group("endpoints")
    request = {
        "VpcId": place.vpc,
        "ServiceName": f"com.amazonaws.{REGION}.ecr.api",
        "VpcEndpointType": "Interface",
        "SubnetIds": place.subnets,
        "SecurityGroupIds": [group],
        "PrivateDnsEnabled": True,
        "TagSpecifications": tags_for("vpc-endpoint"),
    }
    made = ec2.create_vpc_endpoint(**request, ClientToken="t")["VpcEndpoint"]
    endpoint = made["VpcEndpointId"]
    assert made["State"] == "pending"
    assert made["DnsEntries"][-1]["DnsName"] == f"api.ecr.{REGION}.amazonaws.com"
    assert ec2.create_vpc_endpoint(**request, ClientToken="t")["VpcEndpoint"]["VpcEndpointId"] == endpoint

    def listed() -> list[dict[str, Any]]:
        found = ec2.describe_vpc_endpoints(Filters=[{"Name": "tag:Owner", "Values": ["me"]}])["VpcEndpoints"]
        return list(found)

    place.cloud.wait(lambda: listed()[0]["State"] == "available", "the endpoint")
    assert listed()[0]["Tags"] == TAGS
    held = place.interfaces(group)
    assert {interface["SubnetId"] for interface in held} == set(place.subnets)
    assert {interface["Description"] for interface in held} == {f"VPC Endpoint Interface {endpoint}"}
    assert all(interface["RequesterManaged"] and interface["Status"] == "in-use" for interface in held)
    own = held[0]["NetworkInterfaceId"]
    refused(lambda: ec2.delete_network_interface(NetworkInterfaceId=own), "InvalidParameterValue", "in use")
    refused(lambda: ec2.delete_security_group(GroupId=group), "DependencyViolation")
    refused(lambda: ec2.delete_subnet(SubnetId=place.subnets[0]), "DependencyViolation")
    refused(lambda: ec2.create_vpc_endpoint(**request), "InvalidParameter", "conflicting DNS domain")

    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSubnetIds=place.subnets[2:])
    assert {interface["SubnetId"] for interface in place.interfaces(group)} == set(place.subnets[:2])
    other = place.group("other")
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSecurityGroupIds=[other], RemoveSecurityGroupIds=[group])
    assert place.unused(group)
    assert len(place.interfaces(other)) == 2
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=place.subnets[2:])
    assert len(place.interfaces(other)) == 3

    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []
    assert [found["State"] for found in listed()] == ["deleting"]
    refused(lambda: ec2.create_vpc_endpoint(**request), "InvalidParameter", "conflicting DNS domain")
    place.cloud.wait(lambda: not listed(), "the endpoint to go")
    assert place.unused(other)
    failed = ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"]
    assert failed[0]["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"
    ec2.delete_security_group(GroupId=other)


def test_bad_endpoints_are_refused(place: Net, ec2: Any) -> None:
    request = {"VpcId": place.vpc, "VpcEndpointType": "Interface", "SubnetIds": place.subnets[:1]}
    service = f"com.amazonaws.{REGION}.logs"
    refused(lambda: ec2.create_vpc_endpoint(**request, ServiceName="com.amazonaws.x.y"), "InvalidServiceName")
    refused(
        lambda: ec2.create_vpc_endpoint(**request, ServiceName=service, SecurityGroupIds=["sg-0000000000000000"]),
        "InvalidGroup.NotFound",
    )
    refused(lambda: ec2.create_vpc_endpoint(VpcId=place.vpc, ServiceName=service), "InvalidParameter", "does not match")
    ec2.modify_vpc_attribute(VpcId=place.vpc, EnableDnsHostnames={"Value": False})
    refused(lambda: ec2.create_vpc_endpoint(**request, ServiceName=service), "InvalidParameter", "enableDnsHostnames")
    twice = ec2.create_subnet(VpcId=place.vpc, CidrBlock="10.0.240.0/24", AvailabilityZone=ZONES[0])["Subnet"]
    both = {**request, "SubnetIds": [place.subnets[0], twice["SubnetId"]]}
    refused(lambda: ec2.create_vpc_endpoint(**both, ServiceName=service), "DuplicateSubnetsInSameZone")


def test_zone_without_the_service_is_refused(cloud: EmbeddedCloud) -> None:
    ec2 = cloud.client("ec2", "us-east-1")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zone = ec2.describe_availability_zones(ZoneIds=["use1-az3"])["AvailabilityZones"][0]["ZoneName"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
    name = "com.amazonaws.us-east-1.ecs"
    details = ec2.describe_vpc_endpoint_services(ServiceNames=[name])["ServiceDetails"][0]
    assert zone not in details["AvailabilityZones"]
    assert len(details["AvailabilityZones"]) == 5
    request = {"VpcId": vpc, "ServiceName": name, "VpcEndpointType": "Interface", "SubnetIds": [subnet]}
    refused(lambda: ec2.create_vpc_endpoint(**request), "InvalidParameter", "availability zone")


def test_gateway_endpoint_routes_its_tables(place: Net, ec2: Any) -> None:
    tables = [ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
    request = {"VpcId": place.vpc, "ServiceName": f"com.amazonaws.{REGION}.s3", "RouteTableIds": tables[:1]}
    endpoint = ec2.create_vpc_endpoint(**request)["VpcEndpoint"]["VpcEndpointId"]

    def routed(table: str) -> list[str]:
        routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return [route["GatewayId"] for route in routes if "DestinationPrefixListId" in route]

    assert [routed(table) for table in tables] == [[endpoint], []]
    refused(lambda: ec2.create_vpc_endpoint(**request), "RouteAlreadyExists")
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=tables[1:], RemoveRouteTableIds=tables[:1])
    assert [routed(table) for table in tables] == [[], [endpoint]]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert routed(tables[1]) == []


def test_endpoint_services_come_filtered_and_in_pages(ec2: Any) -> None:
    gateways = ec2.describe_vpc_endpoint_services(Filters=[{"Name": "service-type", "Values": ["Gateway"]}])
    assert gateways["ServiceNames"] == [f"com.amazonaws.{REGION}.{name}" for name in ("dynamodb", "s3")]
    every = set(ec2.describe_vpc_endpoint_services()["ServiceNames"])
    wanted = (
        "ssm",
        "ssmmessages",
        "ec2messages",
        "ecs",
        "ecs-agent",
        "ecs-telemetry",
        "ecr.api",
        "ecr.dkr",
        "logs",
        "s3",
    )
    assert {f"com.amazonaws.{REGION}.{name}" for name in wanted} <= every
    pages = ec2.get_paginator("describe_vpc_endpoint_services").paginate(PaginationConfig={"PageSize": 100})
    assert {name for page in pages for name in page["ServiceNames"]} == every


def test_launch_template_versions(cloud: EmbeddedCloud, ec2: Any) -> None:
    user_data = base64.b64encode(b"#!/bin/bash").decode()
    request = {
        "LaunchTemplateName": "web",
        "LaunchTemplateData": {"InstanceType": "c5.large", "UserData": user_data},
        "TagSpecifications": tags_for("launch-template"),
    }
    made = ec2.create_launch_template(**request, ClientToken="t")["LaunchTemplate"]
    assert ec2.create_launch_template(**request, ClientToken="t")["LaunchTemplate"] == made
    refused(lambda: ec2.create_launch_template(**request), "InvalidLaunchTemplateName.AlreadyExistsException")
    template = made["LaunchTemplateId"]
    ec2.create_tags(Resources=[template], Tags=[{"Key": "Later", "Value": "yes"}])
    assert len(ec2.describe_launch_templates(LaunchTemplateNames=["web"])["LaunchTemplates"][0]["Tags"]) == 2
    data = {"InstanceType": "c5a.large"}
    ec2.create_launch_template_version(LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData=data)
    ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data)
    versions = ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"]
    assert [version["LaunchTemplateData"] for version in versions] == [
        {"InstanceType": "c5.large", "UserData": user_data},
        {"InstanceType": "c5a.large", "UserData": user_data},
        {"InstanceType": "c5a.large"},
    ]
    answer = ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["1", "3", "9"])
    assert [entry["VersionNumber"] for entry in answer["SuccessfullyDeletedLaunchTemplateVersions"]] == [3]
    failed = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert [entry["VersionNumber"] for entry in failed] == [1, 9]
    assert failed[1]["ResponseError"]["Code"] == "launchTemplateVersionDoesNotExist"
    fresh = {"LaunchTemplateId": template, "LaunchTemplateData": data, "ClientToken": "four"}
    for _ in range(2):
        assert ec2.create_launch_template_version(**fresh)["LaunchTemplateVersion"]["VersionNumber"] == 4
    other = {**fresh, "LaunchTemplateData": {"InstanceType": "c7g.large"}}
    refused(lambda: ec2.create_launch_template_version(**other), "IdempotentParameterMismatch")
    latest = ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=["$Latest", "$Default"])
    assert [version["VersionNumber"] for version in latest["LaunchTemplateVersions"]] == [4, 1]


def test_more_than_a_page_of_launch_templates(cloud: EmbeddedCloud, ec2: Any) -> None:
    for number in range(20):
        ec2.create_launch_template(LaunchTemplateName=f"lt-{number}", LaunchTemplateData={"InstanceType": "c5.large"})
    assert len(ec2.describe_launch_templates()["LaunchTemplates"]) == 20
    pages = list(ec2.get_paginator("describe_launch_templates").paginate(PaginationConfig={"PageSize": 8}))
    assert [len(page["LaunchTemplates"]) for page in pages] == [8, 8, 4]


@pytest.mark.parametrize(
    ("operation", "kind", "key", "name"),
    [
        ("create_vpc", "vpc", "Vpc", "VpcId"),
        ("create_internet_gateway", "internet-gateway", "InternetGateway", "InternetGatewayId"),
    ],
)
def test_tags_given_at_creation_are_kept(
    cloud: EmbeddedCloud, ec2: Any, operation: str, kind: str, key: str, name: str
) -> None:
    more = {"CidrBlock": "10.9.0.0/16"} if kind == "vpc" else {}
    made = getattr(ec2, operation)(**more, TagSpecifications=tags_for(kind))[key]
    assert made["Tags"] == TAGS
    listed = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [made[name]]}])["Tags"]
    assert [(tag["Key"], tag["Value"], tag["ResourceType"]) for tag in listed] == [("Owner", "me", kind)]
