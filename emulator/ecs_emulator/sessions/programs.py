"""Programs of commands in a task: a process in its real container, or one of this machine if a test wants it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Sequence
from typing import Any

from ecs_emulator.containers.engine import Engine, two_way
from ecs_emulator.sessions.commands import NotStarted

_PIECE = 1024
_TERMINAL = {"TERM": "xterm-256color"}
# a thread must not fork: a small program takes the terminal as its own, and restores the default effect of Ctrl-C
_OWN = (
    "import fcntl,os,signal,sys,termios;os.setsid();fcntl.ioctl(0,termios.TIOCSCTTY,0);"
    "signal.signal(signal.SIGINT,signal.SIG_DFL);signal.signal(signal.SIGQUIT,signal.SIG_DFL);"
    "os.execvp(sys.argv[1],sys.argv[1:])"
)


class InContainer:
    """A program in a container of the engine, run by root as ECS Exec does."""

    def __init__(self, host: Engine, container: str, words: Sequence[str]) -> None:
        from docker.errors import APIError

        self._api = host.client.api
        try:
            made = self._api.exec_create(
                container, list(words), tty=True, stdin=True, user="root", environment=dict(_TERMINAL)
            )
            self._id = made["Id"]
            opened = self._api.exec_start(self._id, tty=True, socket=True)
        except APIError as error:
            raise NotStarted(f'exec: "{words[0]}": {error.explanation}') from None
        self._socket: Any = two_way(opened)
        self._first = self._socket.recv(_PIECE)
        if b"OCI runtime exec failed" in self._first:
            # the engine reports the error as output
            raise NotStarted(f'exec: "{words[0]}": executable file not found in $PATH')

    def read(self) -> bytes:
        """Return a piece of its output."""
        first, self._first = self._first, b""
        with contextlib.suppress(OSError):
            return first or bytes(self._socket.recv(_PIECE))
        return b""

    def write(self, data: bytes) -> None:
        """Type bytes into its terminal."""
        self._socket.sendall(data)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of its terminal."""
        from docker.errors import APIError

        with contextlib.suppress(APIError):  # the program has ended meanwhile
            self._api.exec_resize(self._id, height=rows, width=columns)

    def close(self) -> None:
        """Hang up, which ends the program."""
        with contextlib.suppress(OSError):
            self._socket.close()


class OnThisMachine:
    """A program of this machine, in a terminal."""

    def __init__(self, words: Sequence[str]) -> None:
        self._terminal, theirs = os.openpty()
        self._lock, self._open = threading.Lock(), True
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _OWN, *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": "/", **_TERMINAL},
        )
        os.close(theirs)

    def read(self) -> bytes:
        """Return a piece of its output."""
        with contextlib.suppress(OSError):
            return os.read(self._terminal, _PIECE)
        return b""

    def write(self, data: bytes) -> None:
        """Type bytes into its terminal."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._terminal, view) :]

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of its terminal."""
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def close(self) -> None:
        """End the program, and all processes that it started in its terminal."""
        with self._lock:
            if not self._open:
                return
            self._open = False
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGHUP)
        self._process.wait()
        os.close(self._terminal)
