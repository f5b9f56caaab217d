"""Runs limited to a step: for every step, neither direction leaves anything half made."""

from __future__ import annotations

import pytest

from provisioner.engine.declaration import STEPS, Declared
from provisioner.engine.errors import ConfigurationError, Protected
from provisioner.engine.planning import target
from provisioner.engine.records.consistency import dependents
from provisioner.operations.planning import request_checks
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.rds.database import DbCluster
from provisioner.state.model import Record
from tests.unit.steps.test_service_steps import declared

DECLARED = declared(
    web={"image": "web:1", "port": 80, "public": True, "launch": "ec2", "calls": ["api"]},
    api={"image": "api:1", "port": 8080, "database": True, "scaling": {"cpu": 70}},
).declared


def record(item: Declared) -> Record:
    needs = list(dict.fromkeys(need.address for need in item.dependencies))
    return Record(
        item.address, item.resource.type_name, "ready", "", item.address, item.resource.fields(), {}, needs, item.step
    )


RECORDS = {address: record(item) for address, item in DECLARED.items()}


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_step_upwards_brings_all_that_it_needs(step: str) -> None:
    steps = target.step_and_dependencies(STEPS, step)
    limited = target.limited(DECLARED, steps)
    assert step in steps
    assert all(need.address in limited for item in limited.values() for need in item.dependencies)
    assert {item.step for item in limited.values()} <= steps
    assert [a for a, item in DECLARED.items() if item.step in steps] == list(limited)


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_step_downwards_takes_all_that_is_built_on_it(step: str) -> None:
    going = target.step_and_dependents(RECORDS, step)
    assert [a for a in going if RECORDS[a].step == step] == [a for a in RECORDS if RECORDS[a].step == step]
    assert not any(set(RECORDS[a].dependencies) & set(going) for a in RECORDS.keys() - set(going))
    for address in going:
        assert RECORDS[address].step == step or set(RECORDS[address].dependencies) & set(going)


def recorded(address: str, id: str, *needs: str) -> Record:
    return Record(address, address.partition("/")[0], "ready", "", id, {}, {}, [*needs], "network")


def test_a_renamed_resources_dependents_need_both_its_records() -> None:
    records = [recorded("vpc/old", "vpc-1"), recorded("vpc/new", "vpc-1"), recorded("subnet/a", "subnet-1", "vpc/old")]
    assert dependents({record.address: record for record in records}) == {
        "vpc/old": ["subnet/a"],
        "vpc/new": ["subnet/a"],
        "subnet/a": [],
    }


def test_a_second_record_makes_no_circle_of_needs() -> None:
    records = [
        recorded("role/old", "name"),
        recorded("role/new", "name", "box/user"),
        recorded("box/user", "box-1", "role/old"),
    ]
    assert dependents({record.address: record for record in records}) == {
        "role/old": ["box/user"],
        "role/new": [],
        "box/user": ["role/new"],
    }


def test_the_database_does_not_bring_the_containers() -> None:
    assert target.step_and_dependencies(STEPS, "database") == {
        "network",
        "security_groups",
        "secrets",
        "service_roles",
        "database",
    }
    assert {RECORDS[a].step for a in target.step_and_dependents(RECORDS, "services")} == {"services", "scaling"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("databse", 'no step "databse"; did you mean "database"? The steps are account, '),
        ("x", 'no step "x"; choose from account, '),
    ],
)
def test_an_unknown_step_is_told_with_the_list_and_the_nearest(wrong: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        request_checks.check_target(wrong)
    assert said in str(caught.value)
    assert all(step in str(caught.value) for step in STEPS)


def test_a_step_that_is_only_recorded_can_still_go() -> None:
    old = Record("vpc/old", "vpc", "ready", "", "vpc-1", step="former")
    request_checks.check_target("former", [old])
    with pytest.raises(ConfigurationError):
        request_checks.check_target("former")
    request_checks.check_target(None)


def test_what_is_protected_says_so_and_what_to_run() -> None:
    assert DbCluster.protected({"deletion_protection": True})
    assert not LoadBalancer.protected({"deletion_protection": False})
    assert not LoadBalancer.protected({})
    said = str(Protected(["db_cluster/main", "load_balancer/main"], "`provision down --env prod --unprotect`"))
    assert "db_cluster/main and load_balancer/main are protected" in said
    assert "run `provision down --env prod --unprotect`" in said
