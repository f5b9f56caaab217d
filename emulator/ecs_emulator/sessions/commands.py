"""A command in a task, as the agent runs it: in a terminal of its own, with no shell, and no exit code told."""

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
"""The agent waits so long before it reads what a command writes (amazon-ssm-agent, `shell.go`)."""
_REPLACEMENT = "\ufffd".encode()
_LEADS = ((0xF0, 0xF8, 4), (0xE0, 0xF0, 3), (0xC0, 0xE0, 2))
"""From which first byte to which a letter of UTF-8 has how many bytes."""


class NotStarted(Exception):
    """There is no such program in the container; the message is as Go's `os/exec` words it."""


class Program(Protocol):
    """What runs, at the other end of its terminal."""

    def read(self) -> bytes:
        """Return some of what it writes; nothing at its end."""

    def write(self, data: bytes) -> None:
        """Type something."""

    def resize(self, columns: int, rows: int) -> None:
        """Give its terminal another size."""

    def close(self) -> None:
        """End it."""


Start = Callable[[Sequence[str]], Program]
"""Starts a program with its arguments; raises `NotStarted`."""


def run(channel: Channel, line: str, start: Start) -> None:
    """Run a command to its end. The line is split as the agent splits it for a container, by no shell."""
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
    """Return what the agent makes of some output, and what it keeps for the next time, or for ever at the end.

    It reads it as UTF-8: of a replacement character it sends the first byte only, and what may be a letter's beginning
    it keeps (amazon-ssm-agent, `processStdoutData`).
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
            break  # it has ended
    program.close()
