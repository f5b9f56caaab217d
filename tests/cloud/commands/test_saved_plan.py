"""`plan --out` and `up --plan`: `up` does exactly the reviewed plan, or nothing and tells the changes since."""

from __future__ import annotations

import json

from tests.cloud.project import NETWORK, SMALL, Project, project  # noqa: F401  (a fixture)

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
