"""The shape of one mistake."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """A `stack.toml` that is wrong.

    Args:
        name: the mistake, in a word.
        text: the file.
        place: line and column, as the message names them.
        word: a word of the remedy.
        command: the command that tells it.
    """

    name: str
    text: str
    place: str
    word: str
    command: str = "config"


@dataclass(frozen=True)
class Line:
    """A command line that is wrong, without the name of the program.

    Args:
        line: the words.
        word: a word of the remedy.
        code: the exit code.
    """

    line: str
    word: str
    code: int = 4
