"""The walks that the benchmark compares with: over small graphs whose answers one sees."""

from __future__ import annotations

from benchmarks.forced import Node, limited, sequential, unlimited

DIAMOND = [
    Node("a", 5.0),
    Node("b", 10.0, {"a": 5.0}),
    Node("c", 3.0, {"a": 0.0}),
    Node("d", 0.0, {"b": 10.0, "c": 3.0}),
]


def test_the_longest_chain_decides() -> None:
    walked = unlimited(DIAMOND)
    assert walked.seconds == 15.0
    assert walked.chain() == ["a", "b"]
    assert walked.begins == {"a": 0.0, "b": 5.0, "c": 0.0, "d": 15.0}


def test_what_others_need_only_to_exist_holds_nobody_up() -> None:
    walked = unlimited([Node("cluster", 60.0), Node("record", 30.0, {"cluster": 0.0})])
    assert walked.seconds == 60.0
    assert walked.ends["record"] == 30.0


def test_places_are_handed_on() -> None:
    nodes = [Node(name, 10.0) for name in "abcde"]
    assert limited(nodes, jobs=2) == 30.0
    assert limited(nodes, jobs=5) == 10.0
    assert sequential(nodes) == 50.0


def test_what_takes_no_time_needs_no_place() -> None:
    nodes = [Node("long", 10.0), Node("first", 0.0), Node("second", 0.0, {"first": 0.0}), Node("third", 7.0)]
    assert limited(nodes, jobs=1) == 17.0
    assert limited(nodes, jobs=2) == 10.0


def test_with_places_enough_the_limited_walk_is_the_longest_chain() -> None:
    assert limited(DIAMOND, jobs=4) == unlimited(DIAMOND).seconds
