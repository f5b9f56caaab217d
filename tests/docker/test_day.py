"""A day with the Django example: the script of `demos/day.py`, which checks its own results."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import docker
import pytest

from tests.cloud.warm import ROOT

SECONDS = 1800


@pytest.mark.timeout(SECONDS + 100)
def test_a_day_ends_with_nothing_left(engine: docker.DockerClient) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, ROOT / "demos" / "day.py"], env=os.environ | {"PATH": path}, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-6000:]
    # of six times, in one of which a canary fails
    assert (done.stdout.count("under load: "), done.stdout.count(", 0 failed")) == (6, 5)
    assert engine.containers.list(all=True, filters={"label": "ecs_emulator", "name": "shop-dev-"}) == []
