"""Paths that go from one service to another: somebody answers them throughout, and it is one of the two."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecs_emulator import control
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import Project, ready_image
from tests.cloud.rehearsals import QUIET
from tests.cloud.world.stood import stood

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
BASE = """
project = "ecs-sample"
env = "dev"
network = { zones = 2 }
"""
WEB = {"web": "/*"}
BOTH = {**WEB, "api": "/api/*"}


def services(paths: dict[str, Any], **more: str) -> str:
    """Return a stack.toml with a public service for each path; `more` are further lines, by service."""
    tables = (
        f'[services.{name}]\nimage = "{REGISTRY}/web:1"\nport = 80\npublic = true\npath = {path!r}\n'
        + more.get(name, "")
        for name, path in paths.items()
    )
    return BASE + "\n".join(tables)


def stand(here: Project) -> None:
    """A service for one path and another for the rest, left alone for an hour."""
    here.write(services(BOTH))
    ready_image(here.cloud, "web")
    here.up()
    control.pass_time(here.cloud.process, QUIET, "typical")


pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    with stood(cloud, tmp_path, stand) as here:
        yield here


def rehearsed(here: Project, text: str, *words: str, code: int = 0) -> list[tuple[str, str, bool]]:
    """Rehearse a change; return each outage: the path of the URL or the service, the reason, and if it lasts."""
    here.write(text)
    [run] = here.run("rehearse", "--json", "--durations", "uneven", *words, code=code).document["runs"]
    assert bool(run["problems"]) == bool(code), run["problems"]
    return [
        (one["url"].partition("elb.amazonaws.com")[2] or one["service"], one["why"], one["until"] is None)
        for one in run["outages"]
    ]


def test_a_new_service_takes_its_path_when_it_is_ready(project: Project) -> None:
    assert rehearsed(project, services({**BOTH, "shop": "/shop/*"})) == []


def test_the_next_owner_answers_for_a_service_that_goes(project: Project) -> None:
    assert rehearsed(project, services(WEB)) == []


def test_a_service_changes_its_path_with_its_image(project: Project) -> None:
    changed = services({**WEB, "api": "/v2/*"}).replace("web:1", "web:2")
    assert rehearsed(project, changed) == []


def test_a_new_service_takes_what_another_one_leaves(project: Project) -> None:
    assert rehearsed(project, services({**WEB, "api": "/v2/*", "old": "/api/*"})) == []


def test_two_services_exchange_their_paths(project: Project) -> None:
    assert rehearsed(project, services({"web": "/api/*", "api": "/*"})) == []


def test_a_new_service_takes_all_other_paths(project: Project) -> None:
    assert rehearsed(project, services({"web": "/web/*", "api": "/api/*", "site": "/*"})) == []


def test_a_new_service_whose_image_exits_takes_nothing(project: Project) -> None:
    assert rehearsed(project, services({**BOTH, "shop": "/shop/*"}), "--fails", "shop", code=1) == []


@pytest.mark.parametrize("strategy", ["canary", "blue-green"])
def test_a_new_service_whose_traffic_ecs_shifts(project: Project, strategy: str) -> None:
    more = {"shop": f'deployment = "{strategy}"\n'}
    assert rehearsed(project, services({**BOTH, "shop": "/shop/*"}, **more)) == []


def test_the_former_owner_deploys_meanwhile(project: Project) -> None:
    changed = services({**WEB, "shop": "/shop/*", "api": "/api/*"}, web='deployment = "blue-green"\n')
    assert rehearsed(project, changed) == []
