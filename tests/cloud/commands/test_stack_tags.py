"""`[tags]` on all resources: set, changed and taken away in place, and the tags of others left alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provisioner.aws.tagging import tag_map
from tests.cloud import world
from tests.cloud.crash.cuts import AtCall
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.policies import enforce, policies
from tests.cloud.project import Project, project, ready_image  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.slow, world.EMPTY]

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
NAME = "ecs-sample-dev"
PLAIN = f"""
project = "ecs-sample"

[network]
zones = 2

[dns]
domain = "example.com"

[database]

[alarms]
email = ["ops@example.com"]

[services.web]
image = "{REGISTRY}/web:1"
port = 80
public = true
launch = "ec2"

[services.worker]
extends = "web"
launch = "fargate"
scaling = {{ max = 3 }}

[jobs.night]
extends = "web"
schedule = "cron(0 3 * * ? *)"
"""
OURS = ("Project", "Environment", "ManagedBy", "AmazonECSManaged", "Name", "Mine")
REPLACED = (":task/", ":instance/", ":volume/", "-snapshot:")
"""Parts of the ARNs of resources that keep their tags until others take their places."""


def tagged(team: str, **more: str) -> str:
    lines = [f'{key} = "{value}"' for key, value in {"Team": team, **more}.items()]
    return "\n".join(["[tags]", *lines, PLAIN.replace('project = "ecs-sample"', "")])


@pytest.fixture
def here(project: Project) -> Project:  # noqa: F811
    """A project whose image is there."""
    ready_image(project.cloud, "web")
    return project


def tags(here: Project) -> dict[str, dict[str, str]]:
    """Return the tags of all resources of the stack by ARN, without the tags of the tool and of ECS."""
    cloud, found = here.cloud, dict[str, Mapping[str, str]]()
    for page in cloud.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate():
        found |= {one["ResourceARN"]: tag_map(one["Tags"]) for one in page["ResourceTagMappingList"]}
    iam, groups = cloud.client("iam"), cloud.client("autoscaling").describe_auto_scaling_groups()
    for role in iam.list_roles()["Roles"]:
        found[role["Arn"]] = tag_map(iam.list_role_tags(RoleName=role["RoleName"])["Tags"])
    found |= {one["AutoScalingGroupARN"]: tag_map(one["Tags"]) for one in groups["AutoScalingGroups"]}
    return {
        arn: {key: value for key, value in whole.items() if key not in OURS and ":" not in key}
        for arn, whole in found.items()
        if whole.get("Project") == "ecs-sample"
    }


def kinds(found: Mapping[str, Mapping[str, str]]) -> set[tuple[tuple[str, str], ...]]:
    """Return the sets of tags of the resources that stay."""
    return {tuple(sorted(own.items())) for arn, own in found.items() if not any(part in arn for part in REPLACED)}


def test_the_whole_life_of_tags_under_the_printed_policy(here: Project) -> None:
    here.write(f'project = "ecs-sample"\n{tagged("a", Cost="17")}')
    here.run("policy", "--create-boundary")
    before = here.inventory()
    enforce(here.cloud, *policies(here.config))
    here.up()
    assert here.planned() == {}
    enforce(here.cloud)
    found = tags(here)
    assert {tuple(sorted(one.items())) for one in found.values()} == {(("Cost", "17"), ("Team", "a"))}
    assert {arn.split(":")[2] for arn in found} >= {"ec2", "ecs", "iam", "rds", "elasticloadbalancing", "logs", "ssm"}
    assert any(":task/" in arn for arn in found)
    assert any(":instance/" in arn for arn in found)

    # somebody's own tag, and a removed and a changed one of the stack's
    here.cloud.client("iam").tag_role(
        RoleName=f"{NAME}-execution", Tags=[{"Key": "Mine", "Value": "x"}, {"Key": "Team", "Value": "hand"}]
    )
    drift = here.planned()
    assert list(drift) == ["stack_tags/main"]
    assert drift["stack_tags/main"]["action"] == "change"

    here.write(f'project = "ecs-sample"\n{tagged("b", Owner="me")}')
    plan = here.run("plan", code=2).out
    assert "- tags.Cost: 17" in plan
    assert "+ tags.Owner: me" in plan
    assert set(here.planned()) == {"stack_tags/main", "launch_template/main"}
    enforce(here.cloud, *policies(here.config))
    here.up()
    assert here.planned() == {}
    enforce(here.cloud)
    assert kinds(tags(here)) == {(("Owner", "me"), ("Team", "b"))}
    shown = here.cloud.client("iam").list_role_tags(RoleName=f"{NAME}-execution")["Tags"]
    assert tag_map(shown)["Mine"] == "x"

    here.write(PLAIN)
    assert here.planned()["stack_tags/main"]["action"] == "delete"
    here.up()
    assert here.planned() == {}
    assert kinds(tags(here)) == {()}
    here.write(f'project = "ecs-sample"\n{tagged("c")}')
    here.up()
    here.down()
    assert difference(before, here.inventory(), *NEVER_REMOVED) == {}


def test_a_killed_change_forgets_no_tag(here: Project) -> None:
    plain = f'project = "ecs-sample"\n[services.web]\nimage = "{REGISTRY}/web:1"\n'
    here.write(f'{plain}[tags]\nTeam = "a"\nCost = "17"\n')
    here.up()
    here.write(f'{plain}[tags]\nTeam = "a"\nNew = "1"\n')
    AtCall(3, "after")(here, "up")
    # what the killed run put on some resources is taken away like all else
    here.write(f'{plain}[tags]\nTeam = "a"\n')
    here.up()
    assert here.planned() == {}
    assert kinds(tags(here)) == {(("Team", "a"),)}


def test_a_lost_state_finds_the_tags(here: Project) -> None:
    plain = f'project = "ecs-sample"\n[services.web]\nimage = "{REGISTRY}/web:1"\n'
    here.write(f'{plain}[tags]\nTeam = "a"\n')
    here.up()
    here.lose_state()
    here.run("recover")
    assert here.planned() == {}
    here.write(f'{plain}[tags]\nTeam = "b"\n')
    here.up()
    assert kinds(tags(here)) == {(("Team", "b"),)}
    here.down()
