"""`plan` as its reviewer reads it, and the question of `up`: by service, in the words of its table."""

from __future__ import annotations

import re

import pytest

from tests.cloud.project import SMALL, Project, project  # noqa: F401  (a fixture)

ECR = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
BEFORE = 'public = true\nenvironment = { ALLOWED_HOSTS = "a.example", GONE = "1", API_KEY = "sk_live_51HoldOLDold" }'
AFTER = BEFORE.replace("a.example", "b.example").replace('GONE = "1"', 'NEW = "2"').replace("old", "new")
EXPECTED = """\
service frontend: 3 to change, new tasks
  ~ image 1 -> 2
  ~ cpu 256 -> 512
  ~ memory 512 -> 1024
  ~ ALLOWED_HOSTS changed: a.example -> b.example
  ~ API_KEY changed
  - GONE removed: 1
  + NEW added: 2
  ~ log_group/service-frontend
      retention_in_days: 7 -> 14
log_group (step logs): 1 to change
  ~ log_group/insights
      retention_in_days: 7 -> 14

Plan: 4 to change, 33 unchanged.
"""


def counted(text: str) -> dict[str, int]:
    """Return the numbers of a plan's last line, by the words after them."""
    [line] = re.findall(r"^Plan: (.*)\.$", text, re.MULTILINE)
    return {words: int(number) for number, words in (part.split(" ", 1) for part in line.split(", "))}


def test_a_new_stack_is_told_by_service_and_step(project: Project) -> None:  # noqa: F811
    project.write(SMALL)
    text = project.run("plan", code=2).out
    document = project.end(project.begin("plan", "--json")).document
    numbers = counted(text)
    headings = re.findall(r"^\S.*: (\d+) to create$", text, re.MULTILINE)
    assert sum(map(int, headings)) == numbers["to create"] == document["counts"]["create"]
    assert numbers["unchanged"] == document["counts"].get("none", 0)
    image = f"+ image {ECR}/frontend:1, port 80, cpu 256, memory 512, 1 task on Fargate Spot"
    assert image in " ".join(text.split())
    assert "  + vpc/main: 10.0.0.0/16\n" in text
    assert re.search(r"^Takes about \d+ min on AWS\.$", text, re.MULTILINE)
    names = {name for item in document["resources"] if item["action"] == "create" for name in [item["address"]]}
    shown = re.sub(r"\b(\w+)/([\w.-]+(?:,\s+[\w.-]+(?![\w/.-]))+)", _addresses, text)
    assert [name for name in names if name not in shown] == []


def _addresses(match: re.Match[str]) -> str:
    return ", ".join(f"{match[1]}/{name}" for name in re.split(r",\s+", match[2]))


@pytest.mark.slow
def test_a_change_reads_as_a_review(project: Project) -> None:  # noqa: F811
    project.write(SMALL.replace("public = true", BEFORE))
    project.up()
    changed = SMALL.replace("public = true", f"cpu = 512\nmemory = 1024\n{AFTER}").replace("frontend:1", "frontend:2")
    project.write(changed + "\n[logs]\nretention_days = 14\n")
    ended = project.run("plan", code=2)
    assert "sk_live" not in ended.out + ended.err
    assert ended.out.startswith(EXPECTED), ended.out
    project.up()
    assert project.run("plan").out.startswith("No changes: 37 resources as declared.")
