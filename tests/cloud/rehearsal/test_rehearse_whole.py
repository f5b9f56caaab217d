"""`provision rehearse` of the whole sample: its predictions come true."""

from __future__ import annotations

import re

import pytest

from ecs_emulator import control
from tests.cloud.project import SAMPLE, Project, project, ready_image, with_dns  # noqa: F401  (a fixture)
from tests.cloud.rehearsals import QUIET, assert_alike, happened, predicted, rehearsed, temporary  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow

NAMED = with_dns(SAMPLE, 'host = "app"\ndomain = "example.com"') + "\n[network]\nzones = 3\n"


@pytest.fixture
def standing(project: Project) -> Project:  # noqa: F811
    """A stack that has been left alone for an hour."""
    project.write(NAMED)
    ready_image(project.cloud, "frontend")
    project.up()
    control.pass_time(project.cloud.process, QUIET, "typical")
    return project


def test_the_first_up_a_change_and_the_end_are_as_predicted(project: Project) -> None:  # noqa: F811
    project.cloud.last("typical")
    project.write(NAMED)
    ready_image(project.cloud, "frontend")
    found = rehearsed(project)
    assert found["copied"] == 0
    assert found["passes"]
    assert {item["action"] for item in found["plan"]} == {"create"}
    assert not project.state.joinpath("local").exists()
    first = predicted(found)
    assert_alike(first, happened(project, "up"))
    assert first.outages == []
    assert 300 < first.seconds < 900

    project.cloud.client("route53").create_hosted_zone(Name="example.org", CallerReference="theirs")
    project.cloud.delegate("example.org")
    for before, after in (("frontend:1", "frontend:2"), ("zones = 3", "zones = 2"), ("example.com", "example.org")):
        project.change(before, after)
    project.change("^port = 80$", "port = 81")
    found = rehearsed(project)
    assert found["copied"] == 90
    assert found["notes"][0] == "assumed: the public hosted zone example.org is in the account, and delegated"
    change = predicted(found)
    assert_alike(change, happened(project, "up"))
    # the rules for both ports stand until the tasks on the old one have gone; the old name is no longer declared
    assert {(url, until) for _, url, _, until, _ in change.outages if until is None} == {
        ("https://app.example.com/*", None)
    }

    end = predicted(rehearsed(project, "down"))
    assert_alike(end, happened(project, "down"))
    assert {(service, until) for service, url, _, until, _ in end.outages if not url} >= {
        ("backend", None), ("frontend", None),
    }  # fmt: skip


def test_another_port_of_a_service_cuts_nobody_off(standing: Project) -> None:
    standing.change("^port = 80$", "port = 81")
    found = predicted(rehearsed(standing))
    assert_alike(found, happened(standing, "up"))
    assert found.outages == []


def test_a_called_service_that_moves_its_port_cuts_off_callers(standing: Project) -> None:
    standing.change("^port = 8080$", "port = 8081")
    found = predicted(rehearsed(standing))
    assert_alike(found, happened(standing, "up"))
    # each caller is told one port, and for a while tasks of both revisions run behind one name
    assert {(service, url) for service, url, *_ in found.outages} == {("frontend", "")}
    assert all(why.endswith(("on port 8080", "on port 8081")) for *_, why in found.outages)
    assert all(until is not None for _, _, _, until, _ in found.outages)


def test_a_new_image_that_exits_takes_nothing_down(standing: Project) -> None:
    standing.change("^port = 80$", "port = 81")
    [run] = rehearsed(standing, "--fails", "frontend", "--durations", "uneven", code=1)["runs"]
    assert "ECS rolled ecs-sample-dev-frontend:2 back to ecs-sample-dev-frontend:1" in "".join(run["problems"])
    assert run["outages"] == []
    standing.run("rehearse", "--fails", "front", code=4)
    standing.run("rehearse", "down", "--fails", "frontend", code=4)


@pytest.mark.enumeration
def test_another_host_cuts_off_the_old_name(standing: Project) -> None:
    standing.change('host = "app"', 'host = "www"')
    host = predicted(rehearsed(standing))
    assert_alike(host, happened(standing, "up"))
    assert [(service, url, until) for service, url, _, until, _ in host.outages] == [
        ("frontend", "https://app.example.com/*", None)
    ]


@pytest.mark.enumeration
def test_the_spread_and_the_words(standing: Project) -> None:
    standing.change("frontend:1", "frontend:2")
    ended = standing.run("rehearse", "--spread")
    first, took, between, todo, down, calls, *_ = ended.out.splitlines()
    assert first == "Rehearsal of `up` of ecs-sample-dev: it would succeed."
    assert re.fullmatch(r"On AWS: about 1 min \d\d s \(critical path: service/frontend 1 min \d\d s\)\.", took)
    assert re.fullmatch(r"Between .* and .* with fast and slow durations\.", between)
    assert (todo, down) == ("2 to change.", "Every URL and service will answer throughout.")
    assert re.fullmatch(r"\d+ calls, 2 of them writes\.", calls)
    assert "copying the stack from its state: 82 resources" in ended.err
    standing.run("rehearse", "down", "--new-ami", code=4)
    standing.run("rehearse", "--durations", "quick", code=4)
