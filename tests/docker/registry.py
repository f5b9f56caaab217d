"""A registry of Debian's package `docker-registry`: the distribution project's own server, on this machine."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.ports import free_port

CONFIGURATION = """
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {directory}/images}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@contextlib.contextmanager
def serving(directory: Path) -> Iterator[str]:
    """Yield the name of an empty registry (`127.0.0.1:<port>`) that keeps its files in the directory."""
    program = shutil.which("docker-registry")
    assert program, "docker-registry is not installed: apt-get install docker-registry"
    port = free_port()
    (directory / "registry.yml").write_text(CONFIGURATION.format(directory=directory, port=port))
    with (directory / "registry.log").open("wb") as log:
        process = subprocess.Popen([program, "serve", directory / "registry.yml"], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        while not _answers(port):
            assert process.poll() is None, (directory / "registry.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "docker-registry does not answer"
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=5):
            return True
    except OSError:
        return False
