"""Keys that go through, and the two that leave."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioner.session.terminal import Keys


def typed(data: bytes, size: int = 1) -> tuple[bytes, bool]:
    """Return the keys that go through, and whether the session was left."""
    keys, through = Keys(), b""
    for start in range(0, len(data), size):
        through += keys.feed(data[start : start + size])
        if keys.left:
            break
    return through, keys.left


def test_a_tilde_and_a_dot_leave_at_the_beginning_of_a_line() -> None:
    assert typed(b"~.") == (b"", True)
    assert typed(b"ls\r~.more") == (b"ls\r", True)
    assert typed(b"ls\r~.more", 99) == (b"ls\r", True)
    assert typed(b"cd ~.\r") == (b"cd ~.\r", False)
    assert typed(b"\r~~.\r") == (b"\r~.\r", False)
    assert typed(b"~/bin\r") == (b"~/bin\r", False)


@given(st.binary(max_size=60).filter(lambda data: b"~" not in data), st.integers(1, 7))
def test_all_other_keys_go_through(data: bytes, size: int) -> None:
    assert typed(data, size) == (data, False)
