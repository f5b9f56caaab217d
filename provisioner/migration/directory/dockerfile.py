"""Read the settings of a Dockerfile's last stage: port, user, health check, copied files.

See https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

LARGEST = 200_000
"""Bytes of a file that are read."""
HEREDOC = re.compile(r"<<-?([\"']?)([A-Za-z_]\w*)\1")
"""The beginning of a here-document, whose lines are no instructions."""
VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?[^}]*\})")
"""A variable in an instruction: `$PORT`, `${PORT}`, `${PORT:-8000}`."""
URL = re.compile(r"https?://[^\s\"'/]+(/[^\s\"';|)&,]*)?")
"""A URL in a health check's command, with its path."""


@dataclass(frozen=True)
class Image:
    """The settings of an image that its Dockerfile tells.

    Attributes:
        port: the first TCP port of EXPOSE, or else the variable PORT; None if there is neither.
        source: the instruction that tells the port.
        user: the user; empty if none is named.
        health: the path that HEALTHCHECK requests; empty if it requests none.
        checked: whether there is a HEALTHCHECK.
        variables: the values of ENV and ARG.
        directory: the directory of WORKDIR; empty if only the base image tells it.
        copies: the files and directories of the build context that COPY and ADD take, each with its path in the image.
    """

    port: int | None = None
    source: str = ""
    user: str = ""
    health: str = ""
    checked: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    directory: str = ""
    copies: tuple[tuple[str, str], ...] = ()


def read(path: Path, target: str = "") -> Image:
    """Return the settings of a Dockerfile's last stage; settings of a base image from elsewhere are not known.

    Args:
        target: another stage to read; if there is none of this name, the last one is read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST).decode("utf-8", errors="replace")
    except OSError:
        return Image()
    stages, before, image, name = dict[str, Image](), dict[str, str](), Image(), ""
    for instruction, rest in _instructions(content):
        if instruction == "FROM":
            stages[name] = image
            base, name = _stage(rest)
            image = stages.get(base) or Image()
        elif instruction == "ARG" and not name and not stages:
            before |= _pairs(rest, {})
        else:
            image = _with(image, instruction, rest, before)
    stages[name] = image
    return _with_port(stages.get(target.lower() or name, image))


def _stage(rest: str) -> tuple[str, str]:
    """Return the base of a FROM, and the stage's name; a stage without one is named after its line."""
    words = [word for word in rest.split() if not word.startswith("--")]
    base = words[0].lower() if words else ""
    named = len(words) > 2 and words[1].upper() == "AS"
    return base, words[2].lower() if named else f"FROM {rest}"


def _with(image: Image, instruction: str, rest: str, before: dict[str, str]) -> Image:
    """Return the settings after one more instruction."""
    known = image.variables
    if instruction == "EXPOSE" and image.source != "EXPOSE":
        ports = [_port(word) for word in _filled(rest, known).split()]
        first = next((port for port in ports if port), None)
        return replace(image, port=first, source="EXPOSE") if first else image
    if instruction == "USER":
        return replace(image, user=_filled(rest, known).strip())
    if instruction == "HEALTHCHECK":
        url = URL.search(_filled(rest, known))
        none = rest.strip().upper() == "NONE"
        return replace(image, checked=not none, health=(url[1] or "/").partition("?")[0] if url and not none else "")
    if instruction == "WORKDIR":
        path = _filled(rest, known).strip()
        inside = posixpath.join(image.directory, path) if image.directory or path.startswith("/") else ""
        return replace(image, directory=posixpath.normpath(inside) if inside else "")
    if instruction in ("COPY", "ADD"):
        return replace(image, copies=(*image.copies, *_copies(_filled(rest, known), image.directory)))
    if instruction in ("ENV", "ARG"):
        usual = before if instruction == "ARG" else {}
        return replace(image, variables=known | _pairs(rest, usual | known))
    return image


def _copies(rest: str, directory: str) -> Iterator[tuple[str, str]]:
    """Yield the sources of COPY in the build context, each with its path in the image; nothing if that is not known."""
    options = re.match(r"(--\S+\s+)*", rest)
    flags = options[0] if options else ""
    words = rest[len(flags) :].strip()
    parts = re.findall(r'"((?:[^"\\]|\\.)*)"', words) if words.startswith("[") else words.split()
    if "--from" in flags or len(parts) < 2 or any(mark in words for mark in ("*", "?", "<<")):
        return
    *sources, place = parts
    if not (place.startswith("/") or directory):
        return
    for source in sources:
        inside = posixpath.normpath(posixpath.join("/", source)).lstrip("/") or "."
        yield inside, posixpath.join(directory, place)


def _with_port(image: Image) -> Image:
    """Return the settings with the port of the variable PORT, if no EXPOSE tells one."""
    port = None if image.port else _port(image.variables.get("PORT", ""))
    return replace(image, port=port, source="ENV PORT") if port else image


def _port(word: str) -> int | None:
    """Return the TCP port of a word of EXPOSE, the first of a range; None for other protocols, or no number."""
    found = re.fullmatch(r"(\d{1,5})(?:-\d{1,5})?(?:/tcp)?", word.lower(), re.ASCII)
    return int(found[1]) if found and 0 < int(found[1]) < 65536 else None


def _pairs(rest: str, known: dict[str, str]) -> dict[str, str]:
    """Return the variables of ENV or ARG, in either of their forms: `A=1 B=2`, or `A 1`."""
    try:
        words = shlex.split(rest, comments=False)
    except ValueError:
        words = rest.split()
    if words and "=" not in words[0]:
        value = " ".join(words[1:]) or known.get(words[0], "")
        return {words[0]: _filled(value, known)} if value else {}
    given = (word.partition("=") for word in words)
    return {name: _filled(value, known) for name, equals, value in given if equals}


def _filled(text: str, known: dict[str, str]) -> str:
    """Return a text with the known variables filled in; unknown ones without a default become empty."""
    return VARIABLE.sub(lambda found: known.get(found[1] or found[2]) or found[3] or "", text)


def _instructions(content: str) -> Iterator[tuple[str, str]]:
    """Yield each instruction in capitals with its arguments, without comments and here-documents."""
    escape = re.match(r"#\s*escape\s*=\s*([\\`])", content, re.IGNORECASE)
    mark, lines, begun = escape[1] if escape else "\\", iter(content.splitlines()), ""
    for line in lines:
        if line.lstrip().startswith("#") or (begun and not line.strip()):
            continue
        begun += line.strip()
        if begun.endswith(mark):
            begun = f"{begun[:-1]} "
            continue
        instruction, _, rest = begun.partition(" ")
        begun = ""
        for _, end in HEREDOC.findall(rest) if instruction.upper() in ("RUN", "COPY", "ADD") else ():
            next((inner for inner in lines if inner.strip() == end), None)
        if instruction:
            yield instruction.upper(), rest.strip()
