"""`plan --rehearse` names the services and URLs that will be down."""

from __future__ import annotations

import pytest

from ecs_emulator import control
from tests.cloud.project import SMALL, Project, project, ready_image, with_dns  # noqa: F401  (a fixture)
from tests.cloud.rehearsals import QUIET

pytestmark = pytest.mark.slow

REHEARSING = "rehearsing these changes: which URLs and services would be down"


@pytest.fixture
def changed(project: Project) -> Project:  # noqa: F811
    """A public service whose name is to change."""
    project.write(with_dns(SMALL, 'domain = "example.com"\nhost = "app"'))
    ready_image(project.cloud, "frontend")
    first = project.run("plan", "--rehearse", "--json", code=2)
    assert first.document["outages"] == []
    assert REHEARSING not in first.err
    project.up()
    assert REHEARSING not in project.run("plan", "--rehearse").err
    control.pass_time(project.cloud.process, QUIET, "typical")
    project.change('host = "app"', 'host = "www"')
    return project


def test_a_plan_names_what_will_be_down(changed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = changed.run("plan", code=2)
    assert "URLs" not in plain.out
    assert changed.run("plan", "--json", code=2).document["outages"] is None
    ended = changed.run("plan", "--rehearse", code=2)
    assert REHEARSING in ended.err
    down = ended.out.partition("URLs that will not answer:\n")[2].splitlines()[0]
    assert down.startswith("  ! https://app.example.com/* permanently, after ")
    assert down.endswith("(the listener has no certificate for this name)")
    [outage] = changed.run("plan", "--rehearse", "--json", code=2).document["outages"]
    assert (outage["service"], outage["url"], outage["until"]) == ("frontend", "https://app.example.com/*", None)

    # what cannot be told is said in a line
    monkeypatch.setenv("PROVISION_ROUND_TRIP", "soon")
    ended = changed.run("plan", "--rehearse", code=2)
    assert "URLs" not in ended.out
    assert "note: outages are not known: `provision rehearse` failed: " in ended.out
