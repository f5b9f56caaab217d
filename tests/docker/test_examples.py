"""The examples in other languages in real containers: built, up, answering as their READMEs say, and gone again."""

from __future__ import annotations

from collections.abc import Callable

import docker
import pytest

from tests.cloud.project import Project
from tests.docker import images
from tests.docker.site import awaited, copied, gone, stays_well, stood_up


@pytest.mark.timeout(1500)
def test_go_redirects(engine: docker.DockerClient, new_project: Callable[[], Project]) -> None:
    images.ensure(engine, images.GO)
    project = new_project()
    copied(project, "go")
    site = stood_up(project)
    assert site.get("up")[:2] == (200, "up\n")
    status, _, place = site.get("docs")
    assert (status, place) == (302, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/")
    assert site.get("elsewhere")[0] == 404
    stays_well(site)
    gone(site, engine)


@pytest.mark.timeout(1500)
def test_node_renders_what_its_api_says(engine: docker.DockerClient, new_project: Callable[[], Project]) -> None:
    images.ensure(engine, images.NODE)
    project = new_project()
    copied(project, "node")
    site = stood_up(project)

    def fares() -> bool:
        """Return whether the page has its list; the front says 503 while the API has not answered within 3 s."""
        status, page, _ = site.get("")
        assert status in {200, 503}, (status, page)
        return status == 200 and "€</li>" in page

    awaited(fares, "the page with what the API says")
    stays_well(site)
    gone(site, engine)
