"""A Rails application in real containers: its build, its own user, and its writes to the disk."""

from __future__ import annotations

import http.cookiejar
import shutil
import urllib.request
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from tests.cloud.project import Project
from tests.docker import containers, images
from tests.docker.site import gone, stays_well, stood_up


@pytest.mark.timeout(1500)
def test_rails_serves_as_its_own_user(engine: docker.DockerClient, new_project: Callable[[], Project]) -> None:
    images.ensure(engine, images.SLIM)
    project = new_project()
    shutil.copytree(Path(__file__).parent / "rails", project.directory, dirs_exist_ok=True)
    site = stood_up(project)
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=site.trusted), urllib.request.HTTPCookieProcessor(jar)
    )
    visits = []
    for _ in range(6):
        with browser.open(site.url, timeout=30) as answer:
            visits.append(answer.read().decode())
    assert visits == [f"visit {number}\n" for number in range(1, 7)], "both tasks have the key of the cookie"
    # without their relays
    tasks = containers.running(engine, project.state, "visits-dev-")
    assert len(tasks) == 2
    for task in tasks:
        code, said = task.exec_run(["sh", "-c", "test -s tmp/server.pid && id -u && find tmp/cache -type f | wc -l"])
        assert (code, said) == (0, b"1000\n1\n")
    stays_well(site)
    gone(site, engine)
