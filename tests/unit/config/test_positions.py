"""The places of keys and values in the text of a file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from provisioner.config.loader import read
from provisioner.config.models import SAMPLE
from provisioner.config.positions import Path, positions

BARE = st.text("abcXYZ019_-", min_size=1, max_size=6)
STRANGE = st.text(" .#[]{}=,'\"\\aé日", min_size=0, max_size=6)
WORDS = st.text(" .#[]{}=,'\"\\\nabé日", max_size=12)


class Writer:
    """Write a random document in random forms; each value that holds no other occurs once in it."""

    def __init__(self, draw: DrawFn) -> None:
        self.draw: Callable[[st.SearchStrategy[Any]], Any] = draw
        self.numbers, self.lines = count(1), list[str]()

    def one(self, *choices: str) -> str:
        return str(self.draw(st.sampled_from(choices)))

    def blank(self) -> str:
        return self.one("", " ", "\t ")

    def between(self) -> str:
        return self.one("", " ", "\n", " # a, ] comment }\n  ", "\r\n")

    def key(self, name: str) -> str:
        if re.fullmatch(r"[A-Za-z0-9_-]+", name) and self.draw(st.booleans()):
            return name
        return quoted(name) if "'" in name or self.draw(st.booleans()) else f"'{name}'"

    def dotted(self, path: tuple[str, ...]) -> str:
        return f"{self.blank()}.{self.blank()}".join(map(self.key, path))

    def leaf(self) -> str:
        number = next(self.numbers)
        words = f"{number}{self.draw(WORDS)}"
        forms = [str(number), f"{number}.5", f"{number:04}-05-27 07:32:00", quoted(words)]
        if "'" not in words:
            forms += [f"'''\n{words}'''", f"'''{words}'''''"] + ([] if "\n" in words else [f"'{words}'"])
        escaped = words.replace("\\", "\\\\").replace('"', '\\"')
        return self.one(*forms, f'"""{escaped}"""', f'"""{escaped}"""""', f'"""\\\n  {escaped}"""')

    def value(self, depth: int) -> str:
        match self.one("leaf", "leaf", "list", "table") if depth else "leaf":
            case "list":
                items = [self.value(depth - 1) for _ in range(self.draw(st.integers(0, 3)))]
                inside = ",".join(f"{self.between()}{item}{self.between()}" for item in items)
                comma = "," if items and self.draw(st.booleans()) else ""
                return f"[{inside}{comma}{self.between()}]"
            case "table":
                items = [f"{self.key(n)} {self.blank()}= {self.value(depth - 1)}" for n in self.draw(names())]
                return "{ " + ", ".join(items) + " }"
            case _:
                return self.leaf()

    def settings(self, chosen: list[str]) -> None:
        for name in chosen:
            path = (name, *self.draw(names(2)))
            self.lines.append(f"{self.blank()}{self.dotted(path)}{self.blank()}={self.blank()}{self.value(2)}")
            self.lines.append(self.one("", "# [a.b]", "  # x = 1"))

    def tables(self, path: tuple[str, ...], depth: int) -> None:
        chosen = self.draw(names())
        middle = self.draw(st.integers(0, len(chosen)))
        self.settings(chosen[:middle])
        for name in chosen[middle:] if depth else []:
            below = (*path, name)
            several = self.draw(st.booleans())
            for _ in range(self.draw(st.integers(1, 2)) if several else 1):
                left, right = ("[[", "]]") if several else ("[", "]")
                self.lines.append(f"{self.blank()}{left}{self.blank()}{self.dotted(below)}{self.blank()}{right} # ]")
                self.tables(below, depth - 1)


def names(most: int = 3) -> st.SearchStrategy[list[str]]:
    return st.lists(BARE | STRANGE, max_size=most, unique=True)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\u000a") + '"'


@st.composite
def documents(draw: DrawFn) -> str:
    writer = Writer(draw)
    writer.tables((), 2)
    return draw(st.sampled_from(["\n", "\r\n"])).join(writer.lines)


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each key, table and element with its value."""
    if path:
        yield path, value
    items: Any = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, below in items:
        yield from leaves(below, (*path, name))


@given(documents())
def test_each_key_is_found_where_it_is_written(text: str) -> None:
    document = tomllib.loads(text)
    found = positions(text)
    assert set(found) == {path for path, _ in leaves(document)}
    for path, value in leaves(document):
        place = found[path]
        if isinstance(path[-1], str) and len(path) > 1:
            assert found[path[:-1]].key[0] <= place.key[0]
        if isinstance(path[-1], str):
            assert list(tomllib.loads(f"{text[slice(*place.key)]} = 0")) == [path[-1]]
        if place.value:
            assert tomllib.loads(f"x = {text[slice(*place.value)]}") == {"x": value}
        else:
            assert isinstance(value, dict | list)
        if place.value and isinstance(path[-1], str):
            assert re.fullmatch(r"[ \t]*=[ \t]*", text[place.key[1] : place.value[0]])


def test_each_key_of_the_sample_is_found() -> None:
    text = SAMPLE.read_text()
    assert set(positions(text)) == {path for path, _ in leaves(read(SAMPLE))}


def place_of(text: str, path: Path) -> str:
    span = positions(text)[path].key
    return f"{text.count(chr(10), 0, span[0]) + 1}:{span[0] - text.rfind(chr(10), 0, span[0])}"


CASES: Mapping[str, tuple[str, Path, str]] = {
    "dotted": ("a.b.c = 1\n", ("a", "b", "c"), "1:5"),
    "table": ("[a]\nb = 1\n[a.c]\n", ("a", "c"), "3:4"),
    "implied": ("[a.b]\n", ("a",), "1:2"),
    "inline": ("a = { b = 1, c = { d = 2 } }\n", ("a", "c", "d"), "1:20"),
    "second-of-several": ("[[a]]\nb = 1\n[[a]]\nb = 2\n", ("a", 1, "b"), "4:1"),
    "below-several": ("[[a]]\n[[a]]\n[a.c]\nd = 1\n", ("a", 1, "c", "d"), "4:1"),
    "after-text": ('a = """\nb = 1\n"""\nb = 2\n', ("b",), "4:1"),
    "element": ("a = [\n  1,\n  2, # ]\n]\n", ("a", 1), "3:3"),
    "escaped": ('"\\u0061" = 1\n', ("a",), "1:1"),
}


def test_places_are_lines_and_columns() -> None:
    told: Callable[[str], str] = lambda case: place_of(*CASES[case][:2])  # noqa: E731
    assert {case: told(case) for case in CASES} == {case: place for case, (_, _, place) in CASES.items()}
