"""A project whose stack stands before a test begins."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.project import Project
from tests.cloud.world import own
from tests.cloud.world.marks import Stand


@contextmanager
def stood(cloud: EmbeddedCloud, directory: Path, stand: Stand, **more: Any) -> Iterator[Project]:
    """A project that `stand` has stood up: long ago, where the test is a fork of such a process; else it does so now.

    Args:
        more: further arguments of `Project`, the same that a `stand` sees as its attributes.
    """
    if own.HERE.standing is None:
        here = Project(cloud, directory, **more)
        stand(here)
    else:
        shutil.copytree(own.HERE.standing, directory, dirs_exist_ok=True, symlinks=True)
        written = (directory / "stack.toml").read_text()
        here = Project(cloud, directory, **more)
        here.write(written)
    yield here
    here.close()
