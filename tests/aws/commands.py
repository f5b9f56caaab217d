"""Run `provision` as a user types it, show its output, and pass on the user's keys."""

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
"""Variables that would change the tested behaviour."""
SHOWN = {"done": "{result} {address}", "failed": "failed {address}: {error}", "notice": "{text}"}
"""The events of a run that are shown, and their formats."""


class Stopped(Exception):
    """The user pressed Ctrl-C."""


def say(text: str) -> None:
    """Show a line to the user; a closed terminal must not stop the teardown."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


@dataclass
class Presses:
    """Ctrl-C, SIGTERM and a closed terminal: the first goes on to the teardown, the second ends the test.

    Attributes:
        count: the number of presses.
        tearing_down: whether the teardown is under way, which one press alone does not stop.
        standing: returns the resources that still exist, their cost, and the command that takes them down.
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
        """Raise `Stopped` after one press, or after two while the teardown is under way."""
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
        stands: the addresses of resources that were created and not deleted, according to the commands' events.
    """

    directory: Path
    log: Path
    common: Sequence[str]
    presses: Presses
    stands: set[str] = field(default_factory=set)

    def typed(self, *words: str) -> str:
        """Return the command line of a user in the directory."""
        return " ".join(["provision", *words, *self.common])

    def run(self, *words: str) -> Ended:
        """Run the command to its end, with its calls in the log; show its events as they come."""
        with tempfile.TemporaryFile("w+") as errors:
            with self._begun(words, stdin=subprocess.DEVNULL, stderr=errors, text=True) as process:
                lines = []
                for line in process.stdout:
                    lines.append(line)
                    self._hear(line)
            errors.seek(0)
            return Ended(process.returncode, "".join(lines), errors.read())

    def pipe(self, content: bytes, *words: str) -> tuple[int, bytes, bytes]:
        """Run the command with some standard input; return its exit code and its two outputs."""
        with self._begun(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            out, err = process.communicate(content)
        return process.returncode, out, err

    @contextlib.contextmanager
    def meanwhile(self, *words: str) -> Iterator[Any]:
        """Run the command while the context lasts, and end it by Ctrl-C."""
        with self._begun(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGINT)

    @contextlib.contextmanager
    def _begun(self, words: Sequence[str], **streams: Any) -> Iterator[Any]:
        environment = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
        environment["PYTHONPATH"] = str(ROOT)
        # the words after `--` are for another program
        cut = words.index("--") if "--" in words else len(words)
        line = [*PROVISION, *words[:cut], *self.common, "--log", str(self.log), *words[cut:]]
        # only `Presses` passes on Ctrl-C
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
    """Check again and again until the condition holds; return whether it did within so many seconds.

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
