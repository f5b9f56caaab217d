"""Notes on a configuration whose tasks do not fit: at first, in a deployment, when scaled out."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.config import group_rules, models, network, room, tables
from provisioner.config.instances import Size
from provisioner.config.models import Config
from provisioner.steps.endpoints import INTERFACE_SERVICES
from provisioner.steps.security_groups import HTTPS

WEB = {"image": "nginx:1", "port": 80}
LARGE = {"c5.large": Size(2048, 4096, 3)}


def configured(number: int = 1, *, most: int = 5, types: tuple[str, ...] = ("c5.large",), **service: Any) -> Config:
    services = {f"s{n}": {**WEB, "launch": "ec2", "scaling": {"max": 1}, **service} for n in range(number)}
    return Config.model_validate({"services": services, "capacity": {"max": most, "instance_types": types}})


def told(config: Config, types: dict[str, Size] = LARGE) -> list[str]:
    return [*room.warnings(config, types)]


def test_the_numbers_are_those_of_the_steps() -> None:
    assert len(INTERFACE_SERVICES) == network.ENDPOINTS
    single = {**WEB, "deployment": {"min_percent": 0, "max_percent": 100}}
    services = Config.model_validate({"services": {"web": WEB, "beat": single}}).services
    assert [services[name].during_deployment(100) for name in ("web", "beat")] == [200, 100]
    assert HTTPS == 443


def test_the_sample_has_room() -> None:
    import tomllib

    config = Config.model_validate(tomllib.loads(models.SAMPLE.read_text()))
    types = dict.fromkeys(config.capacity.instance_types, LARGE["c5.large"])
    assert room.too_many_tasks(config, types) == ""
    assert told(config, types) == []


# -- instances


def test_more_tasks_than_the_largest_group_can_run() -> None:
    text = room.too_many_tasks(configured(14, cpu=1024), LARGE)
    assert text.startswith(
        'capacity.max is 5, but the services with launch = "ec2" begin with 14 tasks of 14336 CPU units and 7168 MiB '
        "in all (count), which need 7 instances or more: one has 2048 CPU units, 4096 MiB and room for 10 tasks. "
    )
    assert "Set capacity.max = 14, which is enough for a deployment too, use larger capacity.instance_types" in text
    assert room.too_many_tasks(configured(10, cpu=1024), LARGE) == ""
    assert room.too_many_tasks(configured(14, cpu=1024, launch="fargate", memory=2048), LARGE) == ""


def test_the_number_to_begin_with_counts() -> None:
    assert room.too_many_tasks(configured(1, cpu=1024, count=11, scaling={"max": 20}), LARGE)
    assert not room.too_many_tasks(configured(1, cpu=1024, count=10, scaling={"max": 20}), LARGE)
    assert room.too_many_tasks(configured(1, cpu=1024, scaling={"min": 11, "max": 20}), LARGE)


def test_interfaces_count_with_trunking_and_without() -> None:
    small: dict[str, Any] = {"cpu": 128, "memory": 128}
    assert room.too_many_tasks(configured(51, **small), LARGE)
    assert not room.too_many_tasks(configured(50, **small), LARGE)
    assert room.too_many_tasks(configured(11, types=("c5n.large",), **small), {"c5n.large": Size(2048, 5376, 3)})
    off = configured(11, **small).model_copy(update={"account": tables.Account(trunking=False)})
    assert not room.too_many_tasks(off, LARGE), "the account may have it on"
    assert "hardly enough" in told(off)[0]


def test_what_the_larger_type_might_hold_is_told_and_not_refused() -> None:
    types = {"c5.large": LARGE["c5.large"], "c5.xlarge": Size(4096, 8192, 4)}
    config = configured(14, cpu=1024, types=tuple(types))
    assert room.too_many_tasks(config, types) == ""
    assert "hardly enough for 14 tasks" in told(config, types)[0]
    assert "set 7, or 14 to replace all at once" in told(config, types)[0]


def test_no_room_for_a_deployment() -> None:
    assert told(configured(10, cpu=1024)) == [
        "capacity.max = 5 has no room for one task more of services."
        + ", services.".join(f"s{n}" for n in range(10))
        + ", without which no deployment of it can go on: set 10, which is enough to replace all at once"
    ]
    assert told(configured(9, cpu=1024)) == [
        "capacity.max = 5 has no room to replace all tasks at once, so that deployments take longer: set 9"
    ]
    assert told(configured(5, cpu=1024)) == []


def test_no_room_for_what_scaling_allows() -> None:
    assert told(configured(2, cpu=1024, scaling={"max": 10})) == [
        "capacity.max = 5 has no room for all tasks that services.*.scaling.max allows: set 10, or lower scaling.max"
    ]


def test_types_without_trunking_are_told_with_what_they_hold() -> None:
    types = {"c5n.large": Size(2048, 5376, 3), "t3.large": Size(2048, 8192, 3)}
    assert told(configured(1, types=tuple(types)), types) == [
        f"capacity.instance_types: {name} has no ENI trunking (ECS developer guide), so that an instance runs 2 tasks "
        f"at most: use another type, such as c5.large, which runs 10"
        for name in types
    ]
    assert told(configured(1, launch="fargate", types=tuple(types)), types) == []


def test_where_aws_does_not_say_what_a_type_has_nothing_is_told() -> None:
    assert told(configured(100), {}) == []


# -- addresses and targets


def test_addresses_for_a_deployment_and_for_what_scaling_allows() -> None:
    def small(count: int, most: int, **more: Any) -> Config:
        services = {"web": {**WEB, "count": count, "scaling": {"max": most}, **more}}
        return Config.model_validate({"network": {"cidr": "10.0.0.0/20"}, "services": services})

    assert told(small(364, 364)) == []
    (text,) = told(small(365, 365))
    assert text == (
        "network.cidr: the private subnets of 10.0.0.0/20 have 729 addresses for 730 tasks while all are replaced, and "
        "tasks beyond that fail to start: lower services.*.scaling.max, or raise network.zones"
    )
    assert "for 730 tasks at scaling.max while all are replaced, and" in told(small(1, 365))[0]
    assert (
        "for 720 tasks at scaling.max while all are replaced and 10 interfaces of instances"
        in (told(small(1, 360, launch="ec2"), {})[0])
    )


@pytest.mark.parametrize(("services", "tasks"), [(50, 10), (100, 5)])
def test_targets_of_a_load_balancer(services: int, tasks: int) -> None:
    def public(most: int) -> Config:
        each = {**WEB, "public": True, "scaling": {"max": most}}
        table = {f"s{n}": {**each, "path": f"/{n}"} for n in range(services)}
        return Config.model_validate({"services": table})

    assert told(public(tasks)) == []
    (text,) = told(public(tasks + 1))
    assert text.startswith(f"services.*.scaling.max (or count) allows {services * (tasks + 1) * 2} public tasks")
    assert "1000 targets: lower it, or request more of the quota L-7E6692B2" in text


# -- rules of security groups


def rules(most: int = 60, **tables: Any) -> list[str]:
    config = {"services": {"web": WEB}, "dns": {"domain": "example.com"}, **tables}
    return [*group_rules.problems(Config.model_validate(config), most)]


def test_more_sources_than_a_group_takes() -> None:
    network = {"allow": [f"10.{n}.0.0/16" for n in range(31)]}
    (text,) = rules(network=network)
    assert text == (
        "network.allow has 31 sources, which take 62 rules (ports 80 and 443 of each), and a security group has 60: "
        "use 30 or fewer, such as larger networks, or request an increase of the quota L-0EA8095F of VPC"
    )
    assert rules(62, network=network) == []
    assert rules(network=network, dns={}) == [], "without HTTPS there is one port"


def test_more_ports_than_a_group_takes() -> None:
    public = {f"s{n}": {**WEB, "port": 80 + n, "public": True, "path": f"/{n}"} for n in range(61)}
    (text,) = rules(services=public)
    assert text.startswith("services.*.port has 61 values in public services")
    called = {f"s{n}": {**WEB, "port": 80 + n} for n in range(58)}
    web = {**WEB, "calls": [*called], "database": True}
    (text,) = rules(services={**called, "web": web}, database={})
    assert text.startswith("services.web.calls leads to 58 ports, which takes up to 61 rules of its security group")
    assert rules(services={**called, "web": {**web, "database": False}}) == []


@pytest.mark.parametrize(
    ("services", "most"),
    [
        ({"web": WEB}, 2),
        ({f"s{n}": {**WEB, "database": True} for n in range(62)}, 62),
        ({**{f"s{n}": {**WEB, "calls": ["api"]} for n in range(60)}, "api": WEB}, 61),
        ({**{f"s{n}": WEB for n in range(60)}, "api": {**WEB, "calls": [f"s{n}" for n in range(60)]}}, 62),
    ],
)
def test_the_largest_group_is_known_beforehand(services: dict[str, Any], most: int) -> None:
    assert (
        group_rules.largest(
            Config.model_validate({"services": services, "network": {"allow": ["my-ip"]}, "database": {}})
        )
        == most
    )
