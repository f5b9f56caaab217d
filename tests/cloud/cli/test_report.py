"""`--report` as a user types it: of a plan, a rehearsal, a run that goes well, fails, or is interrupted."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from tests.cloud import world
from tests.cloud.project import ENDPOINTS, SMALL, Project, project, put_index, ready_image
from tests.cloud.proxy import refusing

pytestmark = world.EMPTY

__all__ = ["project"]

VALUE = "canary-plain-3c9a"
FILES = ("--report", "it.md", "--report", "it.html")
CONFIG = SMALL.replace("public = true", f'public = true\nenvironment = {{ GREETING = "{VALUE}" }}')


def reported(project: Project) -> tuple[str, str]:
    """The two files that were asked for."""
    text, page = ((project.directory / name).read_text(encoding="utf-8") for name in ("it.md", "it.html"))
    assert VALUE not in text + page
    return text, page


def section(text: str, title: str) -> str:
    """Return the text of one section of a report."""
    return text.partition(f"#### {title}\n")[2].partition("\n#### ")[0]


def test_a_plan_its_report_and_its_picture_say_the_same(project: Project) -> None:
    project.write(CONFIG)
    ready_image(project.cloud, "frontend")
    said = project.run("plan", *FILES, code=2)
    assert said.err.splitlines()[-2:] == ["Wrote it.md.", "Wrote it.html."]
    text, page = reported(project)
    counts = re.search(r"^Plan: (.*), \d+ unchanged\.$", said.out, re.MULTILINE)
    dollars = re.search(r"about ([\d,]+) USD a month", said.out)
    assert counts
    assert dollars
    first = text.splitlines()[0]
    assert first.startswith(f"### plan of ecs-sample-dev: {counts[1]}; about {dollars[1]} USD a month; about ")
    picture = project.run("picture", "it.svg").out and (project.directory / "it.svg").read_text()
    for one in (section(text, "Cost"), picture, page.partition("<svg")[2].partition("</svg>")[0]):
        assert f"about {dollars[1]} USD a month" in one
    fenced = section(text, "Changes").replace("```diff", "").replace("```", "")
    assert fenced.split() == said.out.partition("\nPlan: ")[0].split(), "in the same words"


def test_a_run_that_goes_well_and_what_it_changes(project: Project) -> None:
    project.write(CONFIG)
    ready_image(project.cloud, "frontend")
    project.run("up", "--yes", *FILES)
    text, page = reported(project)
    assert text.startswith("### up of ecs-sample-dev done: ")
    assert "Cost on AWS: about" in section(text, "Next")
    assert re.search(r"^\+ service/frontend created \(.*\(at ", text, re.MULTILINE)
    for row in ("| stack | ecs-sample-dev, on the embedded cloud |", "| ended | done, exit code 0 |", "| by | "):
        assert row in text
    assert page.count("to create") > 1
    project.write(CONFIG.replace(VALUE, f"{VALUE}-2").replace("port = 80", 'port = 80\ndeployment = "recreate"'))
    project.run("plan", *FILES, "--rehearse", code=2)
    text, page = reported(project)
    assert "~ GREETING changed\n" in text
    assert "GREETING: changed (hidden)" in text
    assert "> [!WARNING]\n> " in text
    assert "frontend" in text.splitlines()[0].partition("will be down for a time")[0]
    assert 'class="card change"' in page
    project.run("picture", "picture.html")
    assert VALUE not in (project.directory / "picture.html").read_text(encoding="utf-8"), "nor in a picture's page"
    assert "will be down:" in page.partition('<div class="warning"')[2].partition("</div>")[0]
    project.run("rehearse", *FILES)
    assert reported(project)[0].startswith("### rehearsal of up of ecs-sample-dev: it would succeed: ")
    project.run("down", "--yes", *FILES)
    text, page = reported(project)
    assert text.startswith("### down of ecs-sample-dev done: ")
    assert "Data that was to be deleted: " in text
    assert 'class="card delete"' in page
    assert re.search(r"as recorded before, about [1-9]\d+ USD a month", page)


def test_a_run_that_fails_says_what_and_what_is_next(project: Project) -> None:
    project.write(CONFIG)
    ready_image(project.cloud, "frontend")
    with refusing(project.cloud.endpoint, {"CreateLoadBalancer": "TooManyLoadBalancers"}) as endpoint:
        project.reach(endpoint)
        project.run("up", "--yes", *FILES, code=1)
        project.reach(project.cloud.endpoint)
    text, page = reported(project)
    assert re.match("### up of ecs-sample-dev failed: .* created, in ", text)
    assert "! load_balancer/main failed" in section(text, "Failures")
    assert "not started, because load_balancer/main failed: " in section(text, "Failures")
    assert "`provision up`" in section(text, "Next")
    assert "| ended | failed, exit code 1 |" in text
    drawn = re.search(r'<g class="card (\w+)" data-key="balancer"', page)
    assert drawn
    assert drawn[1] == "refused", "the picture marks it"


def test_a_deployment_that_fails_says_why_and_what_is_next(project: Project) -> None:
    project.write(CONFIG)
    ready_image(project.cloud, "frontend")
    project.up()
    missing = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:none"
    said = project.run("deploy", "frontend", "--image", missing, *FILES, code=4).err
    text, page = reported(project)
    assert text.startswith("### deploy of ecs-sample-dev failed: ")
    assert "ECR has no " in section(text, "Failures")
    assert "ECR has no " in said
    assert "| ended | failed, exit code 4 |" in text
    assert "Failures" in page


def test_an_interrupted_run_is_reported(project: Project) -> None:
    ended = project.cut(20, signal.SIGINT, "up", "--yes", *ENDPOINTS, *FILES)
    assert ended.code == 130
    text, page = reported(project)
    assert text.startswith("### up of step endpoints of ecs-sample-dev interrupted: ")
    assert "To resume: `provision up --target-step endpoints`" in section(text, "Next")
    assert "| ended | interrupted, exit code 130 |" in text
    assert "<svg" in page


def test_what_cannot_be_planned_is_reported_too(project: Project) -> None:
    project.config.write_text("project = 1\n")
    (project.directory / "it.md").write_text("an earlier one")
    said = project.run("plan", *FILES, code=4).err
    text, _ = reported(project)
    assert text.startswith("### plan failed: ")
    assert "error: " + said.partition("error: ")[2].splitlines()[0] in section(text, "Failures")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("plan", "--report", "it.txt"), "--report: it.txt: end the name with .md for Markdown, or .html for a page"),
        (("up", "--report", "none/it.md"), "--report: none/it.md cannot be written: No such file or directory. "),
        (("down", "--report", "folder.md"), "--report: folder.md cannot be written: Is a directory. "),
        (("down", "--expired", "--report", "it.md"), "and a report about one: leave --report out"),
    ],
)
def test_a_file_that_is_none_is_refused_first(project: Project, words: tuple[str, ...], told: str) -> None:
    (project.directory / "folder.md").mkdir()
    before = project.last_call()
    assert told in project.run(*words, code=4).err
    assert project.last_call() == before
    assert not [one for one in Path(project.directory).glob("it.*") if one.is_file()]


@pytest.mark.parametrize("files", [(), FILES], ids=["without a report", "with one"])
def test_prices_that_cannot_be_read_stop_no_deployment(project: Project, files: tuple[str, ...]) -> None:
    project.write(CONFIG)
    ready_image(project.cloud, "frontend")
    project.up()
    amd, arm = ({"os": "linux", "architecture": one} for one in ("amd64", "arm64"))
    put_index(project.cloud.client("ecr"), "frontend", amd, arm)
    (project.state / "prices.json").write_text("{")
    image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
    project.run("deploy", "frontend", "--image", image, *files)
    if files:
        assert reported(project)[0].startswith("### deploy of ecs-sample-dev done: ")


@pytest.mark.parametrize("files", [(), FILES], ids=["without a report", "with one"])
def test_prices_that_cannot_be_read_stop_no_teardown(project: Project, files: tuple[str, ...]) -> None:
    project.write(CONFIG)
    ready_image(project.cloud, "frontend")
    project.up()
    (project.state / "prices.json").write_text("{")
    said = project.run("down", "--yes", *files)
    assert "No leftover resources" in said.out
    assert "USD" not in said.out
    if files:
        assert reported(project)[0].startswith("### down of ecs-sample-dev done: ")
