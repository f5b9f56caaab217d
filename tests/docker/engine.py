"""A Docker engine for the tests: the present one, or one of their own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import docker
from docker.errors import DockerException


@contextlib.contextmanager
def running(directory: Path) -> Iterator[str]:
    """Yield the address of an engine (`DOCKER_HOST`); if it was started for this, it is taken away again afterwards.

    Args:
        directory: an empty one for the engine's files; its path must be short, as the socket's may have 107 characters.
    """
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if _answers(address):
        yield address
        return
    program = shutil.which("dockerd")
    assert program, "no Docker engine answers, and dockerd is not installed: apt-get install docker.io"
    address = f"unix://{directory}/docker.sock"
    places = [f"--data-root={directory}/data", f"--exec-root={directory}/exec", f"--pidfile={directory}/pid"]
    # of Docker's own pools only 31 networks can be made, and those that an engine ended by force leaves behind count
    networks = "--default-address-pool=base=10.128.0.0/12,size=24"
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, *places, networks, "-H", address], stdout=log, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 60
        while not _answers(address):
            assert process.poll() is None, f"dockerd ended: {(directory / 'log').read_text()[-2000:]}"
            assert time.monotonic() < deadline, "dockerd does not answer"
            time.sleep(0.2)
        yield address
    finally:
        _clear(address)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        for mount in (*directory.glob("exec/netns/*"), directory / "data"):
            subprocess.run(["umount", mount], check=False, capture_output=True)
        shutil.rmtree(directory, ignore_errors=True)


def _answers(address: str) -> bool:
    # where there is nothing, docker's SDK would leave a socket open
    if address.startswith("unix://") and not Path(address.removeprefix("unix://")).exists():
        return False
    try:
        with contextlib.closing(docker.DockerClient(base_url=address, timeout=10)) as client:
            client.ping()
    except (DockerException, OSError):
        return False
    return True


def _clear(address: str) -> None:
    """End all containers of an engine of our own; it would wait for each otherwise."""
    with (
        contextlib.suppress(DockerException),
        contextlib.closing(docker.DockerClient(base_url=address, timeout=60)) as client,
    ):
        for container in client.containers.list(all=True):
            container.remove(force=True)
        client.networks.prune()
