"""Paths of public services on a standing stack: their owners, kills at each write, drift, a lost state, the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecs_emulator import control
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import AtCall
from tests.cloud.project import Project
from tests.cloud.rehearsal.test_rehearse_routes import BOTH, WEB, services, stand
from tests.cloud.world.stood import stood

pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]

CLOSED = ["closed.invalid"]
SHOP = {**BOTH, "shop": ["/shop/*", "/cart"]}


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    with stood(cloud, tmp_path, stand) as here:
        yield here


def rules(here: Project) -> dict[str, tuple[list[str], str]]:
    """Return the values of each rule's condition, and the priority, by the names of its target groups."""
    elb = here.cloud.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    groups = {one["TargetGroupArn"]: one["TargetGroupName"] for one in elb.describe_target_groups()["TargetGroups"]}
    found = {}
    for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
        if not rule["IsDefault"]:
            shares = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
            name = " ".join(groups[one["TargetGroupArn"]].removeprefix("ecs-sample-dev-") for one in shares)
            found[name] = rule["Conditions"][0]["Values"], rule["Priority"]
    return found


def down(here: Project) -> list[tuple[str, str]]:
    """Return the URLs that were down since the watch began, and why."""
    return [(one["url"], one["why"]) for one in control.outages(here.cloud.process) if one["url"]]


def watch(here: Project, paths: dict[str, Any]) -> None:
    """Watch the URLs of the standing stack, and the paths that are to come."""
    owners = {path: name for name, some in paths.items() for path in ([some] if isinstance(some, str) else some)}
    control.watch(here.cloud.process, owners=owners)


def test_a_path_is_taken_when_its_service_is_ready(project: Project) -> None:
    project.write(services(SHOP, shop="count = 2\n"))
    watch(project, SHOP)
    standing = rules(project)["api"]
    ended = project.up()
    order = [event["address"] for event in ended.said("done")]
    assert order.index("service/shop") < order.index("listener_rule/shop-H")
    assert rules(project)["shop"][0] == ["/shop/*", "/cart"]
    assert rules(project)["api"] == standing, "no other rule is renumbered"
    assert project.planned() == {}
    assert down(project) == []


def test_a_service_that_fails_takes_no_path(project: Project) -> None:
    project.write(services(SHOP).replace("web:1", "web-exits-at-once:1").replace("web-exits-at-once:1", "web:1", 2))
    watch(project, SHOP)
    project.up(code=1)
    assert rules(project)["shop"][0] == CLOSED
    (planned,) = [item for address, item in project.planned().items() if address == "listener_rule/shop-H"]
    assert planned["later"].keys() == {"conditions"}
    # a lost state finds it as it is
    (project.state / "local" / "ecs-sample-dev" / "state.json").unlink()
    project.run("recover", "--yes")
    project.write(services(SHOP))
    project.up()
    assert rules(project)["shop"][0] == ["/shop/*", "/cart"]
    assert (project.planned(), down(project)) == ({}, [])


@pytest.mark.enumeration
@pytest.mark.timeout(1800)
def test_a_new_path_and_its_end_killed_after_each_write(project: Project) -> None:
    before = rules(project)
    for paths in (SHOP, BOTH, WEB):
        project.write(services(paths))
        watch(project, paths)
        hits = 0
        while AtCall(1, "after")(project, "up"):
            hits += 1
        assert hits > 3
        assert (project.planned(), down(project)) == ({}, [])
    assert rules(project) == {}
    project.write(services(BOTH))
    project.up()
    assert rules(project) == before


def test_a_rule_that_somebody_deleted_is_put_back_at_once(project: Project) -> None:
    elb, before = project.cloud.client("elbv2"), rules(project)
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    arn = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"][0]["RuleArn"]
    elb.delete_rule(RuleArn=arn)
    since = project.last_call()
    project.up()
    assert [one for one in project.writes(since) if one.startswith("elastic")] == ["elasticloadbalancing:CreateRule"]
    assert rules(project) == before


def test_a_longer_path_takes_nothing_from_paths_between(project: Project) -> None:
    project.write(services({"web": "/*", "api": "/a/*", "shop": "/a/b/*"}))
    project.up()
    longer = {"web": "/*", "api": "/a/b/c/*", "shop": "/a/b/*"}
    project.write(services(longer))
    watch(project, longer)
    while AtCall(1, "after", "elasticloadbalancing:ModifyRule")(project, "up"):
        assert down(project) == []
    assert rules(project)["api"][0] == ["/a/b/c/*"]
    assert (project.planned(), down(project)) == ({}, [])


def test_a_text_and_a_list_of_one_are_the_same(project: Project) -> None:
    project.write(services({"web": "/*", "api": ["/api/*"]}))
    assert project.planned() == {}
    project.write(services({"web": ["/*"], "api": ["/api/*", "/up"]}))
    planned = project.planned()
    assert planned.keys() == {"listener_rule/api-H"}
    assert planned["listener_rule/api-H"]["changes"].keys() == {"conditions"}
    watch(project, {"web": "/*", "api": ["/api/*", "/up"]})
    project.up()
    assert rules(project)["api"][0] == ["/api/*", "/up"]
    project.write(services(BOTH))
    project.up()
    assert rules(project)["api"][0] == ["/api/*"]
    assert (project.planned(), down(project)) == ({}, [])


def test_nothing_is_left_of_a_rule_without_a_path(project: Project) -> None:
    project.write(services(SHOP))
    assert AtCall(1, "after", "elasticloadbalancing:CreateRule")(project, "up")
    assert rules(project)["shop"][0] == CLOSED
    project.down()
    assert project.cloud.client("elbv2").describe_load_balancers()["LoadBalancers"] == []


def test_a_killed_wake_leaves_no_rule_without_its_path(project: Project) -> None:
    project.run("sleep", "--balancer", "--yes")
    assert AtCall(1, "after", "elasticloadbalancing:CreateListener")(project, "wake")
    project.run("wake", "--yes")
    assert rules(project)["api"][0] == ["/api/*"], "no part of a wake moves traffic later"
    assert project.planned() == {}
