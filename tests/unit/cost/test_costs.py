"""Costs of a stack: each type has costs or is free, the sums, the loads, and Regions without prices."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from provisioner.config.models import SAMPLE, Config
from provisioner.config.stack_file import load
from provisioner.config.volumes import Volume
from provisioner.cost import estimate, table
from provisioner.cost.estimate import Estimate
from provisioner.cost.free import FREE
from provisioner.cost.load import MEASURES, read
from provisioner.engine.costs import HOURS, Around
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import Resource
from provisioner.operations.impact import costs, savings
from provisioner.render import cost as show
from provisioner.steps import offline, stack
from tests.unit.conftest import Run
from tests.unit.cost import cost_page

TOKYO = "ap-northeast-1"
NOWHERE = Path("/nonexistent")
FARGATE = [{"capacityProvider": "FARGATE", "weight": 1, "base": 1}]


def says(resource_type: type[Resource]) -> bool:
    return resource_type.costs.__func__ is not Resource.costs.__func__  # type: ignore[attr-defined]


def priced(settings: Mapping[str, Mapping[str, Any]], region: str = TOKYO, **load: float) -> Estimate:
    return estimate.estimate(settings, table.load(region), load)


def changed(config: Config, name: str, **values: Any) -> Config:
    return config.model_copy(update={name: getattr(config, name).model_copy(update=values)})


# -- the types and the table -------------------------------------------------------------------------------------------


def test_each_type_says_what_it_costs_or_is_free(shipped_types: Mapping[str, type[Resource]]) -> None:
    both = [one.type_name for one in shipped_types.values() if says(one) == (one.type_name in FREE)]
    assert both == []
    assert {*FREE} - {one.type_name for one in shipped_types.values()} == set()
    assert all(FREE.values())


def test_the_costing_modules_are_those_of_the_types(shipped_types: Mapping[str, type[Resource]]) -> None:
    modules = {one.type_name: inspect.getmodule(one).__name__ for one in shipped_types.values() if says(one)}  # type: ignore[union-attr]
    assert {name: f"provisioner.resources.{module}" for name, module in costs.COSTING.items()} == modules


def test_each_price_has_a_source_with_a_date() -> None:
    shipped = table.shipped()
    used = set()
    for prices in shipped["regions"].values():
        for key, (amount, source) in prices.items():
            assert key in shipped["keys"] or key.startswith(("ec2.", "rds.mysql.", "rds.postgres.", "valkey.")), key
            assert amount > 0, key
            used.add(source)
    assert used == shipped["sources"].keys()
    for told in shipped["sources"].values():
        assert told["what"]
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", told["date"])
        assert told["date"] <= shipped["version"]


def test_each_commercial_region_has_each_price() -> None:
    assert table.regions() == sorted(boto3.Session().get_available_regions("ec2"))
    for region in table.regions():
        known = table.load(region)
        assert known.products.keys() - known.prices.keys() == set(), region
        types = {key for key in known.prices if key.startswith("ec2.")}
        assert {"ec2.t3.micro", "ec2.t4g.micro"} & types, region


def test_the_sample_is_priced_in_each_region_that_has_its_type() -> None:
    config = load(SAMPLE)
    settings = estimate.declared(stack.run(config, offline.facts(config)).declared)
    lacking = {
        region: found.missing
        for region in table.regions()
        if (found := estimate.estimate(settings, table.load(region), dict.fromkeys(MEASURES, 1.0))).missing
    }
    newest = ("ap-east-2", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "mx-central-1")
    assert lacking == dict.fromkeys(newest, ("ec2.c5.large",))  # they have no c5


def test_each_key_that_a_type_names_is_in_the_table() -> None:
    config = load(SAMPLE)
    everything = changed(changed(config, "network", egress="nat"), "load_balancer", access_logs=True)
    known = table.load(TOKYO).products
    for one in (config, everything):
        found = costs.of_config(one, NOWHERE)
        for line in (*found.lines, *found.loads):
            assert line.price in known or line.price.startswith(("ec2.", "valkey.")), line


# -- the sums ----------------------------------------------------------------------------------------------------------


def test_the_sample_costs_what_its_parts_do() -> None:
    found = costs.of_config(changed(load(SAMPLE), "logs", insights=True), NOWHERE)
    parts = found.by_address
    assert parts["vpc_endpoint/ssm"].usual == pytest.approx(3 * 0.014 * HOURS)
    assert parts["load_balancer/main"].usual == pytest.approx((0.0243 + 3 * 0.005) * HOURS)
    assert parts["db_cluster/main"] == pytest.approx((0, 0.5 * 0.15 * HOURS, 4 * 0.15 * HOURS))
    assert parts["cluster/main"].usual == pytest.approx(0.3 * (11 + 2 * 21))
    assert found.sums.usual == pytest.approx(sum(one.usual for one in parts.values()))
    assert found.sums.hour == pytest.approx(found.sums.usual / HOURS)
    assert found.sums.idle < found.sums.usual < found.sums.most
    assert found.missing == ()


def test_one_acu_more_costs_110_a_month() -> None:
    config = load(SAMPLE)
    before, after = (costs.of_config(changed(config, "database", min_acu=acu), NOWHERE) for acu in (0, 1))
    assert after.sums.idle - before.sums.idle == pytest.approx(109.5)
    assert after.sums.most == before.sums.most


def test_each_instance_of_a_database_has_its_own_capacity() -> None:
    config = changed(load(SAMPLE), "database", min_acu=1)
    one, three = (costs.of_config(changed(config, "database", readers=n), NOWHERE) for n in (0, 2))
    assert three.by_address["db_cluster/main"].usual == pytest.approx(3 * one.by_address["db_cluster/main"].usual)


@pytest.mark.parametrize(
    ("strategy", "number", "full"),
    [
        (FARGATE, 4, 4),
        ([*FARGATE, {"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}], 4, 3),
        ([{"capacityProvider": "FARGATE_SPOT", "weight": 1}], 4, 0),
        (FARGATE, 0, 0),
    ],
)
def test_the_base_and_a_share_are_at_the_full_price(strategy: list[Any], number: int, full: int) -> None:
    service = {"desired_count": number, "capacity_provider_strategy": strategy}
    found = priced({"service/a": service, "task_definition/a": {"cpu": "1024", "memory": "2048"}})
    lines = {line.guess: 0.0 for line in found.lines}
    for line in found.lines:
        lines[line.guess] += line.sums.usual
    each = (0.05056 + 2 * 0.00553) * HOURS
    assert lines.get(False, 0.0) == pytest.approx(full * each)
    assert lines.get(True, 0.0) == pytest.approx((number - full) * each * 0.33)


def test_arm_tasks_have_their_own_price() -> None:
    task = {"cpu": "1024", "memory": "1024", "runtime_platform": {"cpuArchitecture": "ARM64"}}
    found = priced(
        {"service/a": {"desired_count": 1, "capacity_provider_strategy": FARGATE}, "task_definition/a": task}
    )
    assert {line.price for line in found.lines} == {"fargate.arm.vcpu", "fargate.arm.gb"}


def test_a_disk_costs_beyond_20_gib_and_alike_on_spot() -> None:
    strategy = [*FARGATE, {"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    task = {"cpu": "1024", "memory": "2048", "ephemeral_storage": {"sizeInGiB": 30}}
    service = {"desired_count": 4, "capacity_provider_strategy": strategy}
    found = priced({"service/a": service, "task_definition/a": task})
    (line,) = (one for one in found.lines if one.price == "fargate.storage")
    assert line.sums.usual == pytest.approx(4 * 10 * 0.000133 * HOURS)
    assert not line.guess
    run = {"schedule/a": {}, "task_definition/a": task}
    assert [one.what for one in priced(run).loads if one.price == "fargate.storage"] == [
        "an hour of a run of a, 10 GB of disk beyond 20"
    ]


def test_instances_are_as_many_as_the_tasks_need() -> None:
    group = {
        "max_size": 9,
        "mixed_instances_policy": {
            "LaunchTemplate": {"Overrides": [{"InstanceType": "c5.large"}]},
            "InstancesDistribution": {"OnDemandPercentageAboveBaseCapacity": 100},
        },
    }
    settings: dict[str, dict[str, Any]] = {
        "auto_scaling_group/main": group,
        "service/a": {"desired_count": 3, "capacity_provider_strategy": [{"capacityProvider": "asg-x", "weight": 1}]},
        "scalable_target/a": {"min_capacity": 1, "max_capacity": 20},
        "task_definition/a": {"cpu": "1024", "memory": "1024"},
    }
    (line,) = (one for one in priced(settings).lines if one.price == "ec2.c5.large")
    assert line.sums == pytest.approx([n * 0.107 * HOURS for n in (1, 2, 9)])
    assert not line.guess


def test_a_sleeping_stack_keeps_what_does_not_sleep() -> None:
    config = load(SAMPLE)
    awake, asleep = (costs.of_config(config, NOWHERE, asleep=one).by_address for one in (False, True))
    assert asleep["vpc_endpoint/ssm"] == awake["vpc_endpoint/ssm"]
    assert asleep["db_cluster/main"].usual == asleep["auto_scaling_group/main"].usual == 0
    assert "service/backend" not in asleep


def test_what_has_no_price_is_named_and_not_guessed() -> None:
    config = changed(load(SAMPLE), "capacity", instance_types=["c4.large"])
    found = costs.of_config(config, NOWHERE)
    assert found.missing == ("ec2.c4.large",)
    (line,) = (one for one in found.lines if one.price == "ec2.c4.large")
    assert (line.unit_price, line.sums) == (None, (0, 0, 0))
    (text,) = show.incomplete(found)
    assert "no price known in ap-northeast-1 for ec2.c4.large (auto_scaling_group/main): " in text
    assert "`provision cost --refresh --region ap-northeast-1` reads it, if AWS has it there, with pricing:" in text


def test_a_region_that_is_none_of_awss_is_refused() -> None:
    config = load(SAMPLE)
    with pytest.raises(ConfigurationError, match=r"no price known for xx-east-9: .* has AWS's \d+ commercial Regions"):
        costs.of_config(config.model_copy(update={"region": "xx-east-9"}), NOWHERE)
    with pytest.raises(ConfigurationError, match="Did you mean eu-west-1"):
        costs.of_config(config.model_copy(update={"region": "eu-wst-1"}), NOWHERE)


def test_what_others_declare_is_named_and_not_counted() -> None:
    found = priced({"AWS::SQS::Queue/jobs": {}, "own.topic/a": {}, "vpc/main": {}})
    assert found.unknown == ("AWS::SQS::Queue/jobs", "own.topic/a")


def test_settings_that_are_absent_are_survived(shipped_types: Mapping[str, type[Resource]]) -> None:
    everything = {f"{one.type_name}/main": dict[str, Any]() for one in shipped_types.values()}
    assert priced(everything).sums.usual > 0


# -- the load ----------------------------------------------------------------------------------------------------------


def test_a_load_is_counted_once_however_many_it_goes_through() -> None:
    groups = {f"log_group/{name}": {"retention_in_days": 30} for name in "abc"}
    found = priced(groups, "us-east-1", log_gb=40)
    assert found.sums.usual == pytest.approx(40 * 0.5 + 40 * 30 * 24 / HOURS * 0.03)
    assert found.loads == ()
    tokyo = table.load(TOKYO)
    one = replace(tokyo, prices={"logs.in": tokyo.prices["logs.in"]})
    told = {line.price: line.unit_price for line in estimate.estimate(groups, one).loads}
    assert told == {"logs.in": 0.76, "logs.store": None}


def test_a_load_says_how_much_capacity_is_usual() -> None:
    config = load(SAMPLE)
    two, many = (costs.of_config(config, NOWHERE, {"database_acu": acu}) for acu in (2, 100))
    assert two.by_address["db_cluster/main"].usual == pytest.approx(2 * 0.15 * HOURS)
    assert many.by_address["db_cluster/main"].usual == pytest.approx(4 * 0.15 * HOURS)


def test_requests_give_capacity_units_and_data(tmp_path: Path) -> None:
    file = tmp_path / "load.toml"
    file.write_text("requests_per_second = 50\nkb_per_response = 100\nlog_gb = 3\n")
    assert read(file) == {"log_gb": 3, "out_gb": pytest.approx(13140), "lcu_hours": pytest.approx(18 * HOURS)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("requests = 50", "there is no measure requests; there are requests_per_second"),
        ("log_gb = -1", "log_gb must be a number, 0 or more"),
        ("log_gb = true", "log_gb must be a number"),
        ("log_gb = inf", "log_gb must be a number"),
        ("log_gb", "it is not TOML"),
    ],
)
def test_a_wrong_load_is_refused(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "load.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        read(file)


def test_each_measure_is_one_that_a_type_names() -> None:
    config = changed(changed(load(SAMPLE), "load_balancer", access_logs=True), "dns", create_zone=True)
    volumes = config.model_copy(update={"volumes": {"media": Volume()}})
    others = [config, changed(config, "network", egress="nat"), volumes]
    named = {cost.load for one in others for cost in _lines(one)}
    assert named - {""} == {*MEASURES} - {"requests_per_second", "kb_per_response"}


def _lines(config: Config) -> Iterator[Any]:
    declared = stack.run(config, replace(offline.facts(config), public_zone_id=None)).declared
    around = Around(estimate.declared(declared))
    for address, item in declared.items():
        yield from item.resource.costs(address.partition("/")[2], item.resource.fields(), around)


@pytest.mark.slow
def test_the_page_says_what_the_command_does() -> None:
    text = cost_page.PAGE.read_text()
    assert cost_page.written(text) == text, "run `python -m tests.unit.cost.cost_page`"


# -- cheaper settings --------------------------------------------------------------------------------------------------


def test_a_hint_saves_what_the_changed_configuration_does() -> None:
    config = load(SAMPLE)
    found = {one.change: one.saves for one in savings.hints(config, NOWHERE)}
    fewer = costs.of_config(changed(config, "network", zones=2), NOWHERE)
    assert found["network.zones = 2"] == pytest.approx(costs.of_config(config, NOWHERE).sums.usual - fewer.sums.usual)
    assert found['network.egress = "nat"'] == pytest.approx(8 * 3 * 0.014 * HOURS - 0.067 * HOURS)
    assert [*found.values()] == sorted(found.values(), reverse=True)
    assert 'network.egress = "public"' not in found  # tasks on instances have no public addresses


# -- the command -------------------------------------------------------------------------------------------------------


def test_cost_says_the_same_as_json(here: Path, run: Run) -> None:
    code, out, err = run("cost")
    assert (code, err) == (0, "")
    code, text, _ = run("cost", "--json", "--hints")
    document = json.loads(text)
    assert code == 0
    assert document["usual"] == pytest.approx(sum(one["usual"] for one in document["resources"]), abs=0.01)
    assert f"{document['usual']:,.2f}" in next(line for line in out.splitlines() if line.startswith("together"))
    assert {one["price"] for one in document["loads"]} >= {"logs.in", "ecr.gb"}
    assert document["hints"]
    assert list(here.iterdir()) == [here / "stack.toml"]


def test_cost_of_another_region_names_what_it_does_not_know(here: Path, run: Run) -> None:
    with (here / "stack.toml").open("a") as file:
        file.write('launch = "ec2"\n[capacity]\ninstance_types = ["c4.large"]\n')
    code, out, _ = run("cost", "--region", "us-east-1")
    assert code == 0
    assert "Too low: no price known in us-east-1 for ec2.c4.large" in out
    code, _, err = run("cost", "--region", "mars-1")
    assert code == 4
    assert "no price known for mars-1" in err


def test_a_table_of_ones_own_wins_and_may_be_broken(here: Path, run: Run) -> None:
    place = here / ".provision"
    place.mkdir()
    told = {"amount": 99.0, "source": "a test", "date": "2026-11-29"}
    (place / table.OWN).write_text(json.dumps({"regions": {TOKYO: {"alb.hour": told}}}))
    assert table.load(TOKYO, place).prices["alb.hour"].amount == 99
    assert table.load(TOKYO, place).prices["endpoint.hour"].amount == 0.014
    (place / table.OWN).write_text('{"regions": []}')
    code, _, err = run("cost")
    assert code == 4
    assert "is not a table of prices" in err
