"""Load on the embedded cloud from programs without its key: its memory, and the time of an `up` beside them."""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager

from benchmarks.project import PROVISION, Project, project

DESCRIPTORS = 1024
"""The default limit of Linux for a process's open files and connections, set for the cloud here."""
IDLE = 1100
CALLERS, CALLS = 4, 5000
BODIES, BODY = 20, 63 << 20
UPLOAD = 600 << 20
LONGEST = 120.0
"""Seconds after which an `up` is given up."""
_SETTLE = 3.0
"""Seconds between the begin of the load and the reading of the memory."""
_PIECE = bytes(1 << 20)
_SETTINGS = {"PROVISION_ENGINE": "0", "PROVISION_REGISTRIES": "0"}

Port = int
Taken = list[int]
"""The bytes that the cloud took, by connection."""
Strangers = Callable[[Port], AbstractContextManager[Taken]]


def main() -> None:
    """Print the cloud's memory without load and with it, and the time of a first `up` beside it."""
    print(f"{'':40}{'MiB before':>11}{'with them':>11}{'after up':>10}{'MiB taken':>11}{'up, s':>8}")
    for what, strangers in STRANGERS.items():
        with project(_SETTINGS) as sample:
            _row(what, sample, strangers)


def _row(what: str, sample: Project, strangers: Strangers) -> None:
    _limit(DESCRIPTORS)
    sample.start_cloud()
    _limit(4 * IDLE)
    before = _memory(sample)
    with strangers(_port(sample)) as taken:
        time.sleep(_SETTLE)
        beside = _memory(sample)
        took = _up(sample)
        after = _memory(sample)
    shown = "   fails" if took is None else f"{took:8.2f}"
    print(f"{what:40}{before:11.0f}{beside:11.0f}{after:10.0f}{sum(taken) >> 20:11}{shown}", flush=True)


def _limit(descriptors: int) -> None:
    """Set the limit of open files for this process and the processes that it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, descriptors), most))


def _up(sample: Project) -> float | None:
    """Return the time of a first `up`; None if it fails, or takes longer than `LONGEST`."""
    began = time.monotonic()
    with subprocess.Popen(
        [*PROVISION, "up", "--yes"],
        cwd=sample.directory,
        env=sample.variables(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
    return time.monotonic() - began if process.returncode == 0 else None


def _port(sample: Project) -> Port:
    assert sample.cloud is not None
    return int(sample.cloud.endpoint.rpartition(":")[2])


def _memory(sample: Project) -> float:
    """Return the resident memory of the cloud in MiB."""
    assert sample.cloud is not None
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(sample.cloud.pid)], capture_output=True, check=True)
    return int(shown.stdout) / 1024


# -- strangers ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def nobody(_: Port) -> Iterator[Taken]:
    """Add no load."""
    yield []


@contextlib.contextmanager
def idle(port: Port) -> Iterator[Taken]:
    """Hold many connections that announce a body and send none."""
    with contextlib.ExitStack() as held:
        for _ in range(IDLE):
            with contextlib.suppress(OSError):
                held.enter_context(_connected(port)).sendall(_head("/", 100))
        yield []


@contextlib.contextmanager
def callers(port: Port) -> Iterator[Taken]:
    """Connect again and again from several threads, and begin a request each time."""
    enough = threading.Event()

    def call() -> None:
        for _ in range(CALLS):
            if enough.is_set():
                return
            with contextlib.suppress(OSError), _connected(port) as connection:
                connection.sendall(_head("/", 100)[:-2])

    threads = [threading.Thread(target=call) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    yield []
    enough.set()
    for thread in threads:
        thread.join()


@contextlib.contextmanager
def bodies(port: Port) -> Iterator[Taken]:
    """Send some large bodies, each without its last byte."""
    with _sending([("/", BODY)] * BODIES, port) as taken:
        yield taken


@contextlib.contextmanager
def upload(port: Port) -> Iterator[Taken]:
    """Send a layer of an image to the registry, larger than memory should hold."""
    with _sending([("/v2/stranger/blobs/uploads/?digest=none", UPLOAD)], port) as taken:
        yield taken


STRANGERS: Mapping[str, Strangers] = {
    "nobody": nobody,
    f"{IDLE} connections, held": idle,
    f"{CALLERS} x {CALLS} connections, one by one": callers,
    f"{BODIES} x {BODY >> 20} MiB without a key": bodies,
    f"{UPLOAD >> 20} MiB to the registry, without a key": upload,
}


def _connected(port: Port) -> socket.socket:
    """Return a connection whose operations time out after `LONGEST`."""
    return socket.create_connection(("127.0.0.1", port), timeout=LONGEST)


def _head(path: str, size: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {size}\r\n\r\n".encode()


@contextlib.contextmanager
def _sending(requests: list[tuple[str, int]], port: Port) -> Iterator[Taken]:
    """Send bodies at the same time, and hold the connections."""
    taken = [0] * len(requests)
    with contextlib.ExitStack() as held:
        for number, (path, size) in enumerate(requests):
            connection = held.enter_context(_connected(port))
            threading.Thread(target=_send, args=(connection, path, size, taken, number), daemon=True).start()
        yield taken


def _send(connection: socket.socket, path: str, size: int, taken: Taken, number: int) -> None:
    """Send a request without its last byte, or until the cloud closes the connection."""
    with contextlib.suppress(OSError):
        connection.sendall(_head(path, size))
        while taken[number] < size - 1:
            taken[number] += connection.send(_PIECE[: size - 1 - taken[number]])
