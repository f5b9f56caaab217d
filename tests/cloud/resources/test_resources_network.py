"""The network's types, beyond the contract: lag, rewritten tags, confirmed plans, reports of removed resources."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from provisioner.engine.declaration import ids
from provisioner.engine.errors import NotOwned
from provisioner.engine.events import ResourceDone
from provisioner.resources.ec2.network import InternetGateway, RouteTable, Subnet, Vpc
from provisioner.resources.ec2.security import DefaultSecurityGroup, SecurityGroup, allow
from provisioner.state.local import LocalStore
from provisioner.state.model import Phase
from provisioner.steps.stack import Stack
from tests.cloud.commands.test_existing_vpc import await_nat
from tests.cloud.faults.life import set_faults
from tests.cloud.rig import Rig


def declared(stack: Stack) -> None:
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
    stack.ensure(DefaultSecurityGroup("main", vpc.id))
    gateway = stack.ensure(InternetGateway("main", vpc.id))
    subnets = [
        stack.ensure(Subnet(zone, vpc.id, f"ap-northeast-1{zone}", block))
        for zone, block in (("a", "10.0.0.0/20"), ("c", "10.0.16.0/20"))
    ]
    stack.ensure(RouteTable("main", vpc.id, ids(subnets), {"0.0.0.0/0": gateway.id}))
    web = stack.ensure(SecurityGroup("web", vpc.id, "web", "Web", [allow(80, "users", cidr="10.0.0.0/8")], []))
    stack.ensure(SecurityGroup("db", vpc.id, "db", "Database", [allow(3306, "web", group=web.id)], []))


def test_a_new_vpc_is_awaited_until_its_attributes_are_known(rig: Rig) -> None:
    set_faults(rig.cloud, "lag")
    aws = rig.aws()
    made = rig.cloud.client("ec2").create_vpc(
        CidrBlock="10.0.0.0/16", TagSpecifications=aws.tag_specification("vpc", "vpc/main")
    )
    assert [live.id for live in aws.live(Vpc)] == [made["Vpc"]["VpcId"]]


@pytest.mark.parametrize("address", ["vpc/main", "internet_gateway/main", "subnet/a", "route_table/main"])
def test_a_resource_without_its_tags_is_not_created_twice(rig: Rig, address: str) -> None:
    rig.up(declared).ok()
    ec2, resource = rig.cloud.client("ec2"), rig.state().records[address].id
    ec2.create_tags(Resources=[resource], Tags=[{"Key": "Environment", "Value": "other"}])
    refused = [item for item in rig.plan(declared) if item.address == address]
    assert [item.action for item in refused] == ["refused"]
    assert f"{resource} is recorded as {address}, but does not have the tags of this stack" in refused[0].why
    assert address in rig.up(declared).refused()
    assert isinstance(rig.down().failures()[address], NotOwned)
    assert rig.state().records[address].id == resource


def test_what_was_confirmed_is_done_and_nothing_else(rig: Rig) -> None:
    rig.up(declared).ok()
    subnet = rig.state().records["subnet/a"].id
    rig.cloud.client("ec2").modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    confirmed = rig.plan(declared)
    vpc = rig.state().records["vpc/main"].id
    rig.cloud.client("ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
    up = rig.up(declared, confirmed)
    assert "the plan for vpc/main has changed since it was shown" in str(up.summary.error)
    assert up.writes == []
    confirmed = rig.plan(declared)
    assert [item.action for item in confirmed if item.address == "vpc/main"] == ["change"]
    # the same resource is still to be changed, in one more setting
    rig.cloud.client("ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    up = rig.up(declared, confirmed)
    assert "the plan for vpc/main has changed since it was shown" in str(up.summary.error)
    assert up.writes == []
    assert rig.up(declared, rig.plan(declared)).ok().summary.counts["changed"] == 2


def test_only_what_was_deleted_is_reported_as_deleted(rig: Rig) -> None:
    """The state has a group that was deleted by hand, and another that an earlier run had begun to remove."""
    rig.up(declared).ok()
    ec2 = rig.cloud.client("ec2")
    with LocalStore(rig.directory, rig.config.name, "test", "0") as store:
        records = store.records
        phases: dict[str, Phase] = {"web": "ready", "db": "deleting"}
        for name, phase in phases.items():
            store.put(replace(records[f"security_group/{name}"], phase=phase))
    for name in ("db", "web"):
        ec2.delete_security_group(GroupId=records[f"security_group/{name}"].id)
    down = rig.down().ok()
    results = {event.address: event.result for event in down.events if isinstance(event, ResourceDone)}
    not_found = {address for address, result in results.items() if result == "not_found"}
    assert not_found == {"security_group/web"}
    assert down.summary.counts == {"deleted": 6, "not_found": 1, "retained": 1}
    assert rig.state().records == {}


@pytest.mark.parametrize("phase", get_args(Phase)[1:])
def test_what_is_recorded_and_has_lost_its_tags_stays_recorded(rig: Rig, phase: Phase) -> None:
    """A tag policy changed one while a `down` that had begun to remove it was killed."""
    rig.up(declared).ok()
    ec2, vpc = rig.cloud.client("ec2"), rig.state().records["vpc/main"]
    with LocalStore(rig.directory, rig.config.name, "test", "0") as store:
        store.put(replace(vpc, phase=phase))
    ec2.create_tags(Resources=[vpc.id], Tags=[{"Key": "Environment", "Value": "development"}])
    error = str(rig.down().failures()["vpc/main"])
    assert f"{vpc.id} is recorded as vpc/main, but does not have the tags of this stack" in error
    assert "vpc/main" in rig.state().records
    ec2.create_tags(Resources=[vpc.id], Tags=[{"Key": "Environment", "Value": "dev"}])
    assert rig.down().ok().summary.leftovers == []


def test_a_subnet_and_a_route_led_elsewhere_are_brought_back(rig: Rig) -> None:
    def public(stack: Stack) -> None:
        vpc = stack.ensure(Vpc("main", cidr_block="10.0.0.0/16"))
        gateway = stack.ensure(InternetGateway("main", vpc_id=vpc.id))
        zone = stack.facts.zones[0]
        subnet = stack.ensure(Subnet("a", vpc_id=vpc.id, availability_zone=zone, cidr_block="10.0.0.0/20"))
        stack.ensure(RouteTable("a", vpc_id=vpc.id, subnet_ids=[subnet.id], routes={"0.0.0.0/0": gateway.id}))

    rig.up(public).ok()
    recorded = {address: record.id for address, record in rig.state().records.items()}
    ec2, table = rig.cloud.client("ec2"), {"RouteTableId": recorded["route_table/a"]}
    eip = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=recorded["subnet/a"], AllocationId=eip)["NatGateway"]["NatGatewayId"]
    await_nat(rig.cloud, nat)
    ec2.replace_route(**table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    ec2.create_route(**table, DestinationCidrBlock="192.168.0.0/16", NatGatewayId=nat)
    (shown,) = ec2.describe_route_tables(RouteTableIds=[recorded["route_table/a"]])["RouteTables"]
    other = ec2.create_route_table(VpcId=recorded["vpc/main"])["RouteTable"]["RouteTableId"]
    ec2.disassociate_route_table(AssociationId=shown["Associations"][0]["RouteTableAssociationId"])
    ec2.associate_route_table(RouteTableId=other, SubnetId=recorded["subnet/a"])
    (planned,) = rig.plan(public)
    assert planned.changes["routes"].old == {"0.0.0.0/0": nat, "192.168.0.0/16": nat}
    writes = rig.up(public).ok().writes
    assert writes == ["DeleteRoute", "ReplaceRoute", "ReplaceRouteTableAssociation"]
    assert rig.plan(public) == []


def test_an_interrupted_creation_with_other_settings_starts_anew(rig: Rig) -> None:
    """Somebody deleted the half-made VPC: the client token stands for a route table of the old one, not the new."""

    def routed(stack: Stack) -> None:
        vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
        stack.ensure(RouteTable("private", vpc.id, [], {}))

    rig.up(routed).ok()
    records = rig.state().records
    with LocalStore(rig.directory, rig.config.name, "test", "0") as store:
        store.put(replace(records["route_table/private"], phase="creating", id=None, outputs={}, created=None))
    ec2 = rig.cloud.client("ec2")
    ec2.delete_route_table(RouteTableId=records["route_table/private"].id)
    ec2.delete_vpc(VpcId=records["vpc/main"].id)
    rig.up(routed).ok()
    assert rig.down().ok().summary.leftovers == []
