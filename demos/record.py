"""Draw docs/up.svg: run `provision up` and `down` for real on the embedded cloud, and record their output."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from ecs_emulator import control, manage
from provisioner.engine.events import Event
from provisioner.render.live import draw
from provisioner.render.progress import Progress
from provisioner.render.summary import result
from provisioner.render.text import STYLES

PROJECT = Path(__file__).resolve().parent.parent
WIDTH = 96
EVENTS: dict[str, type[Event]] = {kind.type: kind for kind in Event.__subclasses__()}


def events(directory: Path, *command: str) -> Iterator[Event]:
    """Run a command with `--json`, and yield its events as they come."""
    words = ["provision", *command, "--yes", "--json"]
    with subprocess.Popen(words, cwd=directory, stdout=subprocess.PIPE) as process:
        for line in process.stdout or ():
            data = json.loads(line)
            yield EVENTS[data.pop("event")](**data)
    if process.returncode:
        sys.exit(f"`provision {' '.join(command)}` ended with exit code {process.returncode}")


def aws_seconds(directory: Path) -> float:
    """Return the time on the embedded cloud's clock, which the live view follows."""
    cloud = manage.find(directory / ".provision")
    return float(control.clock(cloud)["now"]) if cloud else 0.0


def frames(directory: Path, *command: str) -> tuple[list[str], list[str]]:
    """Return the live view from the middle of a run, and the lines at its end."""
    progress, middle = Progress(clock=lambda: aws_seconds(directory)), list[str]()
    for event in events(directory, *command):
        progress.emit(event)
        if progress.run and progress.done >= progress.run.total * 0.7 and not middle:
            middle = draw(progress, WIDTH, 18)
    return middle, result(progress.finished) if progress.finished else []


def show(console: Console, command: str, lines: Sequence[str]) -> None:
    """Print a prompt with a command, and the lines below it."""
    console.print(Text(f"$ {command}", "bold green"))
    for line in lines:
        console.print(Text(line, STYLES.get(line[:1], "")), no_wrap=True, crop=True)


def main() -> None:
    """Record, and write the picture."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        shutil.copy(PROJECT / "stack.toml", directory)
        shutil.copytree(PROJECT / "app", directory / "app")
        try:
            middle, end = frames(directory, "up")
            show(console, "provision up", [*middle, "", *end])
            show(console, "provision up", frames(directory, "up")[1][:1])
            show(console, "provision down", frames(directory, "down")[1])
        finally:
            subprocess.run(["provision", "cloud", "stop"], cwd=directory, check=False, stdout=subprocess.DEVNULL)
    # the reader's own fixed-width font: the picture must not fetch one
    plain = re.sub(r"@font-face \{\{.*?\n {4}\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
        "Fira Code, ", ""
    )
    picture = console.export_svg(title="provision", code_format=plain)
    (PROJECT / "docs" / "up.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
