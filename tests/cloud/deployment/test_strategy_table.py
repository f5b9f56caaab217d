"""The duration of each strategy, and the result of each failure at each stage: measured, as docs/deployments.md has it.

The tables stand there; `UPDATE_NUMBERS=1` writes them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ecs_emulator import control
from provisioner.render.text import duration
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.deployment.test_strategies import PLAIN, newest, weights
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.project import SMALL, Ended, Project, ready_image

SECONDS = 2400
pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS)]

DOCUMENT = Path(__file__).parents[3] / "docs" / "deployments.md"
BEGIN, END = "<!-- table: tests/cloud/deployment/test_strategy_table.py {} -->\n", "<!-- end of table -->\n"
PAUSES = (
    "PRE_SCALE_UP", "POST_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
)  # fmt: skip
ALARMED = ("PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME")
WATCHED = (
    'deployment = { strategy = "canary", step_minutes = 2, bake_minutes = 2, alarms = ["http-errors"], '
    "pause_minutes = 2, pause_at = [" + ", ".join(f'"{stage.lower().replace("_", "-")}"' for stage in PAUSES) + "] }"
)
STEP, MOST = 10.0, 400
"""AWS's seconds between two looks at a stage, and how many looks there are at the most."""
EXPIRES = "a pause that expires"
STRATEGIES = ("`strategy`", "ends", "exit code", "takes")
FAILURES = ("what goes wrong", "stage", "ends", "then serves", "exit code", "seen after")
MANAGED = "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"


@dataclass(frozen=True)
class Row:
    """The end of one deployment.

    Attributes:
        serves: the revision whose tasks have the traffic then.
        seconds: the time from its beginning, or from the failure, to the end of the command.
    """

    what: str
    stage: str
    status: str
    serves: str
    code: int
    seconds: float


def hooks(found: Any) -> list[Any]:
    return [one for one in found.get("lifecycleHookDetails", ()) if one["status"] == "AWAITING_ACTION"]


def begin(project: Project, image: str) -> Any:
    return project.begin("deploy", "frontend", "--image", f"{REGISTRY}/{image}:1", "--json")


def reach(project: Project, stage: str) -> Any:
    """Let the deployment come to a stage, approved where it waits before, and return it."""
    former = newest(project)["serviceDeploymentArn"]
    for _ in range(MOST):
        project.cloud.await_held()
        found = newest(project)
        under_way = found["serviceDeploymentArn"] != former or found["status"] == "IN_PROGRESS"
        if under_way and found.get("lifecycleStage") == stage:
            if stage not in PAUSES or hooks(found):
                return found
        elif under_way:
            for hook in hooks(found):
                project.cloud.client("ecs").continue_service_deployment(
                    serviceDeploymentArn=found["serviceDeploymentArn"], hookId=hook["hookId"]
                )
        project.cloud.hold(STEP)
    pytest.fail(f"never at {stage}")


def row(project: Project, what: str, stage: str, ended: Ended, seconds: float, before: dict[str, int]) -> Row:
    serves = "what ran before" if weights(project) == before else "the new revision"
    return Row(what, stage, newest(project)["status"], serves, ended.code, seconds)


def whole(project: Project, what: str, image: str, stage: str = "") -> Row:
    """A deployment that nobody disturbs once it has begun."""
    before = weights(project)
    ended = project.end(begin(project, image))
    (finished,) = ended.said("run_finished")
    return row(project, what, stage, ended, finished["seconds"], before)


def disturbed(
    project: Project, what: str, stage: str, act: Callable[[], object] = lambda: None, image: str = "good"
) -> Row:
    """Disturb a deployment at a stage, and return its row; a pause that expires needs no other disturbance."""
    before = weights(project)
    project.cloud.hold(STEP)
    running = begin(project, image)
    found = reach(project, stage)
    act()
    since = hooks(found)[0]["expiresAt"].timestamp() if what == EXPIRES else project.cloud.time()
    project.cloud.release()
    ended = project.end(running)
    return row(project, what, stage, ended, project.cloud.time() - since, before)


def strategies(project: Project) -> list[Row]:
    """Each strategy as it is unless something is said."""
    found = []
    for name, image in zip(("rolling", "blue-green", "canary", "linear"), ["good", "better"] * 2, strict=True):
        if name != "rolling":
            now = PLAIN if name == "blue-green" else "^deployment = .*$"
            new = f'deployment = "{name}"'
            project.change(now, f"{PLAIN}\n{new}" if now == PLAIN else new)
            project.up()
        found.append(whole(project, f'`"{name}"`', image))
    return found


def failures(project: Project) -> list[Row]:
    """Return each failure at each stage of a canary deployment; the running revision is the same after each."""
    ecs, iam, watch = (project.cloud.client(name) for name in ("ecs", "iam", "cloudwatch"))
    watch.put_metric_alarm(
        AlarmName="http-errors", Namespace="AWS/ApplicationELB", MetricName="HTTPCode_Target_5XX_Count", Period=60,
        EvaluationPeriods=1, Threshold=1, Statistic="Sum", ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    project.change(PLAIN, f"{PLAIN}\n{WATCHED}")
    project.up()

    def alarm(state: str) -> None:
        watch.set_alarm_state(AlarmName="http-errors", StateValue=state, StateReason="a test")

    def reject() -> None:
        found = newest(project)
        ecs.continue_service_deployment(
            serviceDeploymentArn=found["serviceDeploymentArn"], hookId=hooks(found)[0]["hookId"], action="ROLLBACK"
        )

    found = [
        disturbed(project, "an image that exits", "SCALE_UP", image="frontend-exits-at-once"),
        disturbed(project, "health checks that fail", "SCALE_UP", image="frontend-never-healthy"),
    ]
    iam.detach_role_policy(RoleName=f"{NAME}-traffic", PolicyArn=MANAGED)
    found.append(whole(project, "the role may not move traffic", "good", "PRE_SCALE_UP"))
    iam.attach_role_policy(RoleName=f"{NAME}-traffic", PolicyArn=MANAGED)
    for stage in ALARMED:
        found.append(disturbed(project, "an alarm", stage, lambda: alarm("ALARM")))
        alarm("OK")
    found += [disturbed(project, "`deploy --reject`", stage, reject) for stage in PAUSES]
    found += [disturbed(project, EXPIRES, stage) for stage in PAUSES]
    alarm("ALARM")
    control.approve_all(project.cloud.process)
    return [*found, whole(project, "an alarm that was in ALARM before", "good", "any")]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, *rows)).replace(
        "\n", f"\n|{'---|' * len(head)}\n", 1
    )


def agrees(written: str, measured: str) -> bool:
    """Return whether two tables say the same, with times that are about the same."""
    lines = [[line.strip("|").split("|") for line in text.splitlines()] for text in (written, measured)]
    if [line[:-1] for line in lines[0]] != [line[:-1] for line in lines[1]]:
        return False
    times = [(seconds(one[-1]), seconds(other[-1])) for one, other in zip(*lines, strict=True)]
    return all(abs(one - other) <= max(STEP * 2, 0.1 * other) for one, other in times)


def seconds(text: str) -> int:
    units = {"h": 3600, "min": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+) (h|min|s)\b", text))


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A stack of one public service that is up, with images for it in ECR."""
    here = Project(cloud, tmp_path, SECONDS, durations="typical")
    here.write(SMALL)
    for name in ("good", "better", "frontend-exits-at-once", "frontend-never-healthy"):
        ready_image(cloud, name)
    here.up()
    yield here
    here.close()


def tells(name: str, made: str) -> None:
    """The document has the table as it was measured."""
    text = DOCUMENT.read_text()
    written = text.split(BEGIN.format(name))[1].split(END)[0]
    if os.environ.get("UPDATE_NUMBERS"):
        DOCUMENT.write_text(text.replace(BEGIN.format(name) + written, BEGIN.format(name) + made))
    assert agrees(written, made), f"run this test with UPDATE_NUMBERS=1:\n{made}"


def test_how_long_each_strategy_takes(project: Project) -> None:
    rows = [(one.what, one.status, str(one.code), duration(one.seconds)) for one in strategies(project)]
    tells("strategies", table(STRATEGIES, rows))


def test_in_what_each_failure_ends(project: Project) -> None:
    rows = [
        (one.what, f"`{one.stage}`", one.status, one.serves, str(one.code), duration(one.seconds))
        for one in failures(project)
    ]
    tells("failures", table(FAILURES, rows))
