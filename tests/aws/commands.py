"""Runs `provision` as a user types it, shows what it says, and hands on what the user presses."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from tests.cloud.project import Ended

ROOT = Path(__file__).parents[2]
PROVISION = (sys.executable, "-m", "provisioner.cli.main")
NOT_HANDED_ON = ("PROVISION_TARGET",)
"""Variables that would change what is tested."""
SHOWN = {"done": "{result} {address}", "failed": "failed {address}: {error}", "notice": "{text}"}
"""Which of a run's events are shown, and how."""


class Stopped(Exception):
    """The user pressed Ctrl-C."""


def say(text: str) -> None:
    """Show a line to the user; that the terminal was closed must not keep anything from being taken down."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


@dataclass
class Presses:
    """Ctrl-C, SIGTERM and a closed terminal: the first goes on to the teardown, the second ends the test.

    Attributes:
        count: how often it was pressed.
        tearing_down: whether the teardown is under way, which the first one does not disturb.
        standing: says what still stands, what it costs and how it is taken down.
    """

    count: int = 0
    tearing_down: bool = False
    standing: Callable[[], str] = lambda: ""
    command: subprocess.Popen[str] | None = None

    def listen(self) -> None:
        """Take the signals from now on."""
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, self._press)

    def check(self) -> None:
        """Raise `Stopped` if it was pressed, and once more if the teardown is under way."""
        if self.count > int(self.tearing_down):
            raise Stopped

    def _press(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        first = self.count == 1
        say(self.standing())
        say("taking it down now; press once more to leave it as it is" if first else "ending; it is left as it is")
        if self.command and not (first and self.tearing_down):
            self.command.send_signal(signal.SIGINT)


@dataclass
class Provision:
    """The command in the stack's directory.

    Attributes:
        common: the options of every call, such as the profile.
        stands: the addresses of what was made and not removed, as far as the commands have said.
    """

    directory: Path
    log: Path
    common: Sequence[str]
    presses: Presses
    stands: set[str] = field(default_factory=set)

    def typed(self, *words: str) -> str:
        """Return what a user types for it in the directory."""
        return " ".join(["provision", *words, *self.common])

    def run(self, *words: str) -> Ended:
        """Run it to its end, with its calls in the log; events are shown as they come."""
        with tempfile.TemporaryFile("w+") as errors:
            with self._begun(words, stdin=subprocess.DEVNULL, stderr=errors, text=True) as process:
                lines = []
                for line in process.stdout:
                    lines.append(line)
                    self._hear(line)
            errors.seek(0)
            return Ended(process.returncode, "".join(lines), errors.read())

    def pipe(self, content: bytes, *words: str) -> tuple[int, bytes, bytes]:
        """Run it with something on its standard input; return its exit code and its two outputs."""
        with self._begun(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            out, err = process.communicate(content)
        return process.returncode, out, err

    @contextlib.contextmanager
    def meanwhile(self, *words: str) -> Iterator[Any]:
        """Run it for as long as the block takes, and end it by Ctrl-C."""
        with self._begun(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGINT)

    @contextlib.contextmanager
    def _begun(self, words: Sequence[str], **streams: Any) -> Iterator[Any]:
        environment = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
        environment["PYTHONPATH"] = str(ROOT)
        # what follows `--` is another program's
        cut = words.index("--") if "--" in words else len(words)
        line = [*PROVISION, *words[:cut], *self.common, "--log", str(self.log), *words[cut:]]
        # Ctrl-C is handed on by `Presses`, and by nobody else
        settings: dict[str, Any] = {
            "cwd": self.directory,
            "env": environment,
            "stdout": subprocess.PIPE,
            "process_group": 0,
        }
        with subprocess.Popen(line, **settings, **streams) as process:
            self.presses.command = process
            yield process
        self.presses.command = None

    def _hear(self, line: str) -> None:
        if not line.startswith('{"event": '):
            return
        event: dict[str, Any] = json.loads(line)
        if event["event"] == "done" and event["result"] in ("deleted", "retained", "not_found"):
            self.stands.discard(event["address"])
        elif event["event"] == "done":
            self.stands.add(event["address"])
        if event["event"] in SHOWN and event.get("result") not in ("unchanged", "retained"):
            seconds = f" ({event['seconds']:.0f} s)" if event.get("seconds", 0) >= 1 else ""
            say(f"    {SHOWN[event['event']].format(**event)}{seconds}")


def until(condition: Callable[[], bool], seconds: float, every: float, presses: Presses) -> bool:
    """Ask again and again until the condition holds; whether it did within so many seconds.

    Raises:
        Stopped: Ctrl-C was pressed meanwhile.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        presses.check()
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
