"""The parts of a stack that `sleep` deletes, its refusals, and the parts that `wake` creates again."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.engine.errors import ConfigurationError
from provisioner.operations.overrides import sleep_parts, wake_order
from provisioner.operations.sizing import sleep_effects
from provisioner.state.model import Record

ARN = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/shop/ab12"
NAME = "shop-1.eu-west-1.elb.amazonaws.com"
ZONE = "Z32O12XQLNTSW2"


def record(address: str, id: str, arguments: dict[str, Any], needs: list[str] | None = None, **outputs: str) -> Record:
    return Record(address, address.partition("/")[0], "ready", "", id, arguments, dict(outputs), needs or [])


def alias(name: str, to: str) -> dict[str, Any]:
    target = {"HostedZoneId": ZONE, "DNSName": to, "EvaluateTargetHealth": False}
    return {"hosted_zone_id": "Z1", "record_name": name, "type": "A", "alias_target": target}


def stack(*more: Record) -> dict[str, Record]:
    names = {"dns_name": NAME, "canonical_hosted_zone_id": ZONE, "arn_suffix": "app/shop/ab12"}
    listener = ARN.replace("loadbalancer", "listener") + "/cd34"
    found = [
        record("vpc_endpoint/logs", "vpce-1", {"vpc_endpoint_type": "Interface"}),
        record("vpc_endpoint/s3", "vpce-2", {"vpc_endpoint_type": "Gateway"}),
        record("elastic_ip/nat-a", "eipalloc-1", {}, public_ip="192.0.2.1"),
        record("elastic_ip/own", "eipalloc-2", {}, public_ip="192.0.2.11"),
        record("nat_gateway/a", "nat-1", {"subnet_id": "subnet-1", "allocation_id": "eipalloc-1"}),
        record(
            "route_table/private",
            "rtb-1",
            {"vpc_id": "vpc-1", "subnet_ids": [], "routes": {"0.0.0.0/0": "nat-1", "::/0": "eigw-1"}},
        ),
        record(
            "load_balancer/main",
            ARN,
            {"load_balancer_name": "shop", "subnets": ["subnet-1"], "security_groups": ["sg-1"]},
            [],
            **names,
        ),
        record(
            "listener/https",
            listener,
            {"load_balancer_arn": ARN, "port": 443, "protocol": "HTTPS", "default_actions": []},
            ["load_balancer/main"],
        ),
        record("target_group/web", "arn:target", {"target_group_name": "shop-web"}),
        record("record_set/www", "Z1|www|A", alias("www.example.com", NAME), ["load_balancer/main"]),
        record("record_set/other", "Z1|other|A", alias("other.example.com", "other-1.eu-west-1.elb.amazonaws.com")),
        record("alarm/errors", "errors", {"alarm_name": "errors", "dimensions": {"LoadBalancer": "app/shop/ab12"}}),
        *more,
    ]
    return {one.address: one for one in found}


def test_a_part_is_what_is_nothing_without_it() -> None:
    assert sleep_parts.going(stack(), "endpoints") == ["vpc_endpoint/logs"]
    assert sleep_parts.going(stack(), "nat") == ["nat_gateway/a", "elastic_ip/nat-a"]
    assert sleep_parts.going(stack(), "balancer") == ["load_balancer/main", "listener/https", "record_set/www"]
    split = sleep_effects.split(stack(), ["nat", "endpoints"])
    assert split.kept == ("elastic_ip/own", "load_balancer/main")


def test_what_follows_is_told_by_references() -> None:
    found = sleep_parts.remembered(stack(), ["nat", "balancer"])
    assert sleep_parts.references({"sleeping_part/nat": found["sleeping_part/nat"]}) == {
        "nat_gateway/a": {"allocation_id": "${elastic_ip/nat-a:id}"},
        "route_table/private": {"routes": {"0.0.0.0/0": "${nat_gateway/a:id}", "::/0": "eigw-1"}},
    }
    assert "${" not in repr(found)
    told = sleep_parts.references({"sleeping_part/balancer": found["sleeping_part/balancer"]})
    assert told["listener/https"] == {"load_balancer_arn": "${load_balancer/main:id}"}
    assert told["alarm/errors"] == {"dimensions": {"LoadBalancer": "${load_balancer/main:arn_suffix}"}}
    assert told["record_set/www"]["alias_target"]["DNSName"] == "${load_balancer/main:dns_name}"
    assert told["record_set/www"]["alias_target"]["HostedZoneId"] == ZONE
    assert told.keys() == {"listener/https", "alarm/errors", "record_set/www"}
    (table,) = sleep_parts.asleep(stack() | found).values()
    assert table.resource.fields()["routes"] == {"::/0": "eigw-1"}


def test_what_was_told_first_stays_after_a_kill() -> None:
    whole = sleep_parts.remembered(stack(), ["balancer"])
    rest = {a: one for a, one in stack().items() if not a.startswith("listener/")}
    assert sleep_parts.remembered({**rest, **whole}, ["balancer"]) == whole
    rest = {a: one for a, one in stack().items() if a != "nat_gateway/a"}
    assert sleep_parts.going({**rest, **sleep_parts.remembered(stack(), ["nat"])}, "nat") == ["elastic_ip/nat-a"]


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("target_group/odd", {"target_group_name": NAME}),
        ("task_definition/web", {"family": "web", "container_definitions": [{"command": [f"https://{NAME}/"]}]}),
    ],
)
def test_what_cannot_follow_keeps_the_balancer(address: str, fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"--balancer: {address} is made with .*Sleep without --balancer"):
        sleep_parts.remembered(stack(record(address, "one", fields)), ["balancer"])


def test_a_name_that_was_taken_over_stays() -> None:
    former = [{"Name": "www.example.com.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.9"}]}]
    records = stack()
    records["record_set/www"].outputs["former_records"] = former
    with pytest.raises(ConfigurationError, match="record_set/www was taken over"):
        sleep_parts.remembered(records, ["balancer"])


def test_wake_makes_nothing_but_what_sleep_deletes() -> None:
    found = sleep_parts.remembered(stack(), ["balancer"])["sleeping_part/balancer"]
    role = record("role/admin", "admin", {"role_name": "admin"})
    found.arguments["records"]["role/admin"] = role.row()
    unknown = Record("sleeping_part/all", "sleeping_part", "ready", "", arguments=found.arguments)
    known = {"sleeping_part/balancer": found, unknown.address: unknown}
    assert wake_order.deleted(known).keys() == {"load_balancer/main", "listener/https", "record_set/www"}


def test_each_is_made_after_what_it_means() -> None:
    records = stack()
    gone = sleep_parts.going(records, "balancer")
    del records["alarm/errors"]
    there = {a: one for a, one in records.items() if a not in gone} | sleep_parts.remembered(records, ["balancer"])
    declared = wake_order.returning(there, {})
    order = [*declared]
    assert order.index("load_balancer/main") < order.index("listener/https")
    waits = {a: [(one.address, one.ready) for one in item.dependencies] for a, item in declared.items()}
    assert waits["listener/https"] == [("load_balancer/main", False)]
    assert waits["record_set/www"] == [("load_balancer/main", True)]
