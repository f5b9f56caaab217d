"""`plan --out` and `up --plan`: `up` does exactly the reviewed plan, or nothing and tells the changes since."""

from __future__ import annotations

import json

import pytest

from tests.cloud.project import NETWORK, SMALL, Project, project, ready_image  # noqa: F401  (a fixture)

SECRET = 'public = true\nenvironment = { API_KEY = "sk_live_51HoldOLDold", GREETING = "hello" }'


def refused(project: Project, file: str, *words: str, code: int = 1) -> str:  # noqa: F811
    """Return the error of an `up --plan` that is refused; it must write nothing to AWS."""
    since = project.last_call()
    said = project.run("up", "--plan", file, *words, code=code).err
    assert project.writes(since) == []
    return said


def test_up_does_exactly_the_plan_of_a_file(project: Project) -> None:  # noqa: F811
    project.write(SMALL.replace("public = true", SECRET))
    said = project.run("plan", "--out", "plan.json", *NETWORK, code=2).out
    assert "Apply it: `provision up --plan plan.json`." in said
    file = project.directory / "plan.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "sk_live" not in file.read_text()
    assert "hello" not in file.read_text()
    assert "choose another file" in project.run("plan", "--out", "plan.json", *NETWORK, code=4).err
    results = project.run("up", "--plan", "plan.json", "--json").results
    planned = {item["address"] for item in json.loads(file.read_text())["planned"]}
    assert {address for address, result in results.items() if result == "created"} == planned
    assert "state: " in refused(project, "plan.json"), "it was done already"


BUILT = """
[services.web]
build = "app"
dockerfile = "backend/Dockerfile"
build_args = { WHERE = "canary-built" }
port = 81

[services.web.sidecars.side]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
environment = { MOTTO = "canary-side" }

[jobs.report]
extends = "frontend"
environment = { ADMIN = "canary-job", API_KEY = "canary-key" }
"""
VALUES = ("canary-hello", "canary-built", "canary-side", "canary-job", "canary-key", "canary-changed", "canary-rebuilt")


@pytest.mark.slow
def test_a_plan_in_a_file_has_no_values_of_variables(project: Project) -> None:  # noqa: F811
    told = SECRET.replace("hello", "canary-hello")
    project.write(SMALL.replace("public = true", told) + BUILT)
    ready_image(project.cloud, "frontend")

    def saved(name: str) -> list[str]:
        project.run("plan", "--out", name, code=2)
        text = (project.directory / name).read_text()
        assert [value for value in VALUES if value in text] == []
        assert all(name in text for name in ("GREETING", "MOTTO", "ADMIN"))
        return [item["address"] for item in json.loads(text)["planned"] if item["action"] == "change"]

    assert saved("first.json") == []
    assert all(value in project.run("plan", "--json", code=2).out for value in ("canary-hello", "canary-side"))
    project.run("up", "--plan", "first.json")
    project.change("canary-hello", "canary-changed")
    project.change("canary-built", "canary-rebuilt")
    assert "task_definition/frontend" in saved("second.json")


def test_a_file_of_an_earlier_version_is_told(project: Project) -> None:  # noqa: F811
    project.write(SMALL)
    project.run("plan", "--out", "plan.json", *NETWORK, code=2)
    file = project.directory / "plan.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 1}))
    assert "was written by another version: run `provision plan --out` again" in refused(project, "plan.json", code=4)


def test_what_has_changed_since_a_plan_is_said(project: Project) -> None:  # noqa: F811
    project.write(SMALL.replace("public = true", SECRET))
    project.up(*NETWORK)
    project.run("plan", "--out", "plan.json", code=2)
    project.change("sk_live_51HoldOLDold", "sk_live_51HnewNEWnew")
    assert "a hidden value, a file or a recommendation of AWS, of task_definition/frontend\n" in refused(
        project, "plan.json"
    )
    project.change("sk_live_51HnewNEWnew", "sk_live_51HoldOLDold")
    project.change(r"^zones = 2", "zones = 3")
    assert "\n  configuration: network.zones: 2 -> 3\n" in refused(project, "plan.json")
    project.change(r"^zones = 3", "zones = 2")
    assert "is for stack ecs-sample-dev, not ecs-sample-other" in refused(project, "plan.json", "--env", "other")
    assert "leave --new-ami out" in refused(project, "plan.json", "--new-ami", code=4)
    assert "is no file of `provision plan --out`" in refused(project, "stack.toml", code=4)

    vpc = project.run("show", "--json", "--source", "recorded").document["nodes"]
    [vpc_id] = [node["id"] for node in vpc if node["address"] == "vpc/main"]
    project.cloud.client("ec2").modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    assert "\n  AWS: vpc/main: nothing -> change (enable_dns_hostnames)\n" in refused(project, "plan.json")
    project.cloud.client("ec2").modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    account = json.loads((project.directory / "plan.json").read_text()) | {"account": "210987654321"}
    (project.directory / "other.json").write_text(json.dumps(account))
    assert "is for account 210987654321, not 123456789012" in refused(project, "other.json")
