"""A project in a directory of its own, and commands run in it as a user types them: their seconds, calls and memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecs_emulator import control, manage
from ecs_emulator.control import CloudProcess

ROOT = Path(__file__).resolve().parents[1]
PROVISION = [sys.executable, "-m", "provisioner.cli.main"]


@dataclass(frozen=True)
class Measured:
    """A command's run as a whole process: its seconds, CPU seconds, calls, peak memory in MiB, and output."""

    seconds: float
    cpu: float
    calls: list[dict[str, Any]]
    memory: float
    output: str

    @property
    def reads(self) -> int:
        """The number of calls that only read."""
        return len(self.calls) - self.writes

    @property
    def writes(self) -> int:
        """The number of calls that write."""
        return sum(bool(call["write"]) for call in self.calls)

    @property
    def on_aws(self) -> float:
        """The run's seconds on AWS's clock, of an `up` or `down` that was run with `--json`."""
        events = [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]
        return float(next(event["seconds"] for event in events if event["event"] == "run_finished"))


@dataclass
class Project:
    """A directory with a configuration, and the environment of its commands."""

    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    cloud: CloudProcess | None = None

    def start_cloud(self, domain: str = "example.com") -> float:
        """Start the embedded cloud and return the seconds until it answered."""
        began = time.monotonic()
        with _environment(self.environment):
            self.cloud = manage.start(self.directory / ".provision", domain)
        return time.monotonic() - began

    def run(self, *words: str, program: Sequence[str] = PROVISION) -> Measured:
        """Run `provision`, or a variant of it, with these words in the directory; end the program if it fails."""
        return self.measure([*program, *words], self.variables())

    def variables(self) -> dict[str, str]:
        """Return the environment of its commands."""
        local = {"PYTHONPATH": str(ROOT), "PROVISION_TARGET": "local"}
        # a user's installation has its modules compiled: so do these runs, after the first
        compiled = {"PYTHONPYCACHEPREFIX": str(self.directory / ".compiled"), "PYTHONDONTWRITEBYTECODE": ""}
        return os.environ | compiled | local | dict(self.environment)

    def measure(self, command: Sequence[str], environment: Mapping[str, str]) -> Measured:
        """Run a command in the directory, with these variables and no others; end the program if it fails."""
        since = max((int(call["number"]) for call in self._calls(0)), default=0)
        began = time.monotonic()
        with tempfile.TemporaryFile("w+") as file:
            process = subprocess.Popen(
                command, cwd=self.directory, env=environment, stdout=file, stderr=subprocess.STDOUT
            )
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - began
            file.seek(0)
            output = file.read()
        # 2: `plan` has found changes, or `status` a service that does not serve
        if (code := os.waitstatus_to_exitcode(status)) not in (0, 2):
            sys.exit(f"`{' '.join(command)}` ended with exit code {code}:\n{output}")
        cpu = usage.ru_utime + usage.ru_stime
        return Measured(seconds, cpu, self._calls(since), usage.ru_maxrss / 1024, output)

    def _calls(self, since: int) -> list[dict[str, Any]]:
        if self.cloud is None:
            return []
        found: list[dict[str, Any]] = json.loads(control.control(self.cloud, "GET", f"/_cloud/log?since={since}"))
        return found


@contextmanager
def project(environment: Mapping[str, str] | None = None, stack: str | None = None) -> Iterator[Project]:
    """Yield a project in a directory that is removed afterwards, with its cloud.

    Args:
        environment: variables for the cloud and the commands.
        stack: the text of stack.toml; the sample's own if left out.
    """
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        shutil.copytree(ROOT / "app", directory / "app", ignore=shutil.ignore_patterns("__pycache__"))
        if stack is None:
            shutil.copy(ROOT / "stack.toml", directory)
        else:
            (directory / "stack.toml").write_text(stack)
        try:
            yield Project(directory, environment or {})
        finally:
            manage.stop(directory / ".provision")


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
