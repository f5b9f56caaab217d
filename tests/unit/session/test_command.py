"""Marks in a command's output, and the way of its words to the container."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.session import command
from provisioner.session.command import Lines, Marks, Mode, Said

MARK = "0123456789abcdef"


def cut(data: bytes, sizes: list[int]) -> tuple[bytes, list[str]]:
    """Return the output without marks, from pieces of these sizes, and the contents of the marks."""
    marks, left, said, number = Marks(MARK), b"", list[str](), 0
    while data:
        size = sizes[number % len(sizes)]
        for item in marks.feed(data[:size]):
            if isinstance(item, Said):
                said.append(item.word)
            else:
                left += item
        data, number = data[size:], number + 1
    return left + marks.rest(), said


@given(st.lists(st.binary(max_size=50), min_size=3, max_size=3), st.lists(st.integers(1, 40), min_size=1))
def test_marks_are_cut_out_wherever_the_pieces_end(parts: list[bytes], sizes: list[int]) -> None:
    first, second, third = parts
    data = first + f"\x1e{MARK} start\x1e".encode() + second + f"\x1e{MARK} 7\x1e".encode() + third
    assert cut(data, sizes) == (first + second + third, ["start", "7"])


@given(st.integers(1, 18), st.lists(st.integers(1, 5), min_size=1))
def test_what_only_looks_like_a_mark_is_output(length: int, sizes: list[int]) -> None:
    looks = f"\x1e{MARK} "[:length].encode()
    assert cut(b"a" + looks, sizes) == (b"a" + looks, [])
    assert cut(looks + b"!b", sizes) == (looks + b"!b", [])


def test_a_mark_tells_a_code_or_a_word() -> None:
    assert [Said(word).code for word in ("0", "137", "start", "-1", "")] == [0, 137, None, None, None]


@given(st.binary(max_size=5000), st.integers(1, 3000))
def test_exact_output_is_its_bytes(content: bytes, size: int) -> None:
    data = b"".join(b"o" + line + b"\n" for line in command.lines(content).splitlines())
    data += b"ezZA=\nsh: oops\nx\n"
    lines, found = Lines(), {1: b"", 2: b""}
    for start in range(0, len(data), size):
        for number, piece in lines.feed(data[start : start + size]):
            found[number] += piece
    assert (found[1], lines.over) == (content, True)
    # any other line is passed on unchanged
    assert found[2] == b"\xcd\x90" + b"sh: oops\n"


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "busybox"])
def test_scripts_are_good_in_every_shell(mode: Mode, shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not here")
    _, option, script, *rest = shlex.split(command.command_line(["echo", "a  b", "$x", "'", '"', "\\"], MARK, mode))
    program = [shell, "sh"] if shell == "busybox" else [shell]
    assert (option, rest[:2]) == ("-c", ["sh", MARK])
    checked = subprocess.run([*program, "-n", "-c", script, *rest], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    if mode is Mode.TEXT:
        ended = subprocess.run([*program, option, script, *rest], capture_output=True, check=False)
        assert cut(ended.stdout, [1000]) == (b"a  b $x ' \" \\\n", ["cooked", "0"])
