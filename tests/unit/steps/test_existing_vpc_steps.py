"""Steps in a VPC that was there: rules for each range of addresses, and no private zone in another account's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from provisioner import Stack
from provisioner.config.facts import ExistingVpc
from provisioner.config.models import Config
from provisioner.steps.stack import run
from tests.unit.steps.test_service_steps import FACTS, egress, ingress

VPC = "vpc-0123456789abcdef0"
RANGES = ("10.0.0.0/16", "100.64.0.0/16")
THERE = ExistingVpc(
    VPC,
    RANGES[0],
    ("a", "b"),
    ("subnet-1", "subnet-2"),
    ("subnet-3", "subnet-4"),
    ("subnet-5", "subnet-6"),
    way_out=False,
    of_tasks=RANGES[1:],
    of_endpoints=RANGES,
)
SERVICES: dict[str, Any] = {
    "web": {"image": "nginx:1", "port": 80, "calls": ["api"]},
    "worker": {"image": "nginx:1", "port": 81, "calls": ["api"], "database": True},
    "api": {"image": "nginx:1", "port": 82},
}


def declared(vpc: ExistingVpc, **facts: Any) -> Stack:
    config = {"services": SERVICES, "network": {"vpc": VPC}, "database": {}}
    return run(Config.model_validate(config), replace(FACTS, vpc=vpc, **facts))


def test_tasks_reach_endpoints_in_each_range_of_the_vpc() -> None:
    assert {peer for port, peer in egress(declared(THERE), "api") if port == 443} == {*RANGES, "pl-1"}


def test_a_full_group_lets_in_the_ranges_of_the_tasks() -> None:
    stack = declared(THERE, group_rules=1)
    assert ingress(stack, "api") == {(82, RANGES[1])}


def test_a_vpc_of_another_account_has_no_private_zone() -> None:
    assert {"hosted_zone/private", "record_set/database"} <= {*declared(THERE).declared}
    shared = declared(replace(THERE, owner="210987654321"))
    assert not {"hosted_zone/private", "record_set/database"} & {*shared.declared}
    assert "db_cluster/main" in shared.declared
