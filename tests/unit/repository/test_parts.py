"""Parts of the tests for several machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import parts

FILES = {f"docker/{path.stem}" for path in (Path(__file__).parents[2] / "docker").glob("test_*.py")}


def test_two_parts_are_all_files_and_take_equally_long() -> None:
    first, second = parts.part(FILES, "1/2"), parts.part(FILES, "2/2")
    assert (first | second, first & second) == (FILES, set())
    lengths = [sum(map(parts.seconds, one)) for one in (first, second)]
    assert max(lengths) < 1.1 * min(lengths)


def test_each_file_has_been_measured() -> None:
    assert {*parts.SECONDS} == FILES


@pytest.mark.parametrize("which", ["", "1", "0/2", "3/2", "one/two", "1/0"])
def test_what_is_no_part_is_refused(which: str) -> None:
    with pytest.raises(ValueError, match="no part; 1/2 is the first of two"):
        parts.part(FILES, which)
