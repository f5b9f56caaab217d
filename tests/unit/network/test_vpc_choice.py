"""The choice of subnets in an existing VPC: zones in turn, room, and the subnets in use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.network.vpc_choice import Choice, choose
from provisioner.operations.network.vpc_in_use import InUse
from provisioner.operations.network.vpc_subnets import Subnet

VPC = "vpc-0123456789abcdef0"


def subnet(name: str, letter: str, leads: str = "other", free: int = 250) -> Subnet:
    """A subnet whose addresses follow from its name's number: `subnet-…07` has 10.0.7.0/24."""
    number = int(name[-2:])
    block = IPv4Network(f"10.0.{number}.0/24")
    return Subnet(f"subnet-000000{name}", f"eu-west-1{letter}", f"euw1-az{letter}", block, leads, free)


PUBLIC = [subnet("01", "a", "igw"), subnet("02", "b", "igw"), subnet("03", "a", "igw")]
INNER = [subnet("11", "a"), subnet("12", "b")]
CLOSED = [subnet("21", "a", ""), subnet("22", "b", "")]


def config(**network: Any) -> Config:
    services = {"web": {"image": "nginx:1", "port": 80, "public": True}}
    return Config.model_validate({"services": services, "network": {"vpc": VPC, **network}})


def chosen(found: Iterable[Subnet], used: InUse = InUse(), **network: Any) -> Choice:  # noqa: B008 (it is frozen)
    return choose(config(**network), VPC, sorted(found, key=lambda one: one.block), used)


def ids(*subnets: Subnet) -> frozenset[str]:
    return frozenset(one.id for one in subnets)


def test_each_tier_has_its_subnets() -> None:
    found = chosen([*PUBLIC, *INNER, *CLOSED])
    assert (found.public, found.tasks, found.database) == (PUBLIC[:2], INNER, CLOSED)
    assert (found.way_out, found.spare) == (True, [])


def test_a_zone_gives_the_balancer_its_first_subnet_with_room() -> None:
    full = replace(PUBLIC[0], free=7)
    assert chosen([full, *PUBLIC[1:], *INNER]).public == [PUBLIC[1], PUBLIC[2]]
    assert chosen([full, PUBLIC[1], *INNER]).public == [full, PUBLIC[1]]


def test_sixteen_subnets_are_taken_from_each_zone_in_turn() -> None:
    many = [subnet(f"{30 + n}", "a", free=n + 1) for n in range(20)]
    few = [subnet("61", "b", free=1), subnet("62", "c", free=9), subnet("63", "c", free=0)]
    assert chosen([*PUBLIC, *many, *few]).tasks == [*many[6:], *few[:2]]


def test_what_is_in_use_stays() -> None:
    used = InUse(ids(*PUBLIC[1:]), ids(*INNER), ids(*INNER))
    more = [subnet("13", "c"), subnet("04", "c", "igw")]
    found = chosen([*PUBLIC, *INNER, *CLOSED, *more], used)
    assert (found.public, found.tasks, found.database) == (PUBLIC[1:], INNER, INNER)
    assert found.spare == [more[0]]


def test_closed_subnets_in_use_stay_when_others_get_a_way_out() -> None:
    found = chosen([*PUBLIC, *INNER, *CLOSED], InUse(tasks=ids(*CLOSED)))
    assert (found.tasks, found.way_out) == (CLOSED, False)


def test_subnets_that_lead_elsewhere_now_are_left() -> None:
    lost = replace(INNER[1], leads="igw")
    more = subnet("13", "c")
    assert chosen([*PUBLIC, INNER[0], lost, more], InUse(tasks=ids(*INNER))).tasks == [INNER[0], more]
    gone = InUse(balancer=ids(*PUBLIC[:2]), database=ids(*INNER))
    found = chosen([PUBLIC[1], PUBLIC[2], INNER[0], more], gone)
    assert (found.public, found.database) == ([PUBLIC[1], PUBLIC[2]], [INNER[0], more])


def test_named_subnets_come_before_others_and_the_database_stays() -> None:
    used = InUse(ids(*PUBLIC[:2]), ids(*INNER), ids(*CLOSED))
    more = [subnet("13", "a"), subnet("14", "b")]
    named = {"private": [one.id for one in more]}
    found = chosen([*PUBLIC, *INNER, *CLOSED, *more], used, subnets=named)
    assert (found.public, found.tasks, found.database) == (PUBLIC[:2], more, [*more, *CLOSED])


@pytest.mark.parametrize(
    ("tier", "named", "egress", "words"),
    [
        ("public", [PUBLIC[0], PUBLIC[2]], "none", "both|all in eu-west-1a"),
        ("public", [PUBLIC[0], INNER[1]], "none", "no route to an internet gateway"),
        ("private", PUBLIC[:2], "none", 'leads to an internet gateway.*or set network.egress = "public"'),
        ("private", PUBLIC[:2], "public", "name private subnets$"),
        ("private", [replace(INNER[0], place="local-zone")], "none", "a local zone, where Fargate"),
        ("private", [replace(INNER[0], place="outpost")], "none", "on an Outpost, where Fargate"),
    ],
)
def test_named_subnets_that_cannot_be_used_are_refused(tier: str, named: list[Subnet], egress: str, words: str) -> None:
    subnets = {tier: [one.id for one in named]}
    others = [one for one in (*PUBLIC, *INNER) if one.id not in ids(*named)]
    with pytest.raises(ConfigurationError, match=rf"network.subnets.{tier} has .*({words})"):
        chosen([*others, *named], subnets=subnets, egress=egress)
