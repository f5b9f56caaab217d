"""Which files of these tests begin first, and which a part of them has: by how long each takes.

Workers that wait for containers take the files one after the other, so that the longest begin; and a matrix of two
machines has two parts of the same length. A file that is missing here is run, and counts as one of middling length.
"""

from __future__ import annotations

from collections.abc import Collection

SECONDS = {
    "test_aws_calls": 65, "test_calls": 0, "test_capabilities": 10, "test_copies": 195, "test_day": 520,
    "test_django": 170, "test_engine": 1, "test_examples": 340, "test_health": 205, "test_images": 180,
    "test_one_off_tasks": 25, "test_picture_page": 30, "test_rails": 120, "test_sessions": 40, "test_sidecars": 125,
    "test_system": 330, "test_unnoticed": 200, "test_ways_out": 130,
}  # fmt: skip
"""How long each file takes, in seconds of two cores that three workers share and others too. What counts is how they
compare; `ARGS=--durations=0` shows them anew."""
UNKNOWN = 60


def seconds(name: str) -> int:
    """How long a file of this name takes."""
    return SECONDS.get(name, UNKNOWN)


def longest_first(names: Collection[str]) -> list[str]:
    """Names of files by how long they take, the same on every machine."""
    return sorted(names, key=lambda name: (-seconds(name), name))


def order(names: Collection[str], workers: int) -> list[str]:
    """Names of files in the order in which so many workers begin them.

    A worker is given its next file while it has two tests left. So who has a single one of many minutes, which is the
    first, is given another file at once, which all wait for in the end: it is the shortest.
    """
    first = longest_first(names)
    return [*first[:workers], *first[-1:], *first[workers:-1]] if workers < len(first) else first


def part(names: Collection[str], which: str) -> set[str]:
    """The files of one part: each file, the longest first, goes to the part that has least to do until then.

    Args:
        which: `1/2` is the first one of two.

    Raises:
        ValueError: that is no part.
    """
    number, _, count = (int(word) if word.isdecimal() else 0 for word in which.partition("/"))
    if not 1 <= number <= count:
        raise ValueError(f"{which}: no part; 1/2 is the first one of two")
    parts = [set[str]() for _ in range(count)]
    for name in longest_first(names):
        min(parts, key=lambda one: sum(map(seconds, one))).add(name)
    return parts[number - 1]
