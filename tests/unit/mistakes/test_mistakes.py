"""Mistakes of a first hour: each is answered with its place and its remedy, at once."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.unit.conftest import Run
from tests.unit.mistakes import guessed, newcomer
from tests.unit.mistakes.table import Line, Mistake

FILES = (*newcomer.FILES, *guessed.FILES)
COMMANDS = (*newcomer.COMMANDS, *guessed.COMMANDS)


@pytest.mark.parametrize("mistake", FILES, ids=[one.name for one in FILES])
def test_a_wrong_file(mistake: Mistake, tmp_path: Path, run: Run) -> None:
    (tmp_path / "stack.toml").write_text(mistake.text)
    code, out, err = run(mistake.command)
    first = err.partition("\n")[0]
    assert (code, out) == (4, "")
    assert first.startswith(f"error: stack.toml:{mistake.place}: "), err
    assert mistake.word in first.partition(mistake.place)[2], err
    line, column = map(int, mistake.place.split(":"))
    shown, mark = err.splitlines()[1:3]
    # texts of variables are not shown, and no column before the mark is changed by that
    assert shown[: column + 8] == f"{line:>5} | {mistake.text.splitlines()[line - 1]}"[: column + 8]
    assert re.fullmatch(rf" {{5}} \| {{{column}}}\^+", mark)


@pytest.mark.parametrize("mistake", COMMANDS, ids=[one.line for one in COMMANDS])
def test_a_wrong_command_line(mistake: Line, tmp_path: Path, run: Run) -> None:
    for name in ("app", "empty"):
        (tmp_path / name).mkdir()
    for path in (tmp_path, tmp_path / "app"):
        (path / "stack.toml").write_text(guessed.SERVICE)
    code, out, err = run(*shlex.split(mistake.line))
    assert (code, mistake.word in out + err) == (mistake.code, True), err
