"""Divide files of tests into parts that take equally long, and say in which order workers begin them.

Workers that wait for containers take the files one after the other, so the longest begin; a matrix of two machines has
two parts of the same length. A file without a measurement counts as one of middling length.
"""

from __future__ import annotations

from collections.abc import Collection

SECONDS = {
    "docker/test_aws_calls": 65,
    "docker/test_calls": 0,
    "docker/test_capabilities": 10,
    "docker/test_copies": 195,
    "docker/test_crash_loop": 130,
    "docker/test_day": 520,
    "docker/test_django": 220,
    "docker/test_engine": 1,
    "docker/test_examples": 340,
    "docker/test_health": 205,
    "docker/test_images": 180,
    "docker/test_one_off_tasks": 25,
    "docker/test_picture_page": 30,
    "docker/test_postgresql": 340,
    "docker/test_queues": 95,
    "docker/test_rails": 120,
    "docker/test_sessions": 40,
    "docker/test_sidecars": 125,
    "docker/test_system": 330,
    "docker/test_unnoticed": 200,
    "docker/test_valkey": 110,
    "docker/test_volumes": 120,
    "docker/test_ways_out": 130,
}
"""The seconds of each file on two shared cores with three workers. Only their relation counts; `ARGS=--durations=0`
measures them anew."""
UNKNOWN = 60


def seconds(name: str) -> int:
    """Return the seconds of a file."""
    return SECONDS.get(name, UNKNOWN)


def longest_first(names: Collection[str]) -> list[str]:
    """Return files by their seconds, in the same order on every machine."""
    return sorted(names, key=lambda name: (-seconds(name), name))


def order(names: Collection[str], workers: int) -> list[str]:
    """Return files in the order in which so many workers begin them.

    A worker gets its next file while it has two tests left. The worker with the longest file, a single test, gets a
    second file at once, and all wait for it in the end: so it is the shortest.
    """
    first = longest_first(names)
    return [*first[:workers], *first[-1:], *first[workers:-1]] if workers < len(first) else first


def part(names: Collection[str], which: str) -> set[str]:
    """Return the files of one part: each file, the longest first, goes to the part with the least work so far.

    Args:
        which: `1/2` is the first of two parts.

    Raises:
        ValueError: there is no such part.
    """
    number, _, count = (int(word) if word.isdecimal() else 0 for word in which.partition("/"))
    if not 1 <= number <= count:
        raise ValueError(f"{which}: no part; 1/2 is the first of two")
    parts = [set[str]() for _ in range(count)]
    for name in longest_first(names):
        min(parts, key=lambda one: sum(map(seconds, one))).add(name)
    return parts[number - 1]
