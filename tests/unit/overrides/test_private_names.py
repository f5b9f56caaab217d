"""The private names of a stack in an existing VPC: its own by default, and the former ones of a standing stack."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.operations.overrides.private_names import kept
from provisioner.state.model import Record

VPC = "vpc-0123456789abcdef0"
OWN = ("db.shop-dev.internal", "svc.shop-dev.internal")
FORMER = ("db.internal", "svc.internal")


def config(network: dict[str, Any], **dns: str) -> Config:
    services = {"web": {"image": "nginx:1", "port": 80}}
    return Config.model_validate({"project": "shop", "services": services, "network": network, "dns": dns})


def names(config: Config) -> tuple[str, str]:
    return config.dns.private_domain, config.dns.discovery_domain


def records(zone: str, namespace: str) -> dict[str, Record]:
    recorded = {
        "hosted_zone/private": {"hosted_zone_name": zone},
        "private_dns_namespace/main": {"namespace_name": namespace},
    }
    return {
        address: Record(address, address.partition("/")[0], "ready", "id", arguments=fields)
        for address, fields in recorded.items()
    }


@pytest.mark.parametrize(
    ("network", "dns", "wanted"),
    [
        ({}, {}, FORMER),
        ({"vpc": VPC}, {}, OWN),
        ({"vpc": VPC}, {"private_domain": "data.internal"}, ("data.internal", OWN[1])),
    ],
)
def test_in_an_existing_vpc_the_names_have_the_stacks(
    network: dict[str, Any], dns: dict[str, str], wanted: tuple[str, str]
) -> None:
    found = config(network, **dns)
    assert names(found) == wanted
    assert set(found.by_environment) == {
        key for key, value in zip(("dns.private_domain", "dns.discovery_domain"), wanted, strict=True) if value in OWN
    }


def test_a_stack_keeps_the_names_that_it_was_made_with() -> None:
    found, notices = kept(config({"vpc": VPC}), records(*FORMER))
    assert (names(found), len(notices)) == (FORMER, 2)
    assert kept(config({"vpc": VPC}), records(*OWN)) == (config({"vpc": VPC}), [])
    assert kept(config({"vpc": VPC}), {}) == (config({"vpc": VPC}), [])


def test_a_name_in_the_file_is_not_replaced() -> None:
    found, notices = kept(config({"vpc": VPC}, private_domain="data.internal"), records(*FORMER))
    assert (names(found), len(notices)) == (("data.internal", FORMER[1]), 1)
    assert kept(config({}), records(*OWN)) == (config({}), [])
