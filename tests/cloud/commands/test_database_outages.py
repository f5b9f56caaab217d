"""A change of class of an RDS instance is an outage: the rehearsal tells it, and the run has it."""

from __future__ import annotations

import pytest

from ecs_emulator import control
from tests.cloud.project import SMALL, Project, project, ready_image  # noqa: F401  (a fixture)
from tests.cloud.rehearsals import QUIET, assert_alike, happened, predicted, rehearsed, temporary  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow

SINGLE = '\n[database]\nengine = "postgresql"\ninstance = "{}"\nstandby = {}\n'


def stack(instance: str, standby: str) -> str:
    service = "[services.frontend]\n"
    assert service in SMALL
    return SMALL.replace(service, f"{service}database = true\n") + SINGLE.format(instance, standby)


@pytest.mark.parametrize(("standby", "least", "most"), [("false", 300, 900), ("true", 60, 120)])
def test_a_change_of_class_is_an_outage(project: Project, standby: str, least: int, most: int) -> None:  # noqa: F811
    project.write(stack("db.t4g.micro", standby))
    ready_image(project.cloud, "frontend")
    project.up()
    control.pass_time(project.cloud.process, QUIET, "typical")
    control.watch(project.cloud.process)
    control.pass_time(project.cloud.process, 60.0, "typical")
    assert control.outages(project.cloud.process) == []
    project.write(stack("db.t4g.small", standby))
    foreseen = predicted(rehearsed(project))
    [(service, _, since, until, why)] = foreseen.outages
    assert service == "frontend"
    assert "does not answer meanwhile" in why
    assert until is not None
    assert least <= until - since <= most
    assert_alike(foreseen, happened(project, "up"))
