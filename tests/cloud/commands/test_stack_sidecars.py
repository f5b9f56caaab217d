"""Sidecars as a user types them: a proxy in front, an agent, a container that prepares a task; and their failures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.outside import outside
from tests.cloud.project import Project

pytestmark = pytest.mark.slow

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
PLAIN = f"""
[dns]
domain = "example.com"

[network]
zones = 2

[services.web]
image = "{REGISTRY}/web:1"
port = 8080
public = true
"""
SYSTEM = f"""{PLAIN}
target_container = "nginx"
depends_on = {{ otel = "healthy", init = "success" }}

[services.web.sidecars.nginx]
image = "{REGISTRY}/nginx:1"
port = 80
depends_on = {{ web = "start" }}

[services.web.sidecars.otel]
image = "{REGISTRY}/otel:1"
essential = false
memory = 128
environment = {{ MODE = "agent" }}
secrets = {{ OTEL_KEY = "generate" }}
health = {{ command = ["/check"] }}

[services.web.sidecars.init]
image = "{REGISTRY}/init:1"
essential = false

[services.worker]
extends = "web"
sidecars = {{ nginx = false }}

[services.caller]
image = "{REGISTRY}/caller:1"
calls = ["web"]
"""


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    here = Project(cloud, tmp_path)
    here.write(SYSTEM)
    yield here
    here.close()


def containers(project: Project, name: str) -> dict[str, dict[str, Any]]:
    ecs = project.cloud.client("ecs")
    found = ecs.describe_task_definition(taskDefinition=f"{NAME}-{name}")["taskDefinition"]["containerDefinitions"]
    return {one["name"]: one for one in found}


def service(project: Project, name: str) -> dict[str, Any]:
    ecs = project.cloud.client("ecs")
    found: dict[str, Any] = ecs.describe_services(cluster=NAME, services=[name])["services"][0]
    return found


def shown(project: Project, name: str) -> dict[str, Any]:
    """A service as `status --json` has it."""
    services = json.loads(project.run("status", "--json").out)["live"]["services"]
    return next(one for one in services if one["name"] == name)


def test_the_whole_life_of_a_service_with_sidecars(project: Project) -> None:
    before, ec2 = project.inventory(), project.cloud.client("ec2")
    project.write(PLAIN)
    project.up()
    project.write(SYSTEM)
    # containers are compared by their names
    plan = project.run("plan", code=2).out
    assert "  ~ memory 512 -> 384" in plan
    assert "  + container nginx added of image " in plan
    project.up()
    assert project.planned() == {}

    web = containers(project, "web")
    assert list(web) == ["web", "init", "nginx", "otel"]
    assert (web["web"]["memory"], web["otel"]["memory"], web["nginx"].get("memory")) == (384, 128, None)
    assert web["web"]["dependsOn"] == [
        {"containerName": "init", "condition": "SUCCESS"},
        {"containerName": "otel", "condition": "HEALTHY"},
    ]
    assert [one["name"] for one in web["otel"]["secrets"]] == ["OTEL_KEY"]
    assert "secrets" not in web["web"]
    assert {one["logConfiguration"]["options"]["awslogs-group"] for one in web.values()} == {f"/ecs/{NAME}/web"}
    assert set(containers(project, "worker")) == {"worker", "init", "otel"}

    # traffic, and the groups' rules, go to the sidecar
    (target,) = service(project, "web")["loadBalancers"]
    assert (target["containerName"], target["containerPort"]) == ("nginx", 80)
    group = {"Name": "group-name", "Values": [f"{NAME}-web"]}
    (found,) = ec2.describe_security_groups(Filters=[group])["SecurityGroups"]
    assert {one["FromPort"] for one in found["IpPermissions"]} == {80}
    calls = {one["name"]: one["value"] for one in containers(project, "caller")["caller"]["environment"]}
    assert calls["WEB_URL"] == "http://web.svc.internal:80"

    told = shown(project, "web")
    assert told["state"] == "serving"
    sidecars = {one["name"]: (one["running"], one["failed"], one["essential"]) for one in told["sidecars"]}
    assert sidecars == {"nginx": (1, 0, True), "otel": (1, 0, False), "init": (0, 0, False)}
    lines = project.run("logs", "web", "--container", "init", "--json").out.splitlines()
    assert [json.loads(line)["container"] for line in lines] == ["init", "init"]
    assert "web.init/" in project.run("logs", "web").out
    assert "did you mean" in project.run("logs", "web", "--container", "ini", code=4).err
    assert project.run("exec", "web", "--container", "nginx", "--", "echo", "here").out == "here\n"
    assert 'did you mean "nginx"' in project.run("exec", "web", "--container", "ngin", "--", "true", code=4).err

    assert project.run("rehearse").code == 0
    project.change(r"essential = false\nmemory = 128", "essential = false\nmemory = 256")
    plan = project.run("plan", code=2).out
    assert "  ~ container otel: memory 128 -> 256" in plan
    project.up()
    project.write(PLAIN)
    project.up()
    assert (set(containers(project, "web")), project.planned()) == ({"web"}, {})
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_what_an_exit_means_for_a_rehearsal_and_for_up(project: Project) -> None:
    project.up()
    project.change(r'MODE = "agent"', 'MODE = "other"')
    assert project.run("rehearse", "--fails", "web.otel").code == 0
    assert "did you mean" in project.run("rehearse", "--fails", "web.ngin", code=4).err
    refused = project.run("rehearse", "--fails", "web.nginx", code=1)
    assert "nginx: exit code 1" in refused.out
    # for real: one that is not essential is told of, the other one is rolled back
    project.change(r"otel:1", "otel-exits-at-once:1")
    project.change(r', init = "success"', "")
    project.change(r'otel = "healthy"', 'otel = "start"')
    project.up()
    told = shown(project, "web")
    assert (told["state"], [one["failed"] for one in told["sidecars"] if one["name"] == "otel"]) == ("serving", [1])
    assert "sidecar otel has failed in 1 task" in project.run("status").out
    project.change(r"nginx:1", "nginx-exits-at-once:1")
    failed = project.up(code=1)
    assert "nginx: exit code 1" in failed.out
    assert service(project, "web")["runningCount"] == 1


def test_jobs_have_sidecars_that_end_with_them(project: Project) -> None:
    sidecar = f'[jobs.migrate.sidecars.proxy]\nimage = "{REGISTRY}/proxy:1"\n'
    job = f'[jobs.migrate]\nimage = "{REGISTRY}/migrate:1"\nbefore_deploy = true\n'
    project.write(f"{PLAIN}\n{job}{sidecar}")
    project.up()
    assert set(containers(project, "migrate")) == {"migrate", "proxy"}
    assert project.planned() == {}
    run = project.run("run", "migrate")
    assert "exiting with code 0" in run.out + run.err
    project.change("migrate:1", "migrate-exits-with-3:1")
    assert "ended with exit code 3" in project.up(code=1).out


def test_repositories_are_those_of_the_images(project: Project) -> None:
    """Each image has a repository of its own; a service that extends another runs the images of its sidecars."""
    project.up()
    web, worker = containers(project, "web"), containers(project, "worker")
    assert web["otel"]["image"] == worker["otel"]["image"]
    repositories = project.cloud.client("ecr").describe_repositories()["repositories"]
    names = {one["repositoryName"].removeprefix(f"{NAME}/") for one in repositories}
    assert names == {"web", "web.nginx", "web.otel", "web.init", "caller"}


def test_a_tag_that_moved_is_brought_by_deploy(project: Project) -> None:
    """The image is copied from its registry, named by its digest, and kept; the worker's stays until `up`."""
    ecr = project.cloud.client("ecr")

    def tags() -> list[int]:
        details = ecr.describe_images(repositoryName=f"{NAME}/web.otel")["imageDetails"]
        return sorted(len(one.get("imageTags", ())) for one in details)

    with outside() as there:
        first = there.image("1", b"one")
        project.write(
            f'{PLAIN}\n[services.web.sidecars.otel]\nimage = "{there.host}/otel:1"\n\n'
            f'[services.worker]\nextends = "web"\nimage = "{REGISTRY}/worker:1"\n'
        )
        project.up()
        assert containers(project, "web")["otel"]["image"].endswith(f"/{NAME}/web.otel@{first}")
        assert (tags(), project.planned()) == ([2], {})
        second = there.image("1", b"two")
        assert set(project.planned()) >= {"task_definition/web", "task_definition/worker"}
        project.run("deploy", "web")
        assert containers(project, "web")["otel"]["image"].endswith(second)
        assert containers(project, "worker")["otel"]["image"].endswith(first)
        assert tags() == [2, 2]
        project.run("rollback", "web")
        assert service(project, "web")["taskDefinition"].endswith("web:1")
        project.up()
        assert (tags(), project.planned()) == ([1, 2], {})
        assert containers(project, "worker")["otel"]["image"].endswith(second)
