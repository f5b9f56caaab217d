"""The cost of a stack in `plan`, `up`, `status`, `list` and `sleep`, and the budget that stops a plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import NETWORK, SMALL, Project

pytestmark = pytest.mark.slow

DATABASE = "\n[database]\nmin_acu = 0\n"


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A stack with a database, of which nothing stands yet."""
    here = Project(cloud, tmp_path)
    here.write(SMALL + DATABASE)
    yield here
    here.close()


def test_one_sum_everywhere(project: Project) -> None:
    planned = project.run("plan", "--json", code=2).document["cost"]
    told = project.run("cost", "--json").document
    assert planned["usual"] == pytest.approx(told["usual"])
    assert planned["before"]["usual"] == 0
    words = f"{told['usual']:.0f} USD a month"
    assert words in project.run("plan", code=2).out
    ended = project.up()
    (finished,) = ended.said("run_finished")
    assert finished["cost_an_hour"] == pytest.approx(told["hour"])
    [line] = [line for line in finished["next"] if line.startswith("Cost on AWS: ")]
    assert line in project.run("plan").out.splitlines(), "in the same words"
    assert f"({told['hour']:.2f} an hour; " in line
    assert project.run("status", "--json").document["cost"]["usual"] == pytest.approx(told["usual"])
    assert f"{told['hour']:.2f} USD an hour on AWS" in project.run("status").out
    (one,) = project.run("list", "--json").document["stacks"]
    assert one["cost"]["usual"] == pytest.approx(told["usual"])
    assert f"{told['usual']:.0f}" in project.run("list").out.splitlines()[1].split()

    # a setting that costs more
    project.change("min_acu = 0", "min_acu = 1")
    text = project.run("plan", code=2).out
    assert "  db_cluster/main  +55 a month (idle +110, at most 0)" in text.splitlines()
    changed = project.run("plan", "--json", code=2).document["cost"]["changed"]
    assert changed == {"db_cluster/main": {"idle": 109.5, "usual": 54.75, "at_most": 0.0}}

    # a budget
    project.write(project.config.read_text() + "\n[cost]\nbudget = 50\n")
    for command in (("plan", "--json"), ("up", "--yes")):
        ended = project.run(*command, code=1)
        assert "cost.budget is 50. The most: db_cluster/main 110, " in ended.err
    assert (
        project.cloud.client("rds").describe_db_clusters()["DBClusters"][0]["ServerlessV2ScalingConfiguration"][
            "MinCapacity"
        ]
        == 0
    )
    # what makes it cheaper may go on, even if it still costs more
    project.change("min_acu = 1", "min_acu = 0")
    project.change("zones = 2", 'zones = 2\negress = "nat"')
    project.run("plan", code=2)
    project.change('egress = "nat"\n', "")

    # asleep
    project.change("budget = 50", "budget = 5000")
    slept = project.run("sleep", "--yes", "--json")
    assert any("USD a month on AWS and leaves" in one["text"] for one in slept.said("notice"))
    asleep = project.run("status", "--json").document["cost"]
    assert asleep["usual"] < told["usual"]
    project.run("wake", "--yes")
    project.down()


def test_a_part_of_a_stack_costs_its_part(project: Project) -> None:
    cost = project.run("plan", "--json", *NETWORK, code=2).document["cost"]
    assert cost["usual"] == 0
    text = project.run("plan", *NETWORK, code=2).out
    assert "Cost on AWS: about 0.00 USD a month" in text


def test_a_region_without_prices_stops_nothing(project: Project) -> None:
    project.change("public = true\n", "")
    project.write('region = "us-gov-west-1"\n' + project.config.read_text())
    ended = project.run("plan", code=2)
    assert "no price known for us-gov-west-1: `provision cost --refresh --region us-gov-west-1`" in ended.out
