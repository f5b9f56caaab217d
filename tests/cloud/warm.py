"""Runs the program many times without reading it anew each time: every run is a fork of one process that has.

A run is a process that leads a group of its own, as one that a shell started: it is killed, interrupted and read alike.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.cloud import botocore_once
from tests.cloud.crash import disturbed

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "provisioner.cli.main"]
ORDER_BYTES = 65_536
SERVICES = (
    "acm", "application-autoscaling", "autoscaling", "ec2", "ecr", "ecs", "elbv2", "iam", "logs", "rds",
    "resourcegroupstaggingapi", "route53", "service-quotas", "servicediscovery", "ssm", "sts",
)  # fmt: skip


@dataclass
class Run:
    """One run of the program, with the used members of `subprocess.Popen` under the same names."""

    pid: int
    returncode: int | None
    _told: socket.socket
    _pipes: Sequence[int]

    def poll(self) -> int | None:
        """Return the exit code, or None while the run is at work."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self.returncode = json.loads(self._told.recv(ORDER_BYTES))
            self._told.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for the run's end, and return its output and its errors."""
        with ThreadPoolExecutor(2) as pool:
            told = [pool.submit(_read, pipe) for pipe in self._pipes]
            late = self.returncode is None and not select.select([self._told], [], [], timeout)[0]
            if late:
                self.kill()
                select.select([self._told], [], [])
            self.poll()
            out, err = (text.result() for text in told)
        if late:
            raise subprocess.TimeoutExpired(PROGRAM, timeout or 0, out, err)
        return out, err

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill its whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


@dataclass
class Warm:
    """The process that has read everything, from which any number of runs fork."""

    here: socket.socket

    def start(self, directory: Path, words: Sequence[str], how: Sequence[str] = ()) -> Run:
        """Run the program in a directory, disturbed as `how` says (see `tests.cloud.crash.disturbed`)."""
        (out, out_end), (err, err_end) = os.pipe(), os.pipe()
        told, told_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        order = {"directory": str(directory), "words": list(words), "how": list(how), "environment": _uncovered()}
        with told_end:
            socket.send_fds(self.here, [json.dumps(order).encode()], [out_end, err_end, told_end.fileno()])
        os.close(out_end)
        os.close(err_end)
        return Run(json.loads(told.recv(ORDER_BYTES)), None, told, (out, err))


lender: Callable[[], Warm] | None = None
"""Returns the shared standing cloud of this process, if it needs none of its own."""


@cache
def shared() -> Warm:
    """The one of this test process, which lasts as long as that."""
    if lender:
        return lender()
    context = _warm()
    atexit.register(context.__exit__, None, None, None)
    return context.__enter__()


def environment() -> dict[str, str]:
    """The environment of a command: this process's, with this project to be found."""
    path = filter(None, [os.environ.get("PYTHONPATH"), str(ROOT)])
    return os.environ | {"NO_COLOR": "1", "PYTHONPATH": os.pathsep.join(path)}


def _uncovered() -> dict[str, str]:
    """Return the environment of a fork, without coverage: a run that is killed or may not write cannot save it."""
    return {name: value for name, value in environment().items() if not name.startswith("COVERAGE_")}


@contextmanager
def _warm() -> Iterator[Warm]:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here:
        command = [sys.executable, "-m", __name__, str(there.fileno())]
        process = subprocess.Popen(
            command, env=_uncovered(), stdin=subprocess.DEVNULL, pass_fds=[there.fileno()], process_group=0
        )
        there.close()
        try:
            yield Warm(here)
        finally:
            here.close()
            process.wait()


def _read(pipe: int) -> str:
    with os.fdopen(pipe, encoding="utf-8", errors="replace") as file:
        return file.read()


# -- in the process itself -----------------------------------------------------------------------------------------


def serve(there: socket.socket) -> None:
    """Take one order after the other, until nobody is at the other end. A child never returns from here."""
    # nobody waits for the keepers
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        text, ends, _, _ = socket.recv_fds(there, ORDER_BYTES, 3)
        if not text:
            return
        if os.fork() == 0:
            there.close()
            _keep(json.loads(text), ends)
        for end in ends:
            os.close(end)


def _keep(order: dict[str, Any], ends: Sequence[int]) -> None:
    """Start a run, and tell its pid and how it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *pipes, told_end = ends
    with socket.socket(fileno=told_end) as told:
        child = os.fork()
        if child == 0:
            told.close()
            _become(order, pipes)
            sys.exit(disturbed.run(order["how"], order["words"]))
        for pipe in pipes:
            os.close(pipe)
        with contextlib.suppress(PermissionError, ProcessLookupError):
            # by both, since neither may be first
            os.setpgid(child, child)
        with contextlib.suppress(BrokenPipeError):
            told.send(json.dumps(child).encode())
            told.send(json.dumps(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
    os._exit(0)


def _become(order: dict[str, Any], pipes: Sequence[int]) -> None:
    """Be in a directory and an environment, in a group of one's own, with both channels on the pipes."""
    os.setpgid(0, 0)
    os.chdir(order["directory"])
    os.environ.clear()
    os.environ.update(order["environment"])
    for channel, pipe in enumerate(pipes, start=1):
        os.dup2(pipe, channel)
        os.close(pipe)


def read_all() -> None:
    """Read all modules that a command reads, and botocore's data on the services; nothing is opened."""
    import botocore.session
    import typer.main

    import provisioner
    from provisioner.cli.app import app
    from provisioner.operations.context import connection

    for module in pkgutil.walk_packages(provisioner.__path__, "provisioner."):
        if not module.name.startswith("ecs_emulator."):
            importlib.import_module(module.name)
    # each command line has all commands made from their functions anew, which is half of a short one
    typer.main.get_command = cache(typer.main.get_command)
    typer.main.get_command(app)
    botocore_once.share()
    # the next sessions take over what this one's loader has read
    loader = botocore.session.create_loader()
    botocore.session.create_loader = lambda *_: loader
    made = connection.local_session("ap-northeast-1", "warm")
    for service in SERVICES:
        made.client(service, endpoint_url="http://127.0.0.1:1")
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as other:
        read_all()
        serve(other)
