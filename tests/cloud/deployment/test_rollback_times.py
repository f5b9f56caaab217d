"""The time of a rollback by strategy, under way and after the end: measured, as docs/deployments.md has it.

The table stands there; `UPDATE_NUMBERS=1` writes it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from ecs_emulator import control
from provisioner.render.text import duration
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.deployment.test_deploy import clean
from tests.cloud.deployment.test_strategies import PLAIN, newest, shown, weights
from tests.cloud.deployment.test_strategy_table import BEGIN as BEGINNING
from tests.cloud.deployment.test_strategy_table import DOCUMENT, END, agrees, table
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.project import SMALL, Project, ready_image

SECONDS = 900
BEGIN = BEGINNING.format("rollbacks").replace("strategy_table", "rollback_times")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS), world.EMPTY]

CANARY = 'deployment = { strategy = "canary", step_percent = 10, step_minutes = 5, bake_minutes = 10'
PAUSED = 'pause_at = ["pre-production-traffic-shift"], pause_minutes = 60'
KEYS = {
    "rolling": "",
    "canary": f"{CANARY} }}",
    "linear": 'deployment = "linear"',
    "blue-green": 'deployment = { strategy = "blue-green", bake_minutes = 10 }',
    "canary with a pause": f"{CANARY}, {PAUSED} }}",
}
UNDER_WAY = {"rolling": 45, "canary": 300, "linear": 600, "blue-green": 300, "canary with a pause": 300}
"""The seconds after which a deployment is stopped: with some of the traffic, in bake time, or at the pause."""
HEAD = ("`strategy`", "`rollback`", "exit code", "takes")
LONGEST = {"under way": 15.0, "after the end": 120.0}


@dataclass(frozen=True)
class Row:
    """One rollback and its seconds."""

    strategy: str
    when: str
    code: int
    seconds: float


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A directory with a stack of one public service, and images for it in ECR."""
    here = Project(cloud, tmp_path, SECONDS, durations="typical")
    here.write(SMALL)
    for name in ("good", "better"):
        ready_image(cloud, name)
    yield here
    here.close()


def prepare(project: Project, strategy: str) -> None:
    """Stand up a service by this strategy. Its first deployment waits for nobody."""
    if keys := KEYS[strategy]:
        project.change(PLAIN, f"{PLAIN}\n{keys.replace(f', {PAUSED}', '')}")
    project.up()


def paused(project: Project, strategy: str) -> None:
    if "pause" in strategy:
        project.change("^deployment = .*$", KEYS[strategy])
        project.up()


def roll_back(project: Project, strategy: str, when: str) -> Row:
    control.watch(project.cloud.process)
    before = project.cloud.now()
    ended = project.end(project.begin("rollback", "frontend", "--json"))
    row = Row(strategy, when, ended.code, project.cloud.now() - before)
    assert ended.code == 0, ended.err
    assert row.seconds <= LONGEST[when]
    assert control.outages(project.cloud.process) == []
    assert shown(project)["taskDefinition"].endswith(":1")
    asked = strategy.partition(" ")[0].upper().replace("-", "_")
    assert shown(project)["deploymentConfiguration"]["strategy"] == asked
    return row


def under_way(project: Project, strategy: str) -> Row:
    """Roll back a deployment that is under way, and was left by a killed `deploy`."""
    traffic = weights(project) if strategy != "rolling" else {}
    words = ("deploy", "frontend", "--image", f"{REGISTRY}/good:1", "--json")
    project.cut(UNDER_WAY[strategy], signal.SIGKILL, *words)
    assert newest(project)["status"] == "IN_PROGRESS"
    calls = project.last_call()
    row = roll_back(project, strategy, "under way")
    assert project.ecs_writes(calls) == ["ecs:StopServiceDeployment"]
    assert newest(project)["status"] == "ROLLBACK_SUCCESSFUL"
    assert strategy == "rolling" or weights(project) == traffic
    clean(project)
    return row


def after_the_end(project: Project, strategy: str) -> Row:
    """Roll back a deployment that has succeeded."""
    project.run("deploy", "frontend", "--image", f"{REGISTRY}/better:1")
    project.cloud.advance(120)
    paused(project, strategy)
    row = roll_back(project, strategy, "after the end")
    deployments = newest(project)["serviceDeploymentArn"]
    clean(project)
    assert newest(project)["serviceDeploymentArn"] == deployments, "the declared steps deploy nothing"
    return row


def tells_rows(rows: Sequence[Row]) -> None:
    """The table of the document has these rows as they were measured."""
    text = DOCUMENT.read_text()
    rest = text.split(BEGIN)[1]
    lines = rest.split(END)[0].splitlines()
    made = table(HEAD, [(f'`"{one.strategy}"`', one.when, str(one.code), duration(one.seconds)) for one in rows])
    head, rule, *new = made.splitlines()
    keys = [line.split(" | ")[:2] for line in new]
    written = [line for line in lines if line.split(" | ")[:2] in keys]
    if os.environ.get("UPDATE_NUMBERS"):
        others = [line for line in lines[2:] if line.split(" | ")[:2] not in keys]
        known = [f'| `"{name}"`' for name in KEYS]
        ordered = sorted([*others, *new], key=lambda line: known.index(line.split(" | ")[0]))
        everything = "".join(f"{line}\n" for line in (head, rule, *ordered))
        DOCUMENT.write_text(text.replace(BEGIN + rest.split(END)[0], BEGIN + everything))
    assert agrees("\n".join([head, rule, *written]), made), f"run this test with UPDATE_NUMBERS=1:\n{made}"


@pytest.mark.parametrize("strategy", KEYS)
def test_a_rollback_takes_seconds(project: Project, strategy: str) -> None:
    prepare(project, strategy)
    ended = after_the_end(project, strategy)
    paused(project, strategy)
    tells_rows([under_way(project, strategy), ended])
