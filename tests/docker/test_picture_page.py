"""The page of `provision picture` in a real browser without a network: by mouse and keyboard, light and dark."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from ecs_emulator import manage
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import SAMPLE, Project


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the page of the sample, in which the log groups are to change. No container runs."""
    directory = tmp_path_factory.mktemp("picture")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROVISION_ENGINE", "0")
        cloud = EmbeddedCloud(manage.start(directory / ".provision", "example.com"))
        project = Project(cloud, directory)
        project.write(SAMPLE)
        project.up()
        project.write(f"{SAMPLE}\n[logs]\nretention_days = 14\n")
        project.run("picture", "stack.html")
        yield (directory / "stack.html").as_uri()
        manage.stop(project.state)
        project.close()


@pytest.fixture
def page(place: str) -> Iterator[Any]:
    """The page, in a browser that reaches nobody."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    assert program, "apt-get install chromium"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = browser.new_context(offline=True, viewport={"width": 1400, "height": 800})
        opened = context.new_page()
        asked, wrong = list[str](), list[str]()
        opened.on("request", lambda request: asked.append(request.url))
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("console", lambda message: wrong.append(message.text))
        opened.goto(place)
        yield opened
        assert (wrong, [url for url in asked if not url.startswith(place)]) == ([], [])
        browser.close()


def test_it_shows_selects_and_finds(page: Any) -> None:
    aside = page.locator("aside")
    assert "3 to change" in aside.inner_text()
    page.click('[data-key="logs"]')
    assert "retention_in_days" in aside.inner_text()
    assert page.locator("aside del").inner_text() == "7"
    assert page.locator("aside ins").inner_text() == "14"
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("db_cluster/main")
    page.locator("aside li button").first.press("Enter")
    assert "Aurora MySQL" in aside.inner_text()
    assert page.evaluate("location.hash") == "#database"
    page.focus('[data-key="backend"]')
    page.keyboard.press("Enter")
    assert "task_definition/backend" in aside.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(page: Any, scheme: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    page.emulate_media(color_scheme=scheme)
    for key in (None, "database", "logs"):
        if key:
            page.click(f'[data-key="{key}"]')
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
