"""A day with the Django example: the script of `demos/day.py`, which checks its own results."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import docker
import pytest

from tests.cloud.warm import ROOT
from tests.docker import containers

SECONDS = 1800


@pytest.mark.timeout(SECONDS + 100)
def test_a_day_ends_with_nothing_left(engine: docker.DockerClient, database: None, tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    output, seen, deadline = tmp_path / "said", set[str](), time.monotonic() + SECONDS
    with output.open("w") as file:
        day = subprocess.Popen(
            [sys.executable, ROOT / "demos" / "day.py"],
            env=os.environ | {"PATH": path, "TMPDIR": str(tmp_path)}, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        # its containers are told from those of other tests by its directory, which goes at the end
        states = set[Path]()
        while day.poll() is None and time.monotonic() < deadline:
            states |= {found / ".provision" for found in tmp_path.glob("*/django")}
            seen |= {name for state in states for name in containers.names(engine, state)}
            time.sleep(1)
    finally:
        day.kill()
    said = output.read_text()
    print(said)
    assert day.wait() == 0, said[-6000:]
    # of six times, in one of which a canary fails
    assert (said.count("under load: "), said.count(", 0 failed")) == (6, 5)
    assert any(name.startswith("shop-dev-web-") for name in seen), "it has had some"
    assert [containers.names(engine, state, ended=True) for state in states] == [set()]
