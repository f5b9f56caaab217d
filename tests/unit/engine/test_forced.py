"""The walks that the benchmark compares with, over small graphs with obvious answers."""

from __future__ import annotations

from benchmarks.forced import MAKES, Node, limited, rated, sequential, tails, unlimited, without
from provisioner.aws.rate_limits import limits_of

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


def test_a_limited_walk_with_enough_places_is_the_longest_chain() -> None:
    assert limited(DIAMOND, jobs=4) == unlimited(DIAMOND).seconds


def test_tails_go_to_the_end_of_the_run() -> None:
    assert tails(DIAMOND) == {"a": 15.0, "b": 10.0, "c": 3.0, "d": 0.0}


def test_without_a_resource_type_nothing_waits_for_it() -> None:
    nodes = [Node("database/main", 60.0), Node("service/web", 5.0, {"database/main": 60.0})]
    assert without(nodes, ["database"]) == [Node("service/web", 5.0, {})]


def many(number: int, later: float) -> list[Node]:
    """So many task definitions that can be registered from 10 s on, each with a service that takes `later`."""
    nodes = [Node("role/one", 0.0)]
    for n in range(number):
        nodes += [
            Node(f"task_definition/{n}", 0.0, {"role/one": 10.0}),
            Node(f"service/{n}", later, {f"task_definition/{n}": 0.0}),
        ]
    return nodes


def test_a_bucket_that_holds_enough_forces_nothing() -> None:
    nodes = many(20, 75.0)
    assert rated(nodes, MAKES) == unlimited(nodes).seconds == 85.0


def test_an_empty_bucket_delays_what_follows_its_last_call() -> None:
    (limit,) = limits_of("ecs", "RegisterTaskDefinition")
    assert (limit.burst, limit.rate) == (20, 1)
    assert rated(many(200, 75.0), MAKES) == 10.0 + 180.0 + 75.0


def test_whatever_goes_last_may_be_what_little_comes_after() -> None:
    nodes = [*many(100, 75.0), *(Node(f"task_definition/alone-{n}", 0.0, {"role/one": 10.0}) for n in range(100))]
    # all 200 calls: 180 s; the 100 with a service, first of all: 80 s and the service
    assert rated(nodes, MAKES) == 10.0 + 180.0
    assert rated(nodes[: 1 + 2 * 100], MAKES) == 10.0 + 80.0 + 75.0


def test_a_late_beginning_finds_a_full_bucket() -> None:
    early = [Node(f"task_definition/early-{n}", 0.0) for n in range(20)]
    late = [Node("role/late", 500.0), *(Node(f"task_definition/{n}", 0.0, {"role/late": 500.0}) for n in range(50))]
    assert rated([*early, *late], MAKES) == 500.0 + 30.0


def test_nothing_is_called_for_what_is_there() -> None:
    nodes = many(200, 75.0)
    assert rated(nodes, MAKES, {f"{kind}/{n}" for kind in ("task_definition", "service") for n in range(190)}) == 85.0
