"""One image of several processes, as a user types it: a web server, a worker and a job, and the way between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import Project

pytestmark = pytest.mark.slow

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
SYSTEM = f"""
[dns]
domain = "example.com"

[network]
zones = 2

[services.web]
image = "{REGISTRY}/web:1"
command = "serve"
port = 8080
public = true
environment = {{ LEVEL = "info", PORTS = "many" }}

[services.worker]
extends = "web"
command = "work --concurrency 4"
environment = {{ PORTS = false }}
deployment = "recreate"

[jobs.migrate]
extends = "web"
command = ["migrate", "--noinput"]
"""
MAIL = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
PORT = '\nport = 9000\ndeployment = "recreate"\n\n[services.caller]\nextends = "web"\ncalls = ["worker"]\n'


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    here = Project(cloud, tmp_path)
    here.write(SYSTEM)
    yield here
    here.close()


def definition(project: Project, name: str) -> dict[str, Any]:
    ecs = project.cloud.client("ecs")
    found: dict[str, Any] = ecs.describe_task_definition(taskDefinition=f"{NAME}-{name}")["taskDefinition"]
    return found


def container(project: Project, name: str) -> dict[str, Any]:
    (one,) = definition(project, name)["containerDefinitions"]
    return dict(one)


def service(project: Project, name: str) -> dict[str, Any]:
    ecs = project.cloud.client("ecs")
    found: dict[str, Any] = ecs.describe_services(cluster=NAME, services=[name])["services"][0]
    return found


def entries(project: Project) -> set[str]:
    """The services in Cloud Map."""
    return {one["Name"] for one in project.cloud.client("servicediscovery").list_services()["Services"]}


def test_one_image_of_three_processes(project: Project) -> None:
    before = project.inventory()
    project.up()
    commands = {name: container(project, name)["command"] for name in ("web", "worker", "migrate")}
    assert commands == {
        "web": ["serve"],
        "worker": ["work", "--concurrency", "4"],
        "migrate": ["migrate", "--noinput"],
    }
    assert {container(project, name)["image"] for name in commands} == {f"{REGISTRY}/web:1"}
    variables = {name: {v["name"] for v in container(project, name)["environment"]} for name in commands}
    assert variables == {"web": {"LEVEL", "PORT", "PORTS"}, "worker": {"LEVEL"}, "migrate": {"LEVEL", "PORTS"}}
    worker = service(project, "worker")
    assert not container(project, "worker").get("portMappings")
    assert not container(project, "migrate").get("portMappings")
    assert (worker["loadBalancers"], worker["serviceRegistries"], worker["runningCount"]) == ([], [], 1)
    assert worker["availabilityZoneRebalancing"] == "DISABLED"
    running = {one["serviceName"] for one in project.inventory()["ecs_services"]}
    assert running == {"web", "worker"}, "a job is no service"
    assert entries(project) == set()
    assert project.planned() == {}

    # a changed command is a new revision of one alone
    project.change("--concurrency 4", "--concurrency 8")
    assert set(project.planned()) == {"task_definition/worker", "service/worker"}
    project.up()
    assert service(project, "worker")["runningCount"] == 1
    assert project.planned() == {}

    # a worker that is called gets a port, and gives it back
    project.change('deployment = "recreate"', PORT.strip())
    project.up()
    assert entries(project) == {"worker"}
    assert container(project, "worker")["portMappings"][0]["containerPort"] == 9000
    assert project.planned() == {}
    project.write(SYSTEM)
    project.up()
    assert (entries(project), project.planned()) == (set(), {})
    assert not container(project, "worker").get("portMappings")
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_a_port_together_with_an_image_that_fails(project: Project) -> None:
    """The running tasks stay, with and without a port."""
    project.up()
    broken = SYSTEM.replace(
        'extends = "web"\ncommand = "work', f'image = "{REGISTRY}/does-not-exist:1"\ncommand = "work'
    )
    broken = broken.replace("environment = { PORTS = false }\n", "")
    project.write(broken.replace('deployment = "recreate"', PORT.replace('"recreate"', '"rolling"').strip()))
    project.up(code=1)
    assert service(project, "worker")["runningCount"] == 1
    project.write(SYSTEM.replace('deployment = "recreate"', PORT.strip()))
    project.up()
    assert (entries(project), project.planned()) == ({"worker"}, {})
    project.write(broken.replace('deployment = "recreate"', ""))
    project.up(code=1)
    assert service(project, "worker")["runningCount"] == 1
    project.write(SYSTEM)
    project.up()
    assert (entries(project), project.planned()) == (set(), {})


def test_policies_and_groups_of_a_standing_service(project: Project) -> None:
    (project.directory / "mail.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [MAIL]}))
    iam, ec2 = project.cloud.client("iam"), project.cloud.client("ec2")
    policied = SYSTEM.replace("public = true", 'public = true\npolicies = ["mail.json", "{arn}"]')
    arn = "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"
    project.write(policied.replace("{arn}", arn))
    project.up()
    role = {"RoleName": f"{NAME}-task-worker"}
    (own,) = [name for name in iam.list_role_policies(**role)["PolicyNames"] if name.startswith("extra-")]
    assert [one["PolicyArn"] for one in iam.list_attached_role_policies(**role)["AttachedPolicies"]] == [arn]
    assert project.planned() == {}
    # somebody else's change is drift
    iam.delete_role_policy(**role, PolicyName=own)
    assert set(project.planned()) == {"role/task-worker"}

    vpcs = ec2.describe_vpcs(Filters=[{"Name": "tag:Project", "Values": ["ecs-sample"]}])["Vpcs"]
    beside = ec2.create_security_group(GroupName="beside", Description="beside", VpcId=vpcs[0]["VpcId"])["GroupId"]
    (default,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    foreign = ec2.create_security_group(GroupName="far", Description="far", VpcId=default["VpcId"])["GroupId"]
    since = project.last_call()
    for group, words in ((foreign, f"which is in {default['VpcId']}"), ("sg-0123456789abcdef0", "no such group")):
        project.write(SYSTEM.replace("public = true", f'public = true\nsecurity_groups = ["{group}"]'))
        assert words in project.run("up", "--yes", code=4).err
    assert project.writes(since) == []
    project.write(SYSTEM.replace("public = true", f'public = true\nsecurity_groups = ["{beside}"]'))
    project.up()
    for name in ("web", "worker"):
        groups = service(project, name)["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"]
        assert beside in groups
        assert len(groups) == 2
    assert iam.list_attached_role_policies(**role)["AttachedPolicies"] == []
    assert not [name for name in iam.list_role_policies(**role)["PolicyNames"] if name.startswith("extra-")]
    assert project.planned() == {}
    assert project.run("rehearse", "up").code == 0
    project.write(SYSTEM)
    project.up()
    in_it = [{"Name": "group-id", "Values": [beside]}]
    left = "the tasks that were in the group have stopped"
    project.cloud.wait(lambda: not ec2.describe_network_interfaces(Filters=in_it)["NetworkInterfaces"], left)
    # a VPC with somebody else's group in it stays
    ec2.delete_security_group(GroupId=beside)
    project.down()


def test_instances_with_arm_processors(project: Project) -> None:
    ec2, ecs = project.cloud.client("ec2"), project.cloud.client("ecs")
    hosted = SYSTEM[: SYSTEM.index("[services.worker]")].replace("public = true", 'launch = "ec2"')
    types = '[capacity]\ninstance_types = ["{}"]\n'

    def image() -> str:
        found = ec2.describe_launch_template_versions(LaunchTemplateName=NAME, Versions=["$Default"])
        return str(found["LaunchTemplateVersions"][0]["LaunchTemplateData"]["ImageId"])

    project.write(hosted + 'architecture = "arm64"\n' + types.format("c7g.large"))
    project.up()
    (described,) = ec2.describe_images(ImageIds=[image()])["Images"]
    assert described["Architecture"] == "arm64"
    assert definition(project, "web")["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    arns = ecs.list_container_instances(cluster=NAME)["containerInstanceArns"]
    hosts = ecs.describe_container_instances(cluster=NAME, containerInstances=arns)["containerInstances"]
    assert {a["value"] for h in hosts for a in h["attributes"] if a["name"] == "ecs.cpu-architecture"} == {"arm64"}
    assert project.planned() == {}
    project.write(hosted + types.format("c5.large"))
    assert set(project.planned()) >= {"launch_template/main", "auto_scaling_group/main", "task_definition/web"}
    project.run("plan", code=2)
