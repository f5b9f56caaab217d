"""`provision picture` as a user types it: of a plan, of the state and of AWS, into files."""

from __future__ import annotations

import json
import re
from typing import Any

from provisioner.state.counted import counted
from tests.cloud.project import SAMPLE, Project, project

__all__ = ["project"]


def data(text: str) -> Any:
    """Return the JSON data that a page has beside its picture."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_a_picture_of_what_would_change(project: Project) -> None:
    plan = json.loads(project.run("plan", "--json", code=2).out)
    number = counted(one["address"] for one in plan["resources"])
    assert project.run("picture", "new.html").out == f"Wrote new.html: {number} resources of ecs-sample-dev.\n"
    page = (project.directory / "new.html").read_text(encoding="utf-8")
    found = data(page)
    assert found["resources"]["vpc/main"]["said"] == "to create"
    settings = {name: value for name, _, value in dict(found["resources"]["vpc/main"]["tables"])["settings"]}
    assert settings["cidr_block"] == "10.0.0.0/16"
    assert page.count(">$29</text>") == 1, "the load balancer's price"
    assert f"about {plan['cost']['usual']:,.0f} USD a month" in found["lines"], "the same sum as in the plan"
    assert sorted(address for card in found["cards"].values() for address in card["resources"]) == sorted(
        one["address"] for one in plan["resources"]
    )


def test_a_picture_of_the_state_and_of_aws(project: Project) -> None:
    project.up()
    project.write(f"{SAMPLE}\n[logs]\nretention_days = 14\n")
    project.run("picture", "now.html")
    changed = data((project.directory / "now.html").read_text(encoding="utf-8"))["resources"]["log_group/insights"]
    assert changed["said"] == "to change"
    assert dict(changed["tables"])["changes"] == [["retention_in_days", 7, 14]]
    for source in ("recorded", "live"):
        project.run("picture", f"{source}.html", "--source", source)
        found = data((project.directory / f"{source}.html").read_text(encoding="utf-8"))
        cluster = found["resources"]["db_cluster/main"]
        assert (cluster["said"], cluster["id"]) == ("", "ecs-sample-dev")
        assert "console.aws.amazon.com" in cluster["console"]
    assert project.run("picture", "stack.svg", "--json").out.startswith('{"file": "stack.svg", "resources": 82,')


def test_a_file_that_is_none_is_refused_first(project: Project) -> None:
    said = project.run("picture", "stack.png", code=4).err
    assert said == "error: stack.png: end the name with .html for a page, or .svg for the picture alone\n"
    assert "none/stack.svg cannot be written" in project.run("picture", "none/stack.svg", code=4).err
