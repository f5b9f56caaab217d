"""Errors of a file with their places: line and column as compilers write them, and the line itself with a mark."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from provisioner.config import secret_words
from provisioner.config.positions import Path as Key
from provisioner.config.positions import Place, Span, positions
from provisioner.config.secret_values import looks_secret
from provisioner.engine.errors import ConfigurationError

HIDDEN = "(hidden)"
"""Replaces a value that looks like a secret, which may be at the wrong key."""
VARIABLES = frozenset({"build_args", "env", "env_vars", "environment", "variables", "vars"})
"""Tables whose values may be secrets, also by the names that other tools give them."""
WIDEST = 72
"""The most columns of a line that is shown."""
BEFORE = 40
"""The columns before the mark that a longer line keeps."""
MOST_EXCERPTS = 20
"""The errors of a file that are shown with their line; of more, each has only its place."""
LONGEST = 2000
"""The characters of a line that is shown at all; a longer one is not looked through for secrets."""


@dataclass(frozen=True)
class Fault:
    """One error of a file.

    Attributes:
        loc: the parts of the key; a number is the place in a list.
        text: the message: the fault and the fix.
        at_key: whether the key itself is wrong rather than its value.
        written: the parts of the key at which the value is written, if it may be another: inherited, or an overlay's.
    """

    loc: Key
    text: str
    at_key: bool = False
    written: Key = ()

    @property
    def names(self) -> list[str]:
        """The parts of the key without places in lists."""
        return [part for part in self.loc if isinstance(part, str)]


@dataclass(frozen=True)
class Told:
    """One error of a file as it is shown.

    Attributes:
        file: the file's path; an option for a value of the command line.
        line, column: its place, from 1; 0 if it has none.
        key: the dotted key; empty if the file itself is wrong.
        text: the fault and the fix.
        excerpt: the line, and a mark below; empty if there is none.
    """

    file: str
    line: int
    column: int
    key: str
    text: str
    excerpt: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the error on one line: `stack.toml:12:1: services.web.prot: is unknown…`."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(filter(None, (place, self.key, self.text)))


class WrongFile(ConfigurationError):
    """A file is wrong, in one or more places.

    Args:
        told: its errors.
    """

    def __init__(self, told: Sequence[Told]) -> None:
        self.told = tuple(told)
        super().__init__("\n".join(map(str, told)))

    def in_full(self) -> str:
        """Return the message with the lines of the file."""
        return "\n".join(chain.from_iterable((str(one), *one.excerpt) for one in self.told))

    def problems(self) -> list[dict[str, Any]]:
        """Return the errors for `--json`; line and column are null where there is none."""
        return [
            {"file": one.file, "line": one.line or None, "column": one.column or None, "key": one.key, "text": one.text}
            for one in self.told
        ]


class Text:
    """The text of a file, in which keys are looked up.

    Args:
        text: the text, which is valid TOML.
    """

    def __init__(self, text: str) -> None:
        self.text, self.found = text, positions(text)

    def span(self, fault: Fault) -> Span | None:
        """Return the place of a fault: its value, its key, or the table that lacks it; None for the whole file."""
        known = [(self._depth(key) - len(key), key) for key in (fault.written, fault.loc) if key]
        missing, key = max(known, key=lambda one: one[0])
        if not (place := self.found.get(key[: len(key) + missing])):
            return None
        return place.value if place.value and not missing and not fault.at_key else place.key

    def _depth(self, key: Key) -> int:
        """Return how many parts of a key are in the file."""
        return next((length for length in range(len(key), 0, -1) if key[:length] in self.found), 0)

    def told(self, file: str, key: str, text: str, span: Span | None, *, with_line: bool = True) -> Told:
        """Return a fault at a place as it is shown, with the line itself if that is wanted."""
        if span is None:
            return Told(file, 1, 1, key, text)
        begin, end = _line(self.text, span[0])
        shown = excerpt(self.text, span, self._hidden(begin, end)) if with_line and end - begin <= LONGEST else ()
        return Told(file, *line_and_column(self.text, span[0]), key, text, shown)

    def _hidden(self, begin: int, end: int) -> list[Span]:
        def here(one: Span | None) -> bool:
            return one is not None and one[0] < end and one[1] > begin

        near = [(path, place) for path, place in self.found.items() if here(place.key) or here(place.value)]
        spans = chain.from_iterable(_secrets(self.text, path, place) for path, place in near)
        return sorted(filter(here, spans)) + _comment(self, begin, end)


def line_and_column(text: str, at: int) -> tuple[int, int]:
    """Return the line and the column of a character, from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _line(text: str, at: int) -> Span:
    end = text.find("\n", at)
    return text.rfind("\n", 0, at) + 1, len(text) if end < 0 else end


def _secrets(text: str, path: Key, place: Place) -> Iterator[Span]:
    """Yield the key and the value, if they must not be shown."""
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    if looks_secret("", text[slice(*place.key)].strip("\"'")):
        yield place.key
    if place.value is None:
        return
    written = text[slice(*place.value)]
    if written[0] in "[{":
        words = tomllib.loads(f"x = {written}")["x"] if written[0] == "[" else []
        if secret_words.looks(one for one in words if isinstance(one, str)):
            yield place.value
        return
    value = written.strip("\"'")
    # texts of variables are not shown, numbers are
    private = value != written and VARIABLES.intersection(path)
    if private or looks_secret(name, value) or secret_words.looks([value]):
        yield place.value


def _comment(within: Text, begin: int, end: int) -> list[Span]:
    """Return the comment of a line, which may hold anything."""
    taken = [span for place in within.found.values() for span in (place.key, place.value) if span]
    simple = [span for span in taken if span[0] < end and span[1] > begin and within.text[span[0]] not in "[{"]
    marks = (at for at in range(begin, end) if within.text[at] == "#")
    first = next((at for at in marks if not any(span[0] <= at < span[1] for span in simple)), end)
    return [(first, end)] if first < end else []


def unparsed(text: str, at: int) -> Told:
    """Return the place of a fault in a text that is no TOML, with the line; possible secrets are hidden."""
    begin, end = _line(text, at)
    line = text[begin:end]
    above = re.findall(r"^[ \t]*\[([^\n]*)", text[:begin], re.MULTILINE)
    private = bool(VARIABLES.intersection(re.split(r"[^\w-]+", above[-1] if above else "")))
    hidden = []
    if pair := re.match(r"\s*[\"']?([^=:\"']*?)[\"']?\s*[=:]+\s*(?=\S)", line):
        value = line[pair.end() :].strip("\"' ,\r")
        names = re.findall(r"[\w-]+", pair[1])
        name = names[-1] if names else ""
        if private or VARIABLES.intersection(names) or looks_secret(name, value) or secret_words.looks([value]):
            hidden.append((begin + pair.end(), end))
    if not hidden and secret_words.looks(re.findall(r"[^\s\"',]+", line)):
        hidden.append((begin, end))
    return Told("", *line_and_column(text, at), "", "", excerpt(text, (at, at + 1), hidden))


def excerpt(text: str, span: Span, hidden: Sequence[Span] = ()) -> tuple[str, ...]:
    """Return the line of a place, and a mark below it; empty for an empty line.

    Args:
        text: the whole text.
        span: the place.
        hidden: parts that are not shown, in order; one that reaches the end of the line as a comment is left out.
    """
    begin, end = _line(text, span[0])
    if hidden and hidden[-1][1] == end and text[hidden[-1][0]] == "#":
        end, hidden = hidden[-1][0], hidden[:-1]

    def shown(upto: int) -> str:
        result, at = "", begin
        for first, last in hidden:
            if at <= first < upto or first < at < last:
                result, at = result + text[at:first] + HIDDEN, min(last, upto)
        return "".join(c if c.isprintable() else " " if c in "\t\r" else "?" for c in result + text[at:upto])

    line, before, marked = shown(end).rstrip(), shown(span[0]), shown(min(span[1], end))
    if not line:
        return ()
    cut = max(len(before) - BEFORE, 0) if _cells(line) > WIDEST else 0
    line, before, marked = (f"…{one[cut:]}" if cut else one for one in (line, before, marked))
    line = line if len(line) <= WIDEST else f"{line[: WIDEST - 1]}…"
    number, wide = line_and_column(text, span[0])[0], _cells(before)
    mark = "^" * max(min(_cells(marked), _cells(line)) - wide, 1)
    return f"{number:>5} | {line}", f"{'':5} | {' ' * wide}{mark}"


def _cells(text: str) -> int:
    """Return the terminal columns of a text: East Asian characters take two, combining marks none."""
    wide = sum(unicodedata.east_asian_width(one) in {"W", "F"} for one in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def refused(file: Path, wrong: Iterable[tuple[str, str]], env: str) -> WrongFile:
    """Return one error for values that are wrong beside something else than the file, each with its place.

    Args:
        file: the file.
        wrong: the dotted keys, of plain words and dots alone, and the messages.
        env: the environment, whose table may have the value.
    """
    return WrongFile(in_file(file, [(key, _of_environment(key, text, env)) for key, text in wrong]))


def _of_environment(key: str, text: str, env: str) -> Fault:
    parts = tuple(key.split("."))
    return Fault(parts, text, written=("environments", env, *parts))


def located(message: str, env: str) -> str:
    """Return a message about keys of files with the place of each, and the lines: `stack.toml: account.id: …`.

    Args:
        message: the message, whose lines may name a file and a key. Other lines stay as they are.
        env: the environment of the command line; empty for the file's own.
    """
    return "\n".join(chain.from_iterable(_located(line, env) for line in message.split("\n")))


def _located(line: str, env: str) -> tuple[str, ...]:
    about = re.fullmatch(r"([^:]+\.toml): ([\w-]+(?:\.[\w-]+)*)((?::| is| has|\.).*)", line)
    if not about:
        return (line,)
    try:
        text = Text(Path(about[1]).read_text(encoding="utf-8-sig"))
        own = str(tomllib.loads(text.text).get("env", "dev"))
    except (OSError, ValueError, IndexError):
        return (line,)
    span = text.span(_of_environment(about[2], "", env or own))
    if span is None:
        return (line,)
    told = text.told(about[1], "", "", span)
    return (f"{told.file}:{told.line}:{told.column}: {about[2]}{about[3]}", *told.excerpt)


def in_file(file: Path, faults: Mapping[str, Fault] | Sequence[tuple[str, Fault]]) -> list[Told]:
    """Return faults of a file as they are shown, each by its dotted key; without places if it cannot be read again."""
    pairs = list(faults.items()) if isinstance(faults, Mapping) else faults
    try:
        whole = Text(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, IndexError):
        return [Told(str(file), 0, 0, key, fault.text) for key, fault in pairs]
    return [
        whole.told(str(file), key, fault.text, whole.span(fault), with_line=number < MOST_EXCERPTS)
        for number, (key, fault) in enumerate(pairs)
    ]
