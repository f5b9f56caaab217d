"""Changes of `egress` on a standing stack, which never cut tasks off, and a task that cannot reach ECR."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.project import SMALL as PUBLIC
from tests.cloud.project import Project, project

pytestmark = [pytest.mark.slow, world.EMPTY]

__all__ = ["project"]
PRIVATE = PUBLIC.replace("public = true\n", "")
WAYS = ("none", "nat", "nat-per-zone", "none", "nat-per-zone", "public", "nat", "public", "none", "public")


def write(project: Project, egress: str, stack: str = PRIVATE) -> None:
    project.write(stack.replace("zones = 2", f'zones = 2\negress = "{egress}"'))


def test_tasks_have_a_way_to_ecr_whatever_it_changes_to(project: Project) -> None:
    write(project, WAYS[0])
    before = project.inventory()
    project.up()
    for former, egress in pairwise(WAYS):
        write(project, egress)
        rehearsed = project.run("rehearse", "up", "--json").document
        assert [(one["passes"], one["outages"]) for one in rehearsed["runs"]] == [(True, [])], f"{former} -> {egress}"
        project.up()
        number = project.last_call()
        project.up()
        assert project.writes(number) == [], f"{former} -> {egress}: a second up"
        found = project.inventory()
        gateways = {"nat": 1, "nat-per-zone": 2}.get(egress, 0)
        assert (len(found["nat_gateways"]), len(found["addresses"])) == (gateways, gateways)
        interfaces = [one for one in found["endpoints"] if one["VpcEndpointType"] == "Interface"]
        assert bool(interfaces) is (egress == "none")
    project.down()
    after = project.inventory()
    for sort in ("vpcs", "subnets", "route_tables", "internet_gateways", "nat_gateways", "addresses", "endpoints"):
        assert len(after[sort]) == len(before[sort]), sort


def test_addresses_are_told_before_they_are_too_many(project: Project) -> None:
    for _ in range(4):
        project.cloud.client("ec2").allocate_address(Domain="vpc")
    write(project, "nat-per-zone")
    found: list[dict[str, Any]] = project.run("doctor", "--json", code=1).document["checks"]
    (quota,) = [one for one in found if one["check"] == "quota Elastic IPs"]
    assert (quota["verdict"], quota["text"]) == ("failed", "4 of 5 used, 2 more needed")


def test_a_task_without_a_way_is_not_started(project: Project) -> None:
    write(project, "nat")
    project.up()
    ec2, ecs = project.cloud.client("ec2"), project.cloud.client("ecs")
    (gateway,) = [one["NatGatewayId"] for one in project.inventory()["nat_gateways"]]
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    ecs.update_service(cluster="ecs-sample-dev", service="frontend", forceNewDeployment=True)

    def stopped() -> list[str]:
        arns = ecs.list_tasks(cluster="ecs-sample-dev", desiredStatus="STOPPED")["taskArns"]
        tasks = ecs.describe_tasks(cluster="ecs-sample-dev", tasks=arns)["tasks"] if arns else []
        return [str(task.get("stoppedReason")) for task in tasks]

    project.cloud.wait(lambda: any("ResourceInitializationError" in text for text in stopped()), "a task that fails")
    assert any("api.ecr.ap-northeast-1.amazonaws.com" in text for text in stopped())
