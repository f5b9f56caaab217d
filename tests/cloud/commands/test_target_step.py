"""`up`, `plan` and `down` limited to a step: exactly the announced changes, and a whole `up` makes the rest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, counts, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import SAMPLE, Project

pytestmark = [pytest.mark.random_order(disabled=True), pytest.mark.slow, world.FILE]
"""They are one life, in its order."""

DATABASE = {"network", "security_groups", "secrets", "service_roles", "database"}
"""The step, and the steps that it is built on."""


@pytest.fixture(scope="module")
def project(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The tests are its life, in their order."""
    running_cloud.reset()
    here = Project(running_cloud, tmp_path_factory.mktemp("limited"))
    yield here
    here.close()


def steps(project: Project) -> dict[str, str]:
    """The step of each recorded resource, by address."""
    return {resource["address"]: resource["step"] for resource in project.run("state", "list", "--json").document}


def test_an_unknown_step_is_refused_by_each_command(project: Project) -> None:
    since = project.last_call()
    for command in ("up", "plan", "down"):
        ended = project.run(command, "--target-step", "databse", code=4)
        assert (ended.out, ended.err.count("\n")) == ("", 1)
        assert 'no step "databse"; did you mean "database"? The steps are account, alarms, buckets' in ended.err
    assert project.writes(since) == []
    assert project.run("down", "--yes", "--target-step", "database").out.startswith("down done: no changes")


def test_a_refused_read_at_the_end_of_up_is_a_notice(project: Project) -> None:
    """Outside of the step, `up` reads for its notes only."""
    project.cloud.control("POST", "faults", "scenarios=denied&only=^autoscaling:Describe")
    ended = project.run("up", "--yes", "--json", "--target-step", "network")
    project.cloud.control("POST", "faults", "scenarios=")
    assert ended.said("run_finished")[0]["ok"]
    texts = [notice["text"] for notice in ended.said("notice") if "could not check" in notice["text"]]
    assert texts
    assert all("DescribeAutoScalingGroups was refused: " in text for text in texts)
    assert project.run("down", "--yes").out.startswith("down done: ")


def test_up_brings_the_step_and_what_it_is_built_on(project: Project) -> None:
    planned = project.run("plan", "--json", "--target-step", "database", code=2).document["resources"]
    assert {resource["step"] for resource in planned} == DATABASE
    ended = project.run("up", "--yes", "--json", "--target-step", "database")
    assert ended.results.keys() == {resource["address"] for resource in planned}
    assert ended.said("run_started")[0]["total"] == len(planned)
    assert "Limited to step database" in ended.said("run_finished")[0]["next"][0]
    made = counts(project.inventory())
    assert (made["db_clusters"], made["db_instances"]) == (1, 1)
    assert not made.keys() & {"load_balancers", "clusters", "launch_templates", "endpoints", "namespaces"}
    since = project.last_call()
    again = project.run("plan", "--json", "--target-step", "database").document["counts"]
    assert again == {"none": len(planned)}
    assert project.writes(since) == []


def test_up_then_makes_the_rest_and_limited_it_removes_nothing(project: Project) -> None:
    ended = project.up()
    there = {address for address, result in ended.results.items() if result == "unchanged"}
    assert {event["step"] for event in ended.said("done") if event["address"] in there} >= DATABASE
    project.change(r"^\[services\.backend\]\n(.+\n)+", "")
    project.change(r'^calls = \["backend"\]\n', "")
    removed = {a for a, item in project.planned().items() if item["action"] == "delete"}
    assert "service/backend" in removed
    limited = project.run("plan", "--json", "--target-step", "services", code=2).document["counts"]
    assert "delete" not in limited
    project.run("up", "--yes", "--json", "--target-step", "database")
    assert removed <= steps(project).keys()
    project.write(SAMPLE)
    project.up()
    assert project.planned() == {}


@pytest.mark.parametrize(("step", "more"), [("services", {"scaling"}), ("database", {"database_name"})])
def test_down_removes_a_step_with_dependents_and_up_restores_it(project: Project, step: str, more: set[str]) -> None:
    before = steps(project)
    ended = project.run("down", "--yes", "--json", "--target-step", step)
    gone = ended.results.keys()
    assert {a for a, of in before.items() if of == step} <= gone
    assert more | {step} <= {before[address] for address in gone}
    assert gone == before.keys() - steps(project).keys()
    assert ended.said("run_finished")[0]["ok"], "what was meant to stay is no leftover"
    assert f"Limited to step {step}" in ended.said("run_finished")[0]["next"][0]
    restored = project.up().results
    assert {address for address, result in restored.items() if result == "created"} == gone
    assert steps(project) == before
    assert project.inventory()["clusters"][0]["clusterName"] == NAME


def test_what_a_limited_down_leaves_behind_is_still_reported(project: Project) -> None:
    ecr = project.cloud.client("ecr")
    tags = [
        {"Key": "Project", "Value": "ecs-sample"},
        {"Key": "Environment", "Value": "dev"},
        {"Key": "ManagedBy", "Value": "provisioner"},
        {"Key": "provisioner:address", "Value": "repository/forgotten"},
    ]
    ecr.create_repository(repositoryName=f"{NAME}/forgotten", tags=tags)
    ended = project.run("down", "--yes", "--target-step", "repositories", code=1)
    assert f"not deleted: repository {NAME}/forgotten" in ended.err
    assert ended.err.count("not deleted:") == 1
    ecr.delete_repository(repositoryName=f"{NAME}/forgotten")


def test_the_whole_goes_afterwards(project: Project) -> None:
    before = project.inventory()
    project.down()
    after = project.inventory()
    assert "clusters" in difference(before, after, *NEVER_REMOVED)
    assert not after["clusters"] + after["db_clusters"] + after["load_balancers"] + after["namespaces"]
    assert project.run("state", "list").out.strip() == ""
