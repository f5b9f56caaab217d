"""Twelve VPCs as companies have them: the words of `plan` on each, and no `up` that fails after its first write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioner.config import stack_file
from provisioner.permissions.printed import printed
from tests.cloud import world
from tests.cloud.policies import enforce
from tests.cloud.project import Project, project  # noqa: F401
from tests.cloud.vpcs import OWNER, Place, Vpc, make

pytestmark = [pytest.mark.slow, world.EMPTY]

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
STACK = """
project = "ecs-sample"
env = "dev"
network = {{ vpc = "{vpc}"{more} }}
{tables}
[services.web]
image = "{registry}/web:1"
port = 8080
public = true
{calls}

[services.api]
image = "{registry}/api:1"
port = 9000
"""
CALLS = 'calls = ["api"]'
PUBLIC = {"public-a": Place("a", "10.0.0.0/24", "igw"), "public-c": Place("c", "10.0.1.0/24", "igw")}
PRIVATE = {"private-a": Place("a", "10.0.10.0/24", "nat"), "private-c": Place("c", "10.0.11.0/24", "nat")}
CLOSED = {"private-a": Place("a", "10.0.10.0/24"), "private-c": Place("c", "10.0.11.0/24")}


def written(project: Project, vpc: Vpc, more: str = "", tables: str = "", calls: str = CALLS) -> None:  # noqa: F811
    project.write(STACK.format(vpc=vpc.id, more=more, tables=tables, calls=calls, registry=REGISTRY))


def subnets(vpc: Vpc, **tiers: tuple[str, ...]) -> str:
    """The key `network.subnets` with these subnets, by their names."""
    ids = {tier: ", ".join(f'"{vpc.ids[name]}"' for name in names) for tier, names in tiers.items()}
    return f", subnets = {{ {', '.join(f'{tier} = [{one}]' for tier, one in ids.items())} }}"


def of_tasks(project: Project, *services: str) -> set[str]:  # noqa: F811
    found = project.cloud.client("ecs").describe_services(cluster="ecs-sample-dev", services=services or ["web", "api"])
    return {
        subnet for one in found["services"] for subnet in one["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
    }


def of_balancer(project: Project) -> set[str]:  # noqa: F811
    (balancer,) = project.cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]
    return {one["SubnetId"] for one in balancer["AvailabilityZones"]}


def of_database(project: Project) -> set[str]:  # noqa: F811
    (group,) = project.cloud.client("rds").describe_db_subnet_groups()["DBSubnetGroups"]
    return {one["SubnetIdentifier"] for one in group["Subnets"]}


def running(project: Project) -> set[int]:  # noqa: F811
    found = project.cloud.client("ecs").describe_services(cluster="ecs-sample-dev", services=["web", "api"])
    return {one["runningCount"] for one in found["services"]}


def stands(project: Project) -> list[str]:  # noqa: F811
    """Make the stack, and return the notes of the plan before it."""
    before = project.done("plan", "--json").document
    project.up()
    assert project.planned() == {}
    assert running(project) == {1}
    return list(before["notes"])


def unreachable(group: bool = True, table: bool = True, further: bool = False) -> Callable[[Any], Vpc]:
    """Make a VPC without a way out, whose endpoints have a fault."""

    def vpc(cloud: Any) -> Vpc:
        places = {**PUBLIC, **CLOSED}
        if further:
            places |= {"private-a": Place("a", "100.64.0.0/24"), "private-c": Place("c", "100.64.1.0/24")}
        made = make(cloud, places, further=["100.64.0.0/16"])
        let_in = ["10.0.0.0/16"] if group or further else []
        made.endpoints(made.named("public"), let_in, ["" if table else "igw"])
        return made

    return vpc


def default(cloud: Any) -> Vpc:
    """A default VPC: public subnets in each zone, by the main route table."""
    return make(cloud, {f"public-{one}": Place(one, f"172.31.{n * 16}.0/20", "igw") for n, one in enumerate("acd")},
                "172.31.0.0/16")  # fmt: skip


def plain(cloud: Any) -> Vpc:
    return make(cloud, {**PUBLIC, "public-a2": Place("a", "10.0.2.0/24", "igw"), **PRIVATE})


def shared(cloud: Any) -> Vpc:
    """A VPC of another account, with subnets for the database that lead nowhere."""
    inner = {f"data-{one}": Place(one, f"10.0.{20 + n}.0/24") for n, one in enumerate("ac")}
    vpc = make(cloud, {**PUBLIC, **PRIVATE, **inner})
    vpc.share()
    return vpc


REFUSED: dict[str, tuple[Callable[[Any], Vpc], dict[str, tuple[str, ...]], str, list[str]]] = {
    "two public subnets of a zone": (
        plain, {"public": ("public-a", "public-a2", "public-c"), "private": ("private-a", "private-c")}, "",
        ["network.subnets.public has", "which are all in ap-northeast-1a", "Name one of them"],
    ),
    "private ones that are public": (
        plain, {"public": ("public-a", "public-c"), "private": ("public-a", "public-c")}, "",
        ["network.subnets.private has", "leads to an internet gateway", 'or set network.egress = "public"'],
    ),
    "endpoints that let nobody in": (
        unreachable(group=False), {}, "", ["the endpoint of ecr.api", "lets 10.0.10.0/24, 10.0.11.0/24 in on port 443"],
    ),
    "S3 in another route table": (unreachable(table=False), {}, "", ["the endpoint of s3", "not in the route tables"]),
    "tasks in a further range": (unreachable(further=True), {}, "", ["lets 100.64.0.0/24, 100.64.1.0/24 in on port"]),
    "a default VPC": (default, {}, "", ["which has no private subnets", 'Set network.egress = "public"']),
    "a database in a default VPC": (
        default, {}, ', egress = "public"', ["0 private subnets in 0 Availability Zones"],
    ),
    "no way out": (
        lambda cloud: make(cloud, {**PUBLIC, **CLOSED}), {}, "",
        ["no way out of the stack's subnets, and no endpoint of", "ask its owner for the endpoints"],
    ),
    "calls in a shared one": (shared, {}, "", [f"which account {OWNER} shares", "Remove calls from web"]),
}  # fmt: skip


@pytest.mark.parametrize("sort", REFUSED)
def test_what_cannot_work_is_refused_before_the_first_write(project: Project, sort: str) -> None:  # noqa: F811
    vpc_of, tiers, more, told = REFUSED[sort]
    vpc = vpc_of(project.cloud)
    tables = "[database]" if "database" in sort else ""
    written(project, vpc, more + (subnets(vpc, **tiers) if tiers else ""), tables)
    since = project.last_call()
    for command in (("plan",), ("up", "--yes")):
        ended = project.run(*command, code=4)
        for words in told:
            assert words in ended.err, (command, ended.err)
    assert project.writes(since) == []
    found = {one["check"]: one for one in project.done("doctor", "--json").document["checks"]}
    assert found["vpc"]["verdict"] == "failed"


def test_of_many_subnets_sixteen_are_used_in_turn_by_zone(project: Project) -> None:  # noqa: F811
    zones = ["a"] * 12 + ["c"] * 4 + ["d"] * 2
    many = {f"private-{n:02}": Place(one, f"10.0.{10 + n}.0/24", "nat") for n, one in enumerate(zones)}
    vpc = make(project.cloud, {**PUBLIC, **many})
    written(project, vpc)
    stands(project)
    used = of_tasks(project)
    assert (len(used), {*vpc.named("private-")} >= used) == (16, True)
    assert used >= {vpc.ids[name] for name, place in many.items() if place.letter != "a"}


def test_in_a_default_vpc_tasks_have_public_addresses(project: Project) -> None:  # noqa: F811
    vpc = default(project.cloud)
    written(project, vpc, ', egress = "public"')
    stands(project)
    assert of_tasks(project) == of_balancer(project) == {*vpc.ids.values()}


def test_a_shared_vpc_has_a_database_and_no_private_zone(project: Project) -> None:  # noqa: F811
    vpc = shared(project.cloud)
    written(project, vpc, tables="[database]", calls="database = true")
    project.run("policy", "--create-boundary")
    enforce(project.cloud, *printed(stack_file.load(project.config), account="123456789012").values())
    stands(project)
    enforce(project.cloud)
    assert of_database(project) == {*vpc.named("data")}
    zones = project.cloud.client("route53").list_hosted_zones()["HostedZones"]
    assert [one["Name"] for one in zones if one["Config"]["PrivateZone"]] == []
    project.down()


def test_what_cannot_be_seen_in_a_shared_vpc_is_told(project: Project) -> None:  # noqa: F811
    vpc = make(project.cloud, {**PUBLIC, **CLOSED})
    vpc.endpoints(vpc.named("private"), ["10.0.0.0/16"], [""])
    vpc.share()
    written(project, vpc, calls="")
    notes = stands(project)
    assert any(f"this account cannot see which endpoints account {OWNER} has" in one for one in notes), notes


def test_in_a_vpc_of_terraforms_module(project: Project) -> None:  # noqa: F811
    """terraform-aws-modules/vpc: public, private, database (with the private route table) and intra, in three zones."""
    tiers = {"public": (101, "igw"), "private": (1, "nat"), "database": (21, "nat"), "intra": (51, "")}
    vpc = make(
        project.cloud,
        {
            f"{tier}-{letter}": Place(letter, f"10.0.{first + n}.0/24", way)
            for tier, (first, way) in tiers.items()
            for n, letter in enumerate("acd")
        },
    )
    written(project, vpc, tables="[database]")
    stands(project)
    assert of_database(project) == {*vpc.named("intra")}
    assert of_tasks(project) == {*vpc.named("private", "database")}
    assert of_balancer(project) == {*vpc.named("public")}


def test_in_a_vpc_of_control_tower(project: Project) -> None:  # noqa: F811
    """AWS Control Tower's account factory: 172.31.0.0/16, three zones, each with a public and two private subnets."""
    blocks = iter(f"172.31.{n * 16}.0/20" for n in range(9))
    tiers = ("public-{}", "private-{}1", "private-{}2")
    places = {
        name.format(letter): Place(letter, next(blocks), "igw" if name == tiers[0] else "nat")
        for letter in "acd"
        for name in tiers
    }
    vpc = make(project.cloud, places, "172.31.0.0/16")
    written(project, vpc)
    stands(project)
    assert of_tasks(project) == {*vpc.named("private")}


@pytest.mark.parametrize("way", ["nat", ""])
def test_tasks_are_in_a_further_range_of_addresses(project: Project, way: str) -> None:  # noqa: F811
    inner = {f"private-{one}": Place(one, f"100.64.{n}.0/24", way) for n, one in enumerate("ac")}
    vpc = make(project.cloud, {**PUBLIC, **inner}, further=["100.64.0.0/16"])
    if not way:
        vpc.endpoints(vpc.named("public"), ["10.0.0.0/16", "100.64.0.0/16"], [""])
    written(project, vpc)
    stands(project)
    assert of_tasks(project) == {*vpc.named("private")}


def test_networks_behind_other_routes_may_have_the_endpoints(project: Project) -> None:  # noqa: F811
    vpc = make(project.cloud, {**PUBLIC, **CLOSED})
    peer = project.cloud.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2 = project.cloud.client("ec2")
    link = ec2.create_vpc_peering_connection(VpcId=vpc.id, PeerVpcId=peer)["VpcPeeringConnection"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=link["VpcPeeringConnectionId"])
    vpc.route("", "10.9.0.0/16", VpcPeeringConnectionId=link["VpcPeeringConnectionId"])
    written(project, vpc)
    told = project.done("plan", "--json").document["notes"]
    assert any("tasks start only if the networks behind its other routes have these endpoints" in one for one in told)


def test_local_zones_are_left_out(project: Project) -> None:  # noqa: F811
    group, zone = "ap-northeast-1-tpe-1", "ap-northeast-1-tpe-1a"
    project.cloud.client("ec2").modify_availability_zone_group(GroupName=group, OptInStatus="opted-in")
    local = {
        "local-out": Place("", "10.0.40.0/24", "igw", zone),
        "local-in": Place("", "10.0.41.0/24", "nat", zone),
    }
    vpc = make(project.cloud, {**PUBLIC, **PRIVATE, **local})
    written(project, vpc, subnets(vpc, public=("public-a", "local-out")))
    assert f"{zone}, a local zone" in project.run("plan", code=4).err
    written(project, vpc)
    stands(project)
    assert of_tasks(project) | of_balancer(project) == {*vpc.named("public", "private")}


def test_chosen_subnets_stay_when_the_owner_adds_others(project: Project) -> None:  # noqa: F811
    vpc = make(project.cloud, {**PUBLIC, **PRIVATE})
    written(project, vpc, tables="[database]")
    stands(project)
    vpc.add(
        public_d=Place("d", "10.0.30.0/24", "igw"),
        private_d=Place("d", "10.0.31.0/24", "nat"),
        closed_a=Place("a", "10.0.32.0/24"),
        closed_d=Place("d", "10.0.33.0/24"),
    )
    plan = project.done("plan", "--json").document
    assert project.planned() == {}
    assert any("1 further private subnet" in one and vpc.ids["private_d"] in one for one in plan["notes"])
    (project.state / "local" / "ecs-sample-dev" / "state.json").unlink()
    project.run("recover", "--yes", code=0)
    assert project.planned() == {}
    written(project, vpc, subnets(vpc, private=("private-a", "private-c", "private_d")), "[database]")
    project.up()
    assert of_tasks(project) == {*vpc.named("private")}
    assert of_database(project) == {*vpc.named("private")}
