"""The numbers of resources that the commands tell of one stack."""

from __future__ import annotations

import re

import pytest

from tests.cloud.project import Project, project  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow


def sums(text: str, beginning: str) -> dict[str, int]:
    """The numbers of the line that begins like this, up to the time that the run took."""
    [line] = re.findall(rf"^{beginning}: (.*?)(?:, in .*)?\.$", text, re.MULTILINE)
    return {words: int(number) for number, words in (part.split(" ", 1) for part in line.split(", "))}


def test_all_commands_count_the_same_resources(project: Project) -> None:  # noqa: F811
    planned = project.run("plan", code=2)
    up = project.run("up")
    created, total = sums(up.out, "up done"), sum(sums(up.out, "up done").values())
    assert total > 70
    plan = sums(planned.out, "Plan")
    assert (plan["to create"], plan["unchanged"]) == (created["created"], created.get("unchanged", 0))
    assert re.search(rf"^up ecs-sample-dev: .* {total} resources$", up.err, re.MULTILINE)

    assert project.run("plan").out.startswith(f"No changes: {total} resources as declared.")
    assert sums(project.run("up").out, "up done") == {"unchanged": total}
    [stack] = project.run("list", "--json").document["stacks"]
    assert (stack["resources"], stack["ready"]) == (total, total)
    assert f": {total} of {total} resources ready" in project.run("status").out

    asked = project.run("down", code=4).err
    down = project.run("down", "--yes")
    gone = sums(down.out, "down done")
    assert sum(gone.values()) == total, "what was created or there already is deleted or retained"
    assert f"`down` deletes {gone['deleted']} resources" in asked
    spent = re.search(
        r"^  On AWS it would have cost about (0\.\d\d) USD in \d+ min, by list prices\.$", down.out, re.MULTILINE
    )
    assert spent
    assert 0.05 < float(spent[1]) < 1.0, "half a dollar an hour, for some minutes"
    steps = re.findall(r"^  - \w+: (\d+) resources?$", asked, re.MULTILINE)
    assert sum(map(int, steps)) == gone["deleted"]
    retained = re.findall(r"\w+/[\w.-]+", " ".join(re.findall(r"^  Retained: (.*)$", down.out, re.MULTILINE)))
    assert len(retained) == gone["retained"]
