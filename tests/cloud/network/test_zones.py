"""The choice of the stack's zones: instance types and Fargate in each, and subnets that stay in their zones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.network.zones import Zones, best_first, choose
from provisioner.steps.network import network
from tests.cloud import world
from tests.cloud.rig import Rig

pytestmark = world.EMPTY


def rig_in(rig: Rig, region: str, *types: str, zones: int = 3) -> Rig:
    """The rig elsewhere, with these instance types and so many zones."""
    tables: dict[str, Any] = {"capacity": {"instance_types": types}, "network": {"zones": zones}}
    services = {"web": {"image": "nginx:1", "port": 80, "launch": "ec2", "public": True, "database": True}}
    config = Config.model_validate({"region": region, "services": services, "database": {}, **tables})
    return replace(rig, config=config, facts=replace(rig.facts, region=region))


def chosen(rig: Rig) -> Zones:
    return choose(rig.aws(), rig.config)


def up(rig: Rig) -> Zones:
    """Make the network in the zones that are chosen, and return them."""
    zones = chosen(rig)
    rig.facts = replace(rig.facts, zones=zones.names, blocks=zones.blocks)
    rig.up(network).ok()
    return zones


def letters(zones: Zones) -> str:
    return "".join(name[-1] for name in zones.names)


def test_a_zone_needs_one_of_the_instance_types(rig: Rig) -> None:
    """In Tokyo c5a.large is in two zones, and Auto Scaling takes c5.large in the third."""
    assert letters(chosen(rig_in(rig, "ap-northeast-1", "c5.large", "c5a.large"))) == "acd"


def test_zones_without_fargate_are_left_out(rig: Rig) -> None:
    assert letters(chosen(rig_in(rig, "ap-northeast-1", "c5.large"))) == "acd"
    with pytest.raises(ConfigurationError, match=r"only 2 Availability Zones of us-west-1 \(us-west-1a, us-west-1b\)"):
        chosen(rig_in(rig, "us-west-1", "c5.large"))


def test_a_zone_that_may_be_constrained_comes_last(rig: Rig) -> None:
    """In Virginia m4.large is in all zones, also in use1-az3, where AWS makes no NAT gateway; here it is zone e."""
    aws = rig_in(rig, "us-east-1", "m4.large").aws()
    assert best_first(aws, ["us-east-1e", "us-east-1f"], 1) == ["us-east-1f", "us-east-1e"]
    assert best_first(aws, ["us-east-1e", "us-east-1f"], 2) == ["us-east-1e", "us-east-1f"]


def test_an_instance_type_that_the_region_lacks_is_named(rig: Rig) -> None:
    with pytest.raises(ConfigurationError, match=r"instance_types has c5a\.large, which ca-west-1 does not offer"):
        chosen(rig_in(rig, "ca-west-1", "c5.large", "c5a.large"))


def test_a_region_without_ec2messages_will_do(rig: Rig) -> None:
    assert letters(chosen(rig_in(rig, "ap-southeast-5", "c6i.large"))) == "abc"


def test_a_further_zone_moves_no_subnet(rig: Rig) -> None:
    """In Ireland m8id.large is in b and c, so that a, which c5.large brings, sorts before both."""
    here = rig_in(rig, "eu-west-1", "m8id.large", zones=2)
    assert letters(up(here)) == "bc"
    subnets = here.cloud.client("ec2", "eu-west-1").describe_subnets
    ours = [{"Name": "tag:ManagedBy", "Values": ["provisioner"]}]
    before = {s["SubnetId"]: s["CidrBlock"] for s in subnets(Filters=ours)["Subnets"]}
    more = replace(rig_in(rig, "eu-west-1", "m8id.large", "c5.large"), directory=here.directory)
    assert letters(up(more)) == "abc"
    after = {s["SubnetId"]: s for s in subnets(Filters=ours)["Subnets"]}
    assert before.items() <= {one: s["CidrBlock"] for one, s in after.items()}.items()
    new = {s["CidrBlock"] for one, s in after.items() if one not in before and s["AvailabilityZone"] == "eu-west-1a"}
    assert new == {"10.0.32.0/20", "10.0.96.0/20", "10.0.160.0/20"}
    assert letters(chosen(more)) == "abc"


def test_of_fewer_zones_those_stay_that_were_first(rig: Rig) -> None:
    here = rig_in(rig, "eu-west-1", "m8id.large", zones=2)
    up(here)
    more = replace(rig_in(rig, "eu-west-1", "m8id.large", "c5.large"), directory=here.directory)
    up(more)
    assert chosen(here) == Zones(("eu-west-1b", "eu-west-1c"), (0, 1))
    ec2 = here.cloud.client("ec2", "eu-west-1")
    for subnet in ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["eu-west-1b"]}])["Subnets"]:
        if not subnet["DefaultForAz"]:
            for table in ec2.describe_route_tables()["RouteTables"]:
                for link in table["Associations"]:
                    if link.get("SubnetId") == subnet["SubnetId"]:
                        ec2.disassociate_route_table(AssociationId=link["RouteTableAssociationId"])
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    assert chosen(here) == Zones(("eu-west-1a", "eu-west-1c"), (2, 1)), "what is there stays"


def test_of_fewer_zones_the_databases_stays(rig: Rig) -> None:
    here = rig_in(rig, "ap-northeast-1", "c5.large")
    up(here)
    ec2, rds = here.cloud.client("ec2"), here.cloud.client("rds")
    found = ec2.describe_subnets(Filters=[{"Name": "tag:provisioner:address", "Values": ["subnet/database-*"]}])
    subnets = {s["AvailabilityZone"][-1]: s["SubnetId"] for s in found["Subnets"]}
    rds.create_db_subnet_group(DBSubnetGroupName="db", DBSubnetGroupDescription="db", SubnetIds=list(subnets.values()))
    rds.create_db_cluster(
        DBClusterIdentifier="db",
        Engine="aurora-mysql",
        MasterUsername="dbadmin",
        MasterUserPassword="a-password-of-a-test",
        DBSubnetGroupName="db",
        ServerlessV2ScalingConfiguration={"MinCapacity": 0, "MaxCapacity": 1},
    )
    rds.create_db_instance(
        DBInstanceIdentifier="db-1",
        DBClusterIdentifier="db",
        Engine="aurora-mysql",
        DBInstanceClass="db.serverless",
        AvailabilityZone="ap-northeast-1d",
        Tags=here.aws().tag_list("db_instance/main"),
    )
    fewer = rig_in(here, "ap-northeast-1", "c5.large", zones=2)
    zones = chosen(fewer)
    assert letters(zones) == "ad"
    rds.modify_db_subnet_group(DBSubnetGroupName="db", SubnetIds=[subnets[name[-1]] for name in zones.names])
