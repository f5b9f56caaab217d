"""Beside somebody else's things, some of them under names that the stack would use: each stays exactly as it was."""

from __future__ import annotations

from tests.cloud import bystanders
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.project import Project, project  # noqa: F401  (a fixture)

CHANGED_BY_UP = {"zones", "account_settings"}
"""The zone counts its records; the setting is put back by `down`."""


def test_up_and_down_leave_somebody_elses_things_as_they_were(project: Project) -> None:  # noqa: F811
    bystanders.settle(project.cloud.client)
    before = project.inventory()
    project.up()
    lacking = {
        sort: found["lacking"] for sort, found in difference(before, project.inventory()).items() if found["lacking"]
    }
    assert lacking.keys() <= CHANGED_BY_UP, "nothing of theirs is changed or gone while the stack is up"
    project.down()
    after = project.inventory()
    assert difference(before, after, *NEVER_REMOVED) == {}
    assert [s["value"] for s in after["account_settings"] if s["name"] == "awsvpcTrunking"] == ["disabled"]


def test_what_stands_under_our_name_is_refused_by_name_and_the_rest_is_finished(project: Project) -> None:  # noqa: F811
    ecr = project.cloud.client("ecr")
    theirs = ecr.create_repository(repositoryName="ecs-sample-dev/backend")["repository"]
    refused = {address: item for address, item in project.planned().items() if item["action"] == "refused"}
    assert refused.keys() == {"repository/backend"}
    ended = project.up(code=1)
    (failed,) = ended.said("failed")
    assert failed["address"] == "repository/backend"
    assert "does not carry this stack's tags" in failed["error"]
    assert "repository/frontend" in ended.results
    assert ecr.describe_repositories(repositoryNames=["ecs-sample-dev/backend"])["repositories"] == [theirs]
    assert project.inventory()["images"] == []
