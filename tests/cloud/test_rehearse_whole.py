"""`provision rehearse` of the whole sample: what it predicts is what then happens."""

from __future__ import annotations

import re

import pytest

from provisioner.emulator import control
from tests.cloud.project import SAMPLE, Project, project, ready_image  # noqa: F401  (a fixture)
from tests.cloud.rehearsals import QUIET, assert_alike, happened, predicted, rehearsed, temporary  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow

DNS = '\n[dns]\nhost = "app"\ndomain = "example.com"\n\n[network]\nzones = 3\n'


@pytest.fixture
def standing(project: Project) -> Project:  # noqa: F811
    """A stack that has been left alone for an hour."""
    project.write(SAMPLE + DNS)
    ready_image(project.cloud, "frontend")
    project.up()
    control.pass_time(project.cloud.process, QUIET, "typical")
    return project


def test_the_first_up_a_change_and_the_end_are_as_predicted(project: Project) -> None:  # noqa: F811
    project.cloud.last("typical")
    project.write(SAMPLE + DNS)
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
    # the rule for the new port takes the place of the old one's before there is a task that listens there
    [port] = [outage for outage in change.outages if not outage[1]]
    service, _, since, until, why = port
    assert service == "frontend"
    assert until is not None
    # as long as the certificate for the new domain, and a deployment
    assert 120 < until - since < 300
    assert why == "no security groups let its load balancer reach its running tasks"
    assert [name for _, name, *_ in change.outages if name] == ["app.example.com"]

    end = predicted(rehearsed(project, "down"))
    assert_alike(end, happened(project, "down"))
    assert {(service, until) for service, name, _, until, _ in end.outages if not name} == {
        ("backend", None), ("frontend", None),
    }  # fmt: skip


def test_another_port_of_a_service_cuts_off_those_who_call_it(standing: Project) -> None:
    standing.change("^port = 8080$", "port = 8081")
    found = predicted(rehearsed(standing))
    assert_alike(found, happened(standing, "up"))
    [(service, _, since, until, why)] = found.outages
    assert (service, why) == (
        "frontend",
        "no security groups let its running tasks call backend.svc.internal on port 8080",
    )
    assert until is not None
    assert 60 < until - since < 300


@pytest.mark.enumeration
def test_another_host_cuts_off_the_old_name(standing: Project) -> None:
    standing.change('host = "app"', 'host = "www"')
    host = predicted(rehearsed(standing))
    assert_alike(host, happened(standing, "up"))
    assert [(service, name, until) for service, name, _, until, _ in host.outages] == [
        ("frontend", "app.example.com", None)
    ]


@pytest.mark.enumeration
def test_the_spread_and_the_words(standing: Project) -> None:
    standing.change("frontend:1", "frontend:2")
    ended = standing.run("rehearse", "--spread")
    first, took, between, todo, down, calls, *_ = ended.out.splitlines()
    assert first == "Rehearsal of `up` of ecs-sample-dev: it would succeed."
    assert re.fullmatch(r"On AWS: about 1 min \d\d s \(critical path: service/frontend 1 min \d\d s\)\.", took)
    assert re.fullmatch(r"Between .* and .* with fast and slow durations\.", between)
    assert (todo, down) == ("2 to change.", "No service will be down.")
    assert re.fullmatch(r"\d+ calls, 2 of them writes\.", calls)
    assert "copying the stack from its state: 90 resources" in ended.err
    standing.run("rehearse", "down", "--new-ami", code=4)
    standing.run("rehearse", "--durations", "quick", code=4)
