"""Files of the machine in containers of a Compose file: a loss, unless the image has them by its build."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.migration.compose.file import draft
from provisioner.migration.verdict import verdict

IN_APP = "FROM node:22\nWORKDIR /app\nCOPY . .\n"
STAGES = "FROM node:22 AS dev\nWORKDIR /dev\nCOPY . .\n\nFROM dev AS last\nWORKDIR /app\nCOPY --from=dev /dev .\n"


@pytest.mark.parametrize(
    ("dockerfile", "build", "mounts", "whole"),
    [
        (IN_APP, "web", ["./web:/app"], True),
        (IN_APP, "web", ["./web/src:/app/src:ro"], True),
        (IN_APP, "web", ["./web:/app", "/app/node_modules"], True),
        ("FROM node:22\nWORKDIR /srv\nWORKDIR app\nADD src ./src/\n", "web", ["./web/src:/srv/app/src"], True),
        ('FROM node:22\nCOPY ["nginx.conf", "/etc/nginx/"]\n', "web", ["./web/nginx.conf:/etc/nginx/nginx.conf"], True),
        ("FROM node:22\nCOPY nginx.conf /etc/n.conf\n", "web", ["./web/nginx.conf:/etc/n.conf"], True),
        (STAGES, "{context: web, target: dev}", ["./web:/dev"], True),
        # the last stage is built upon the other, and has its files; by COPY --from it has none of this machine
        (STAGES, "web", ["./web:/dev"], True),
        (STAGES, "web", ["./web:/app"], False),
        # another path, other files, a directory that only the base image knows
        (IN_APP, "web", ["./web:/code"], False),
        (IN_APP, "web", ["./config:/app/config"], False),
        ("FROM node:22\nCOPY . .\n", "web", ["./web:/app"], False),
        ("FROM node:22\nWORKDIR /app\nCOPY *.js .\n", "web", ["./web:/app"], False),
        ("FROM node:22\nWORKDIR /app\nCOPY src lib\n", "web", ["./web/src:/app/src"], False),
        # a volume of its own below no mounted directory, and with a name, holds data
        (IN_APP, "web", ["/app/uploads"], False),
        (IN_APP, "web", ["./web:/app", "uploads:/app/uploads"], False),
    ],
)
def test_files_that_the_image_has_are_no_loss(
    tmp_path: Path, dockerfile: str, build: str, mounts: list[str], whole: bool
) -> None:
    (tmp_path / "web" / "src").mkdir(parents=True)
    (tmp_path / "web" / "nginx.conf").touch()
    (tmp_path / "web" / "Dockerfile").write_text(dockerfile)
    (tmp_path / "compose.yaml").write_text(
        f"services: {{web: {{build: {build}, ports: ['80:80'], volumes: {mounts}}}}}\n"
    )
    made = draft(tmp_path)
    assert (verdict(made).whole["services"] == ["web"]) == whole, "\n".join(map(str, made.left))
    assert len([one for one in made.left if one.key == "services.web.volumes"]) == len(mounts)


def test_a_ready_image_has_no_files_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: 'n:1', ports: ['80:80'], volumes: ['.:/app']}}\n")
    assert verdict(draft(tmp_path)).whole["services"] == []
