"""The commands of README.md and docs/, taken from there as they stand, in terminals, pipes and poor locales.

The output is kept in `screens/`, with times and ids masked: `UPDATE_SCREENS=1` writes it anew.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ecs_emulator import manage
from provisioner.config import sample
from tests.cloud.cli.test_cli_terminal import SECONDS, Screen
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.warm import ROOT

pytestmark = pytest.mark.slow

SCREENS = Path(__file__).parents[1] / "screens"
SKIPPED = {
    r"(\w+=\S+ )?make ": "sets itself up from the network, and tests the project or makes containers with Docker",
    r"pip |pipx |uv ": "installs from the network",
    r"aws |docker ": "is another program than this project's",
    r"python -m ecs_emulator|\. \./cloud\.env": "is the embedded cloud alone: `make test-wheels` starts it",
    r"\.venv/": "runs tests for minutes",
    r".*--target aws": "needs an AWS account",
    r"provision state (init|migrate|push)": "needs a state in a bucket: tests/cloud/state/test_state_team.py has one",
    r"provision cloud start --(clock|durations)": "lets all that comes after it take otherwise long",
    r"provision rehearse (down|-)": "takes long: tests/cloud/rehearsal/test_rehearse_whole.py does it",
    r"provision (config --env|run) ": "is of its document's example: test_environments.py and test_run.py have others",
    r"provision (deploy|rollback|history|diff) ": "is of its document's example: deployment/test_deploy.py has others",
    r"provision (scale|pause|resume|sleep|wake)\b": "is of its document's example: test_sleep.py has others",
    r"provision (exec|tunnel) ": "needs a container: tests/docker/test_sessions.py has some",
    r"provision (plan|up) --(take-over|give-back) ": "needs another system: test_take_over_whole.py has one",
    r"provision init$": "asks on a terminal: tests/unit/migration/test_first_file.py answers",
    r"provision init --from ": "needs the files of another tool: tests/cloud/migration/test_moving.py has some",
    r"provision logs .*--container ": "needs a sidecar: tests/cloud/commands/test_stack_sidecars.py has some",
    r"provision secret ": "asks for a value: tests/cloud/steps/test_service_secrets.py answers",
    r"provision dash": "it draws on the whole terminal: tests/cloud/pictures/test_dash.py looks at it",
    r"provision status --watch": "goes on until Ctrl-C: tests/cloud/inspection/test_status.py ends it",
    r"provision import ": "needs a resource that somebody else made: state_admin/test_import.py makes one",
}
"""Commands that are not run, each by the beginning of its line, with the reason."""
LATE = (r"provision down$", r"provision down ", r"provision cloud stop")
"""Commands that end the stack, or the cloud: they run last."""
ASKS = ("provision down", "provision recover")
LOOKS = ("provision plan", "provision status")
"""Commands that only look, and so are seen in every mode."""


@dataclass(frozen=True)
class Mode:
    """The output and the environment of a command: a terminal of so many columns, or a pipe (0), and variables."""

    name: str
    columns: int = 0
    settings: dict[str, str] = field(default_factory=dict)


POOR = {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
MODES = (
    Mode("terminal-80", 80),
    Mode("terminal-120", 120),
    Mode("no-color", 80, {"NO_COLOR": "1"}),
    Mode("pipe"),
    Mode("lang-c", 0, POOR),
)
UNSET = dict.fromkeys(("NO_COLOR", "LC_ALL", "COLUMNS", "LINES", "PROVISION_TIME_SCALE"), None)


def documented() -> dict[str, str]:
    """Return the command lines of all blocks of the documents that show a console, each with where it stands first."""
    found: dict[str, str] = {}
    pages = [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "developers").glob("*.md")]
    for path in (ROOT / "README.md", *sorted(pages, key=lambda page: page.name)):
        for block in re.finditer(r"^```console\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL):
            for line in re.findall(r"^\$ (.+)", block[1], re.MULTILINE):
                found.setdefault(" ".join(shlex.split(line, comments=True)), str(path.relative_to(ROOT)))
    return found


def skipped(command: str) -> str | None:
    """Return the reason for which a command is not run, or None."""
    return next((why for start, why in SKIPPED.items() if re.match(start, command)), None)


def afternoon() -> list[str]:
    """Return the commands to run in the order of the documents; commands that end everything come last."""
    commands = [command for command in documented() if not skipped(command)]
    last = {command: place for command in commands for place, end in enumerate(LATE, 1) if re.match(end, command)}
    return sorted(commands, key=lambda command: last.get(command, 0))


def test_every_rule_skips_something_and_most_is_run() -> None:
    commands = documented()
    assert [rule for rule in SKIPPED if not any(re.match(rule, command) for command in commands)] == []
    ours = [command for command in commands if command.startswith("provision ")]
    assert len(ours) > 25
    # the others are of documents about jobs, secrets, environments and day two, whose own examples the sample has not
    assert len(afternoon()) >= len(ours) * 2 // 5, {c: skipped(c) for c in ours if skipped(c)}


# -- what is seen ------------------------------------------------------------------------------------------------------


def seen(text: str, columns: int) -> list[str]:
    """Return the lines that stand on a terminal, or have left it at its top, after all of this was written to it.

    A line that is folded at the terminal's edge is one.
    """
    lines, row, column, folded = [""], 0, 0, set[int]()
    for part in re.finditer(r"\x1b\[([0-9;?]*)([A-Za-z])|\r|\n|[^\x1b\r\n]", text):
        code, count = part[2], int(part[1]) if part[1] and part[1].isdigit() else 0
        if code == "A":
            row = max(row - (count or 1), 0)
        elif code == "K":
            lines[row] = "" if count == 2 else lines[row][:column]
        elif code:
            assert code in "mhl", f"an escape sequence that the test does not know: {part[0]!r}"
        elif part[0] == "\r":
            column = 0
        else:
            if part[0] == "\n" or column == columns:
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
                (folded.discard if part[0] == "\n" else folded.add)(row)
            if part[0] != "\n":
                lines[row] = lines[row][:column].ljust(column) + part[0] + lines[row][column + 1 :]
                column += 1
    return _unfolded(lines, folded)


def _unfolded(lines: list[str], folded: set[int]) -> list[str]:
    whole: list[str] = []
    for number, line in enumerate(lines):
        if number in folded:
            whole[-1] += line
        else:
            whole.append(line)
    return [line.rstrip() for line in whole]


WIDTH = 55
FOLDED = re.compile(r"^(?:[-+~=!] \S|\w+ (?:done|not finished): |  Timeline: ).*(?:\n {4,}\S.*)+", re.MULTILINE)
"""Lines with times or in any order: their folds differ from run to run."""
MASKS = (
    (r"\b\d+\.\d\d(?= USD in \d)", "<dollars>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC", "<date>"),
    (r"\b\d+ min \d\d s\b|\b\d+(\.\d)? s\b", "<time>"),
    (r"\b\d+ days?\b", "<days>"),
    (r" \d+ (min|hours?)\b", " <age>"),
    (r"<age> {2,}", "<age>  "),  # how wide a column is depends on its ages
    (r"it is \S+ there, and \S+ here", "it is <time> there, and <time> here"),
    (r"\b(vpc|subnet|igw|sg|rtb|vpce|lt|i|ami|ns|srv)-[0-9a-z]{8,}\b", r"\1-<id>"),
    (r"\bZ[0-9A-Z]{12,}\b", "<zone>"),
    (r"\b_?[0-9a-f]{16,}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<id>"),
    (r"\bAKIA[0-9A-Z]{32}\b", "<key>"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
    (r"process     \d+", "process     <process>"),
    (r"cluster-[a-z0-9]{12}\b", "cluster-<id>"),
    (r"ecs-hvm-[0-9.]+", "ecs-hvm-<version>"),
)
PASSING = re.compile(r"^\. |^i-<id> |^= \w+/\S+ retained |^$")
"""Lines that depend on how fast resources go, or say little."""
UNORDERED = re.compile(r"^[-+~=] ")
"""Lines about work that goes on at the same time, in any order."""


def masked(command: str, lines: list[str]) -> list[str]:
    """Return the lines of an output that are the same in each run, with times and ids masked."""
    text = FOLDED.sub(lambda folded: re.sub(r"\n +", " ", folded[0]), "\n".join(lines))
    for pattern, instead in MASKS:
        text = re.sub(pattern, instead, text)
    kept = [line for line in text.splitlines() if not PASSING.match(line)]
    if command.startswith("provision timeline"):
        kept = [line[:WIDTH] for line in kept[:2]]  # the rest are bars, and the moments of a document
    if command.startswith("provision policy"):
        kept = kept[:6]  # a document with all actions, which tests of its own hold
    if command.startswith("provision top"):
        kept = [line.split()[0] for line in kept]  # the numbers follow from the moment
    if command == "provision status --all":
        # the steps stand in the order in which they began
        kept = kept[:1] + kept[next(n for n, line in enumerate(kept) if line.startswith("service  ")) :]
    unordered = iter(sorted(line for line in kept if UNORDERED.match(line)))
    # which columns a table has room for depends on ids
    return [re.sub(r" {3,}", "   ", next(unordered) if UNORDERED.match(line) else line) for line in kept]


@dataclass
class Afternoon:
    """A directory with the sample, in which commands run one after the other; `shown` has their output by mode."""

    directory: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)
    shown: dict[str, list[str]] = field(default_factory=dict)

    def run(self, command: str, mode: Mode) -> int:
        """Run one command line in one mode, and keep its output; output that goes into a file is not kept."""
        typed, _, file = command.partition(" > ")
        words = tuple(shlex.split(typed)[1:])
        if file:
            environment = {name: value for name, value in os.environ.items() if name not in UNSET}
            with (self.directory / file).open("w") as stream:
                return subprocess.run(
                    [sys.executable, "-m", "provisioner.cli.main", *words],
                    cwd=self.directory,
                    env=environment | {"PYTHONPATH": str(ROOT)},
                    stdout=stream,
                    check=False,
                ).returncode
        code, lines = self._on_terminal(words, mode) if mode.columns else self._in_pipe(words, mode)
        assert not any("Traceback" in line for line in lines), lines
        screen = [f"$ {command}", *(f"  {line}" for line in masked(command, lines)), f"  [{code}]", ""]
        self.shown.setdefault(mode.name, []).extend(screen)
        return code

    def _on_terminal(self, words: tuple[str, ...], mode: Mode) -> tuple[int, list[str]]:
        screen = Screen(self, words, mode.columns, mode.settings)  # type: ignore[arg-type]
        if f"provision {words[0]}" in ASKS:
            screen.until_more(0, "[y/N]")
            if "[y/N]" in screen.text:
                screen.type("y\n")
        if "--follow" in words:
            self._until_read()
            screen.type("\x03")
        screen.end()
        if "NO_COLOR" in mode.settings:
            assert re.search(r"\x1b\[[0-9;]*3[0-9]", screen.text) is None, "colours"
        assert screen.code is not None
        return screen.code, seen(screen.text.replace("\n", "\r\n"), mode.columns)

    def _in_pipe(self, words: tuple[str, ...], mode: Mode) -> tuple[int, list[str]]:
        environment = {name: value for name, value in os.environ.items() if name not in UNSET}
        process = subprocess.Popen(
            [sys.executable, "-m", "provisioner.cli.main", *words],
            cwd=self.directory,
            env=environment | {"PYTHONPATH": str(ROOT)} | mode.settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if "--follow" in words:
            self._until_read()
            process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=SECONDS)
        assert b"\x1b" not in out
        text = out.decode("ascii" if mode.settings else "utf-8")
        return process.returncode, text.splitlines()

    def _until_read(self) -> None:
        """Wait until the command has asked for logs, and so is in its loop."""
        cloud = self.cloud
        before = max((call["number"] for call in cloud.calls()), default=0)
        deadline = time.monotonic() + SECONDS
        while not any(call["service"] == "logs" for call in cloud.calls(before)):
            assert time.monotonic() < deadline, "nobody looks at the logs"
            time.sleep(0.05)

    @property
    def cloud(self) -> EmbeddedCloud:
        """The cloud that the commands have started."""
        found = manage.find(self.directory / ".provision")
        assert found is not None
        return EmbeddedCloud(found)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Afternoon]:
    """An empty directory, and the sample's applications in it, as in a clone."""
    directory = tmp_path_factory.mktemp("afternoon")
    shutil.copytree(ROOT / "app", directory / "app", ignore=shutil.ignore_patterns("__pycache__", ".venv"))
    (directory / "stack.toml").write_text(sample.text(), encoding="utf-8")
    here = Afternoon(directory)
    yield here
    manage.stop(directory / ".provision")
    for process in here.running:
        if process.poll() is None:
            process.kill()


def test_the_documents_commands_do_what_is_seen(place: Afternoon) -> None:
    """Run each command on a terminal, reading ones in all modes; then `up` and `down` in pipes."""
    terminals = [mode for mode in MODES if mode.columns]
    pipe, poor = MODES[3], MODES[4]
    for number, command in enumerate(afternoon()):
        if command == "provision cloud stop":
            assert place.run("provision up", poor) == 0
            assert place.run("provision down", poor) == 4, "there is nobody to ask"
            assert place.run("provision down --yes", pipe) == 0
        for mode in MODES if command in LOOKS else [terminals[number % len(terminals)]]:
            code = place.run(command, mode)
            assert code in {0, 2, 130 if "--follow" in command else 0}, (command, place.shown[mode.name][-30:])
    shown = {name: "\n".join(lines) for name, lines in place.shown.items()}
    if os.environ.get("UPDATE_SCREENS"):
        SCREENS.mkdir(exist_ok=True)
        for name, text in shown.items():
            (SCREENS / f"{name}.txt").write_text(text)
    for name, text in shown.items():
        assert text.split("\n") == (SCREENS / f"{name}.txt").read_text().split("\n"), f"UPDATE_SCREENS=1 ({name})"
