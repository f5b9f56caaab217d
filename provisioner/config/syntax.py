"""Errors of a file that is no TOML: their places, and the fix."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

from provisioner.config.places import Told, WrongFile, unparsed

MOST = 5
"""The most errors that are reported at once."""
SEVERAL_LINES = re.compile(r"\"\"\"|'''|[=\[,{]\s*$|^\s*[\]}]", re.MULTILINE)
"""Marks of a value of several lines: an error in such a file may cause others, so only the first is reported."""
ENVIRONMENT = re.compile(r"\s*(?:\[\s*)?env\s*\.\s*([\w-]+)")
"""A line that uses `env` as a table."""
_WORDS = {"True": "true", "False": "false", "yes": "true", "no": "false", "on": "true", "off": "false"}


def refused(path: Path, text: str, error: tomllib.TOMLDecodeError) -> WrongFile:
    """Return the errors of a text, each with its place; of a text with values of several lines the first alone."""
    told = list[Told]()
    left: tomllib.TOMLDecodeError | None = error
    again = text
    while left and len(told) < MOST:
        one, line = _told(path, again, str(left))
        told.append(one)
        lines = again.split("\n")
        if SEVERAL_LINES.search(text) or not lines[line - 1].strip():
            break
        lines[line - 1] = " " * len(lines[line - 1])
        again = "\n".join(lines)
        left = _error(again)
    return WrongFile(told)


def _error(text: str) -> tomllib.TOMLDecodeError | None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return error
    return None


def _told(path: Path, text: str, message: str) -> tuple[Told, int]:
    """Return an error of `tomllib`, and the number of its line."""
    what = re.sub(r" \(at [^()]*\)$", "", message)
    lines = text.split("\n")
    if at := re.search(r"\(at line (\d+), column (\d+)\)$", message):
        line, column = int(at[1]), int(at[2])
    else:
        line, column = len(lines), len(lines[-1]) + 1
    here = lines[line - 1]
    if table := ENVIRONMENT.match(here):
        column, said = table.start(1) + 1, another_word(table[1])
    else:
        first = len(here) - len(here.lstrip()) + 1
        better, at_line = next(
            ((say(here, column), whole) for how, say, whole in _SYNTAX if re.fullmatch(how, what)),
            (what[:1].lower() + what[1:], False),
        )
        column, said = first if at_line else column, f"is not TOML: {better}"
    place = unparsed(text, sum(len(one) + 1 for one in lines[: line - 1]) + column - 1)
    return Told(str(path), line, column, "", said, place.excerpt), line


def another_word(name: str) -> str:
    """Return the message for a table `[env.NAME]`."""
    named = name if re.fullmatch(r"[\w-]+", name, re.ASCII) else '"…"'
    return f"env is the name of this file's own environment: write [environments.{named}]"


def _value(line: str, column: int) -> str:
    """Return the fault of a value that TOML does not know."""
    rest = line[column - 1 :].strip()
    word = re.match(r"\w*", rest)
    if rest.startswith("="):
        return "a key and its value have one equals sign between them: write = once"
    if word and word[0] in _WORDS:
        return f"this value is not valid TOML: write {_WORDS[word[0]]}, in small letters"
    if not rest or rest.startswith("#"):
        return "this key has no value: write one, or remove the line"
    return "this value is not valid TOML: put text in quotes"


def _no_equals(line: str, column: int) -> str:
    """Return the fault of a line without an equals sign."""
    if line[column - 1 :].lstrip().startswith(":"):
        return "a key and its value have = between them: write = instead of :"
    return "a key and its value have = between them: write KEY = VALUE"


_SYNTAX: tuple[tuple[str, Callable[[str, int], str], bool], ...] = (
    (
        "Cannot overwrite a value",
        lambda line, column: "this key already has a value: keep one of the two lines",
        True,
    ),
    ("Invalid value", _value, False),
    ("Expected '=' after a key in a key/value pair", _no_equals, False),
    (
        r"(Illegal character|Unterminated string|Unescaped).*",
        lambda line, column: "this text has no end: close it with the quote that it begins with, on the same line",
        False,
    ),
    (
        "Cannot mutate immutable namespace .*",
        lambda line, column: "the table in braces is closed: write this key in them, or use dots only",
        True,
    ),
    (r"Cannot declare \(.*\) twice", lambda line, column: "this table is defined twice: merge the two", True),
    (
        "Invalid statement",
        lambda line, column: "a line is a [table], a KEY = VALUE or a # comment: write one of these",
        False,
    ),
    ("Unclosed array", lambda line, column: "a list before this place has no end: close it with ]", False),
    (
        "Expected newline or end of document after a statement",
        lambda line, column: "the line goes on behind its value: put text in quotes, and each key on a line of its own",
        False,
    ),
)
"""Messages of `tomllib`, their replacement, and whether the whole line is wrong."""
