"""The order in which the load balancer checks its rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from provisioner.config.hosts import BAND_OF_ANY
from provisioner.config.path_patterns import length, longest
from provisioner.steps.rules import FIRST_OF_ANY, LAST_PRIORITY, Rule, priorities

PATTERNS = st.from_regex(r"/[a-c/]{0,5}\*?", fullmatch=True).filter(lambda pattern: pattern not in ("/", "/*")) | (
    st.sampled_from([f"/{'z' * n}*" for n in (120, 126)])
)
PATHS = st.dictionaries(
    st.sampled_from([f"s{number}" for number in range(12)]),
    st.lists(PATTERNS, min_size=1, max_size=3, unique=True),
    max_size=12,
)
FEW = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([["/a"], ["/b"], ["/ab", "/c"]]), max_size=6)
"""Paths of few lengths, most of them the same: many would have the same place."""
OWN = st.dictionaries(
    st.from_regex(r"[a-z]{1,3}", fullmatch=True),
    st.sampled_from(["/*", "/a/*", "/b/*", "/a/b/*"]),
    min_size=1,
    max_size=30,
)


def rules(paths: Mapping[str, Sequence[str]]) -> dict[str, Rule]:
    return {name: Rule(name, (), (*patterns,), own=False) for name, patterns in paths.items()}


def own(paths: Mapping[str, str]) -> dict[str, Rule]:
    return {name: Rule(name, (f"{name}.example.com",), (path,), own=True) for name, path in paths.items()}


@given(PATHS | FEW)
def test_each_has_its_own_and_elb_takes_them_all(paths: dict[str, list[str]]) -> None:
    given_out = priorities(rules(paths))
    assert len({*given_out.values()}) == len(paths)
    assert all(1 <= priority <= LAST_PRIORITY for priority in given_out.values())


@given(PATHS)
def test_the_longer_path_is_asked_first(paths: dict[str, list[str]]) -> None:
    given_out = priorities(rules(paths))
    lengths = [length(longest(paths[name])) for name in sorted(given_out, key=lambda n: given_out[n])]
    assert lengths == sorted(lengths, reverse=True)


@given(PATHS | FEW, PATHS | FEW)
def test_what_stands_is_not_renumbered(before: dict[str, list[str]], after: dict[str, list[str]]) -> None:
    standing = priorities(rules(before))
    now = priorities(rules(after), standing)
    for name in before.keys() & after.keys():
        same = length(longest(before[name])) == length(longest(after[name]))
        assert (now[name] == standing[name]) == same
    moved = {standing[name] for name in before.keys() & after.keys() if now[name] != standing[name]}
    assert not moved & {*now.values()}, "until traffic moves, the rule keeps the place that it gives up"
    assert len({*now.values()}) == len(after)


def test_a_collision_moves_the_newcomer() -> None:
    alone = priorities(rules({"b": ["/ab"]}))
    # both would have the same place, and the newcomer comes first by its name
    both = priorities(rules({"a": ["/ab*"], "b": ["/ab"]}), alone)
    assert both["b"] == alone["b"]


@given(OWN, st.from_regex(r"[a-z]{1,3}", fullmatch=True))
def test_none_is_renumbered_when_another_comes(paths: dict[str, str], new: str) -> None:
    before = own(paths)
    standing = priorities(before)
    after = priorities({**own({new: "/*"}), **before}, standing)
    assert standing.items() <= after.items()
    assert len(set(after.values())) == len(after)


def test_none_is_renumbered_when_it_gets_hosts() -> None:
    before = rules({"a": ["/api/*"], "b": ["/admin/*", "/x"]})
    standing = priorities(before)
    assert priorities(before | {"a": Rule("a", ("api.x.org",), ("/api/*",), own=True)}, standing) == standing


def test_all_names_below_come_after_single_ones() -> None:
    wanted = own({"a": "/*", "b": "/b/*"})
    wanted |= {name: Rule(name, ("*.x.org",), (path,), own=True) for name, path in (("any", "/*"), ("deep", "/any/*"))}
    given_out = priorities(wanted)
    assert given_out["deep"] < given_out["any"] <= LAST_PRIORITY
    assert max(given_out["a"], given_out["b"]) < FIRST_OF_ANY <= given_out["deep"]


def test_few_places_for_all_names_below_are_enough() -> None:
    assert FIRST_OF_ANY + 128 * BAND_OF_ANY - 1 <= LAST_PRIORITY
    wanted = {str(n): Rule(str(n), ("*.x.org",), (f"/{n}",), own=True) for n in range(BAND_OF_ANY)}
    deeper = {name: Rule(name, ("*.x.org",), (f"/{name}1",), own=True) for name in wanted}
    standing = priorities(wanted)
    now = priorities(
        {**deeper, **{f"{n}-W": Rule(f"{n}-W", ("*.x.org",), (f"/{n}",), own=True) for n in wanted}}, standing
    )
    assert len({*now.values()}) == 2 * BAND_OF_ANY, "a place that is given up is better than none"
