"""Changes of resources that services use: new ones come first, and former ones go when nothing uses them any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import SMALL, Project

pytestmark = [pytest.mark.slow, world.EMPTY]
GROUPS = ("security_group/frontend", "security_group_egress/alb")
FAILS = ("frontend:1", "frontend-exits-at-once:1")


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    here = Project(cloud, tmp_path)
    here.write(SMALL)
    here.up()
    yield here
    here.close()


def ports(project: Project) -> tuple[list[int], list[int]]:
    """Return the ports that the service's group lets in, and the ports that the load balancer's group lets out."""
    found = project.cloud.client("ec2").describe_security_groups()["SecurityGroups"]
    groups = {group["GroupName"]: group for group in found}

    def told(name: str, rules: str) -> list[int]:
        return sorted(rule["FromPort"] for rule in groups[f"ecs-sample-dev-{name}"][rules])

    return told("frontend", "IpPermissions"), told("alb", "IpPermissionsEgress")


def weights(project: Project) -> dict[str, int]:
    """The target groups that the HTTPS listener forwards to, with their weights."""
    elb = project.cloud.client("elbv2")
    names = {
        group["TargetGroupArn"]: group["TargetGroupName"] for group in elb.describe_target_groups()["TargetGroups"]
    }
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    (action,) = next(one["DefaultActions"] for one in listeners if one["Port"] == 443)
    return {names[one["TargetGroupArn"]]: one["Weight"] for one in action["ForwardConfig"]["TargetGroups"]}


def later(planned: dict[str, dict[str, Any]]) -> set[str]:
    return {address for address, item in planned.items() if item["later"]}


def test_the_plan_tells_both_parts_and_both_are_made(project: Project) -> None:
    project.change("^port = 80$", "port = 81")
    planned = project.planned()
    assert later(planned) == {*GROUPS}
    for address, name in zip(GROUPS, ("ingress", "rules"), strict=True):
        ((old,), (new,)) = planned[address]["changes"][name].values()
        assert (old["FromPort"], new["FromPort"]) == (80, 81)
        both, after = planned[address]["later"][name].values()
        assert ([rule["FromPort"] for rule in both], [rule["FromPort"] for rule in after]) == ([81, 80], [81])
    shown = project.run("plan", code=2).out
    assert shown.count("when all that uses it is ready:") == 2
    ended = project.up()
    done = [event["address"] for event in ended.said("done") if event["result"] == "changed"]
    assert done.index("service/frontend") < min(map(done.index, GROUPS)), "each ends once, and these last"
    assert len(done) == len(set(done))
    assert ports(project) == ([81], [81])
    assert project.planned() == {}


def test_an_image_that_fails_keeps_the_former_tasks_within_reach(project: Project) -> None:
    project.change("^port = 80$", "port = 81")
    project.change(*FAILS)
    ended = project.up(code=1)
    assert ports(project) == ([80, 81], [80, 81])
    (kept,) = [event["text"] for event in ended.said("notice") if event["text"].startswith("kept")]
    assert all(address in kept for address in GROUPS)
    assert later(project.planned()) == {*GROUPS}
    project.change("^port = 81$", "port = 80")
    project.change(*FAILS[::-1])
    project.up()
    assert ports(project) == ([80], [80])
    assert project.planned() == {}


def test_recover_keeps_what_is_wider_than_declared(project: Project) -> None:
    project.change("^port = 80$", "port = 81")
    project.change(*FAILS)
    project.up(code=1)
    (project.state / "local" / "ecs-sample-dev" / "state.json").unlink()
    project.run("recover", "--yes")
    assert later(project.planned()) == {*GROUPS}
    project.up(code=1)
    assert ports(project) == ([80, 81], [80, 81]), "the tasks that run still listen on the former port"


def test_a_limited_run_takes_nothing_away(project: Project) -> None:
    project.change("^port = 80$", "port = 81")
    limited = ("--target-step", "security_groups")
    ended = project.run("up", "--yes", "--json", *limited)
    assert ports(project) == ([80, 81], [80, 81])
    assert any("--target-step" in event["text"] for event in ended.said("notice"))
    assert project.planned(*limited) == {}, "it has done what it can"
    project.up()
    assert ports(project) == ([81], [81])


def test_a_renamed_service_that_fails_moves_no_traffic(project: Project) -> None:
    project.change(r"\[services.frontend\]", "[services.front]")
    project.change(*FAILS)
    project.up(code=1)
    assert weights(project) == {"ecs-sample-dev-frontend": 1, "ecs-sample-dev-front": 0}
    services = project.cloud.client("ecs").describe_services(cluster="ecs-sample-dev", services=["frontend"])[
        "services"
    ]
    assert services[0]["runningCount"] == 1
    project.change(*FAILS[::-1])
    project.up()
    assert weights(project) == {"ecs-sample-dev-front": 1}
    assert project.planned() == {}
