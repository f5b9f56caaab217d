"""Which files of these tests begin first, and which a part of them has: by how long each takes.

Workers that wait for containers take the files one after the other, so that the longest begin; and a matrix of two
machines has two parts of the same length. A file that is missing here is run, and counts as one of middling length.
"""

from __future__ import annotations

from collections.abc import Collection

SECONDS = {
    "test_day": 420,
}
"""How long each file took, the images of the engine being there, in seconds of two cores that three workers share."""
UNKNOWN = 60


def seconds(name: str) -> int:
    """How long a file of this name takes."""
    return SECONDS.get(name, UNKNOWN)


def longest_first(names: Collection[str]) -> list[str]:
    """Names of files in the order in which they are begun, the same on every machine."""
    return sorted(names, key=lambda name: (-seconds(name), name))


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
