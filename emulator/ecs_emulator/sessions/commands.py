"""A command in a task, as the agent runs it: in its own terminal, without a shell, and without its exit code."""

from __future__ import annotations

import json
import shlex
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from ecs_emulator.sessions import wire
from ecs_emulator.sessions.channel import Channel

FIRST_SECONDS = 1.0
"""The agent's wait before it reads a command's output (amazon-ssm-agent, `shell.go`)."""
_REPLACEMENT = "\ufffd".encode()
_LEADS = ((0xF0, 0xF8, 4), (0xE0, 0xF0, 3), (0xC0, 0xE0, 2))
"""The ranges of a UTF-8 letter's first byte, and the letter's number of bytes."""


class NotStarted(Exception):
    """The container has no such program; the message is worded as by Go's `os/exec`."""


class Program(Protocol):
    """A running program, seen from the other end of its terminal."""

    def read(self) -> bytes:
        """Return a piece of its output; empty at its end."""

    def write(self, data: bytes) -> None:
        """Type bytes into its terminal."""

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of its terminal."""

    def close(self) -> None:
        """End the program."""


Start = Callable[[Sequence[str]], Program]
"""Starts a program with its arguments; raises `NotStarted`."""


def run(channel: Channel, line: str, start: Start) -> None:
    """Run a command to its end. The line is split as the agent splits it for a container, without a shell."""
    try:
        program = start(shlex.split(line))
    except (NotStarted, ValueError) as error:
        channel.end(f"----------ERROR-------\nUnable to start command: Failed to start pty: {error}")
        return
    threading.Thread(target=_type, args=(channel, program), name=f"{channel.session} input", daemon=True).start()
    time.sleep(FIRST_SECONDS)
    held = b""
    while not channel.over and (data := program.read()):
        data, held = processed(held + data)
        channel.emit(data)
    program.close()
    channel.end()


def processed(data: bytes) -> tuple[bytes, bytes]:
    """Return the agent's version of some output, and the rest that it keeps for the next time, or loses at the end.

    The agent reads the output as UTF-8. Of a replacement character it sends only the first byte, and it keeps a
    possible beginning of a letter (amazon-ssm-agent, `processStdoutData`).
    """
    kept = 0
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte & 0xC0 != 0x80:
            kept = next((back for low, high, size in _LEADS if low <= byte < high and back < size), 0)
            break
    cut = len(data) - kept
    return data[:cut].replace(_REPLACEMENT, _REPLACEMENT[:1]), data[cut:]


def _type(channel: Channel, program: Program) -> None:
    while (message := channel.inputs.get()) is not None:
        try:
            if message.payload_type == wire.DATA:
                program.write(message.payload)
            elif message.payload_type == wire.SIZE:
                size = json.loads(message.payload)
                program.resize(int(size["cols"]), int(size["rows"]))
        except (OSError, ValueError, KeyError):
            break  # the program has ended
    program.close()
