"""Lines of logs: JSON as words, colours and prefixes, and searches in them."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.render.log_lines import Look, look, matches, readable, shown
from provisioner.render.text import visible

TERMINAL = Look({"web": "36", "worker": "32"}, 15, dated=False, readable=True)
PIPE = Look({}, 15, dated=False, readable=False)
SGR = re.compile(r"\x1b\[[0-9;]*m")
WORDS = st.text(st.characters(exclude_characters="\n\x1b"), max_size=12)
KEYS = WORDS | st.sampled_from(("message", "msg", "event"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize(
    ("text", "level", "lines"),
    [
        ('{"time":1,"msg":"hello there","level":"info"}', "INFO", ["hello there time=1"]),
        ('{"level":50,"pid":7,"msg":"no way"}', "ERROR", ["no way pid=7"]),
        ('{"severity":"WARNING","message":"slow","ms":1200}', "WARNING", ["slow ms=1200"]),
        ('{"message":"x","msg":"y"}', "", ["x msg=y"]),
        ('{"path":"/a b","ok":true,"none":null}', "", ['path="/a b" ok=true none=null']),
        ('{"msg":"é \\"q\\"","tags":["a","ü"]}', "", ['é "q" tags=["a","ü"]']),
        ('{"msg":"died","stack":"one\\n  two\\n"}', "", ["died", "  stack:", "    one", "      two"]),
        ('{"msg":"a\\nb","n":1}', "", ["a", "b n=1"]),
        ('{"level":{"odd":1},"msg":["odd"]}', "", ['level={"odd":1} msg=["odd"]']),
        ("{}", "", ["{}"]),
        ('{"cut', "", ['{"cut']),
        ("[1]", "", ["[1]"]),
        ("\x1b[31mred\x1b[0m plain\r\n", "", ["red plain"]),
        ('{"a":' * 100_000, "", ['{"a":' * 100_000]),
    ],
)
def test_json_is_read_as_words(text: str, level: str, lines: list[str]) -> None:
    assert readable(text) == (level, lines)


@given(st.dictionaries(KEYS, JSON, min_size=1, max_size=5))
def test_no_member_is_left_out_and_nothing_obeyed(members: dict[str, Any]) -> None:
    text = json.dumps(members)
    plain = [SGR.sub("", line) for line in shown(TERMINAL, 0, "web", "0123456789", text)]
    assert plain == [visible(line) for line in plain]
    words = "\n".join(readable(text)[1])
    for value in members.values():
        if isinstance(value, str):
            assert value in words or json.dumps(value, ensure_ascii=False) in words


@given(st.text(), st.data())
def test_what_was_written_is_found(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    assert matches(text, text[start : data.draw(st.integers(start, len(text)))])


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("a.b[c] (d)* 100% \\d ^$", ".b[c] (d)* 100% \\d ^$", True),
        ("axb", "a.b", False),
        ("Error", "error", False),
        ('{"msg":"caf\\u00e9 \\"open\\""}', 'café "open"', True),
        ('{"msg":"caf\\u00e9"}', "caf\\u00e9", True),
        ('{"level":50,"msg":"no way","ms": 12}', "ERROR no way ms=12", True),
        ('{"level":50,"msg":"no way","ms": 12}', '"ms": 12', True),
        ('{"msg":"no way"}', "way no", False),
    ],
)
def test_a_text_is_found_letter_by_letter(text: str, wanted: str, found: bool) -> None:
    assert matches(text, wanted) is found


def test_a_terminal_has_colours_and_a_pipe_all() -> None:
    event = '{"level":"error","msg":"no"}'
    (line,) = shown(TERMINAL, 0, "worker", "0123456789abcdef", event)
    assert line.partition("  ")[2] == "\x1b[32mworker/01234567\x1b[0m  \x1b[31mERROR\x1b[0m no"
    (line,) = shown(PIPE, 0, "web", "0123456789abcdef", event)
    assert line.partition("  ")[2] == f"web/01234567     {event}"
    lines = shown(PIPE, 0, "web", "0123456789abcdef", "one\n  two\x1b[31m\n")
    assert [line.partition("  ")[2] for line in lines] == ["web/01234567     one", "web/01234567       two\\u001b[31m"]


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    names = [f"s{number}" for number in range(12)]
    made = look(names, 0, 0, Terminal())
    assert made.readable
    assert len(set(made.colours.values())) == 10
    assert made.colours["s0"] == made.colours["s10"]
    assert look(names, 0, 0, io.StringIO()).colours == {}
    assert not look(names, 0, 0, io.StringIO()).readable
    monkeypatch.setenv("NO_COLOR", "1")
    assert look(names, 0, 0, Terminal()).colours == {}
    assert look(names, 0, 0, Terminal()).readable


def test_lines_of_other_days_have_their_date() -> None:
    assert not look(["web"], 1_000_000, 1_000_000, io.StringIO()).dated
    dated = look(["web"], 0, 1_000_000, io.StringIO())
    (line,) = shown(dated, 86_400_000, "web", "t", "x")
    assert re.match(r"1970-01-0\d \d\d:\d\d:\d\d  web/t", line)
