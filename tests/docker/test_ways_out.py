"""From one way out to another on a standing stack, with real containers under load: no request fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import docker
import pytest

from ecs_emulator import control
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.project import Project
from tests.docker.test_unnoticed import APP, DOCKERFILE, Load, trusted

WAYS = ("none", "nat", "public", "none")
STACK = """
project = "shop"
env = "dev"

[network]
zones = 2
egress = "none"

[dns]
domain = "example.com"

[services.web]
build = "web"
port = 8080
public = true
count = 2
calls = ["api"]
environment = { HEALTH = "/health" }

[services.api]
build = "web"
port = 9000
environment = { HEALTH = "/health" }
"""


@pytest.mark.timeout(1500)
def test_no_request_fails_while_the_way_out_changes(
    engine: docker.DockerClient, new_project: Callable[[], Project]
) -> None:
    project = new_project()
    folder = project.directory / "web"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "app.py").write_text(APP)
    project.write(STACK)
    before = project.inventory()
    project.up()
    # containers are real from here on, and so are the moments between two of AWS's operations
    control.set_clock(project.cloud.process, "real:20")
    load = Load(project.run("output", "local_url").out.strip(), trusted(project), ("", "orders"))
    gateways = {}
    with load.running():
        time.sleep(1)
        for former, egress in pairwise(WAYS):
            load.during = f"{former} -> {egress}"
            project.change(r'^egress = ".*"', f'egress = "{egress}"')
            project.up()
            found = project.inventory()
            gateways[load.during] = len(found["nat_gateways"]), len(found["addresses"])
            assert project.planned() == {}
    assert load.failed == []
    assert all(number > 20 for number in load.counts.values()), load.counts
    assert gateways == {"none -> nat": (1, 1), "nat -> public": (0, 0), "public -> none": (0, 0)}
    control.set_clock(project.cloud.process, "virtual")
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}
