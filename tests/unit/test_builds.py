"""Images to build: the tag follows the content, and where nothing can be built that is said beforehand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.builds import UNKNOWN, check_builds, content_tag
from provisioner.config import Config
from provisioner.engine.errors import ConfigurationError
from provisioner.facts import Facts

SERVICES = {"web": {"build": "app/web", "port": 80}, "ready": {"image": "nginx:1", "port": 81}}
CONFIG = Config.model_validate({"services": SERVICES})
READY = Config.model_validate({"services": {"ready": SERVICES["ready"]}})
LOCAL = Facts("123456789012", "aws", "eu-west-1", (), "ami-1", None, (), engine=False, local=True)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "app" / "web"
    (folder / "src").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "src" / "main.py").write_text("print()\n")
    return folder


def test_the_tag_is_that_of_the_content_wherever_it_lies(context: Path) -> None:
    tag = content_tag(context)
    assert len(tag) == 16
    assert content_tag(context.rename(context.with_name("moved"))) == tag


@pytest.mark.parametrize("place", [".git/HEAD", ".hg/store", "src/__pycache__/main.pyc"])
def test_what_is_not_content_does_not_count(context: Path, place: str) -> None:
    tag = content_tag(context)
    path = context / place
    path.parent.mkdir(parents=True)
    path.write_text("x")
    assert content_tag(context) == tag


def test_content_names_bits_and_links_count(context: Path) -> None:
    tags = [content_tag(context)]
    (context / "src" / "main.py").write_text("print(1)\n")
    tags.append(content_tag(context))
    (context / "src" / "main.py").chmod(0o755)
    tags.append(content_tag(context))
    (context / "src" / "main.py").rename(context / "src" / "other.py")
    tags.append(content_tag(context))
    (context / "folder").symlink_to("src")
    tags.append(content_tag(context))
    (context / "folder").unlink()
    (context / "folder").symlink_to("nowhere")
    tags.append(content_tag(context))
    assert len(set(tags)) == len(tags)


def test_a_folder_that_is_not_there_has_no_content(tmp_path: Path) -> None:
    assert content_tag(tmp_path / "missing") == UNKNOWN


def test_ready_images_are_nothing_to_build(tmp_path: Path) -> None:
    assert check_builds(READY, replace(LOCAL, local=False), tmp_path) == {}


def test_the_embedded_cloud_skips_with_one_line_a_service(context: Path, tmp_path: Path) -> None:
    skipped = check_builds(CONFIG, LOCAL, tmp_path)
    assert list(skipped) == ["web"]
    assert "services.web.build" in skipped["web"]
    assert "no Docker engine answers" in skipped["web"]
    assert "\n" not in skipped["web"]
    assert "no registry" in check_builds(CONFIG, replace(LOCAL, engine=True), tmp_path)["web"]
    (context / "Dockerfile").unlink()
    assert "no Dockerfile" in check_builds(CONFIG, LOCAL, tmp_path)["web"]
    assert "no folder" in check_builds(CONFIG, LOCAL, tmp_path / "elsewhere")["web"]


@pytest.mark.parametrize("engine", [False, True])
def test_on_aws_it_is_an_error_that_says_what_to_write(context: Path, tmp_path: Path, engine: bool) -> None:
    with pytest.raises(ConfigurationError, match=r"services\.web\.build is .* services\.web\.image"):
        check_builds(CONFIG, replace(LOCAL, local=False, engine=engine), tmp_path)


def test_on_aws_a_missing_folder_and_dockerfile_are_named(context: Path, tmp_path: Path) -> None:
    aws = replace(LOCAL, local=False, engine=True)
    with pytest.raises(ConfigurationError, match="there is no folder"):
        check_builds(CONFIG, aws, tmp_path / "elsewhere")
    (context / "Dockerfile").unlink()
    with pytest.raises(ConfigurationError, match="has no Dockerfile"):
        check_builds(CONFIG, aws, tmp_path)
