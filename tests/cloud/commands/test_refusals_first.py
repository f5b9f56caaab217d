"""A plan that holds a refusal stops `up` before its first write, and gives the reason once for each refused setting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import difference
from tests.cloud.project import SAMPLE, Ended, Project

pytestmark = pytest.mark.slow

REFUSED = SAMPLE.replace("[database]\n", '[database]\nname = "other"\n') + '[network]\ncidr = "10.8.0.0/16"\n'


@pytest.fixture(scope="module")
def project(running_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    running_cloud.reset()
    here = Project(running_cloud, tmp_path_factory.mktemp("refused"))
    here.up()
    yield here
    here.close()


def ended(project: Project, *words: str) -> Ended:
    return project.end(project.begin(*words))


def test_a_refused_change_is_reported_once_by_its_setting(project: Project) -> None:
    project.write(REFUSED)
    shown = ended(project, "plan")
    assert shown.code == 1
    refused = shown.out.split("\nrefused\n")[1].splitlines()
    assert refused[0].startswith("  ! network.cidr cannot change from 10.0.0.0/16 to 10.8.0.0/16 (10 resources: ")
    assert refused[1] == "  ! database.name cannot change from sample to other (db_cluster/main)"
    assert "service backend: " in shown.out, "the rest of the plan is shown as well"
    assert (
        "Restore the old value, or recreate the stack: `down`, then `up`, both with the options of this command, "
        in shown.out
    )


def test_up_writes_nothing_and_names_the_data_at_stake(project: Project) -> None:
    project.write(REFUSED)
    before, since = project.inventory(), project.last_call()
    up = ended(project, "up", "--yes")
    assert up.code == 1
    assert project.writes(since) == [], "the new database name does not reach the running backend"
    assert difference(before, project.inventory()) == {}
    assert "error: nothing was changed:\n  network.cidr cannot change from 10.0.0.0/16 to 10.8.0.0/16" in up.err
    (advice,) = [line for line in up.err.splitlines() if "Restore the old value" in line]
    for data in ("the database (db_cluster/main)", "the images (repository/", "the logs (log_group/"):
        assert data in advice
    assert "up not finished: no changes" in up.out
    assert "Fix the errors above, then run `provision plan` again." in up.out


def test_json_has_each_reason_with_all_its_addresses(project: Project) -> None:
    project.write(REFUSED)
    events = ended(project, "up", "--yes", "--json").said("refused")
    assert {len(event["addresses"]) for event in events} == {10, 1}
    assert [event["reason"].split(" ")[0] for event in events] == ["network.cidr", "database.name"]


def test_the_former_value_back_and_there_is_nothing_to_do(project: Project) -> None:
    project.write(SAMPLE)
    assert project.planned() == {}


def test_down_names_the_data_before_it_asks(project: Project) -> None:
    asked = ended(project, "down")
    assert asked.code == 4, "standard input is not a terminal"
    (line,) = [line for line in asked.err.splitlines() if line.startswith("Data that will be deleted: ")]
    assert "the database (db_cluster/main)" in line
    assert "the images (repository/backend, repository/frontend" in line
