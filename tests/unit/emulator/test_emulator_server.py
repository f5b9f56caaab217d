"""The embedded cloud's process ends with its directory, and with nothing else."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from ecs_emulator.server import _is_gone


def test_a_directory_that_is_removed_or_empty_is_gone(tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.mkdir()
    opened = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert _is_gone(opened)
        (place / "cloud.json").write_text("{}")
        assert not _is_gone(opened)
        place.rename(tmp_path / "renamed")
        assert not _is_gone(opened)
        (tmp_path / "renamed" / "cloud.json").unlink()
        (tmp_path / "renamed").rmdir()
        assert _is_gone(opened)
    finally:
        os.close(opened)


def test_without_a_free_descriptor_nothing_is_known(tmp_path: Path) -> None:
    """Anybody on the machine can use them up, by connections that say nothing."""
    (tmp_path / "cloud.json").write_text("{}")
    opened, limits = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY), resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        gone = _is_gone(opened)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        os.close(opened)
    assert not gone
