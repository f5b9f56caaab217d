"""The order in which the load balancer checks its paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from provisioner.config.path_patterns import length, longest
from provisioner.config.services import Service
from provisioner.steps.routes import LAST_PRIORITY, priorities

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


def services(paths: Mapping[str, Sequence[str]]) -> dict[str, Service]:
    table = {"image": "x", "port": 80, "public": True}
    return {name: Service.model_validate({**table, "path": patterns}) for name, patterns in paths.items()}


@given(PATHS | FEW)
def test_each_has_its_own_and_elb_takes_them_all(paths: dict[str, list[str]]) -> None:
    given_out = priorities(services(paths))
    assert len({*given_out.values()}) == len(paths)
    assert all(1 <= priority <= LAST_PRIORITY for priority in given_out.values())


@given(PATHS)
def test_the_longer_path_is_asked_first(paths: dict[str, list[str]]) -> None:
    given_out = priorities(services(paths))
    lengths = [length(longest(paths[name])) for name in sorted(given_out, key=lambda n: given_out[n])]
    assert lengths == sorted(lengths, reverse=True)


@given(PATHS | FEW, PATHS | FEW)
def test_what_stands_is_not_renumbered(before: dict[str, list[str]], after: dict[str, list[str]]) -> None:
    standing = priorities(services(before))
    now = priorities(services(after), standing)
    for name in before.keys() & after.keys():
        same = length(longest(before[name])) == length(longest(after[name]))
        assert (now[name] == standing[name]) == same
    moved = {standing[name] for name in before.keys() & after.keys() if now[name] != standing[name]}
    assert not moved & {*now.values()}, "until traffic moves, the rule keeps the place that it gives up"
    assert len({*now.values()}) == len(after)


def test_a_collision_moves_the_newcomer() -> None:
    alone = priorities(services({"b": ["/ab"]}))
    # both would have the same place, and the newcomer comes first by its name
    both = priorities(services({"a": ["/ab*"], "b": ["/ab"]}), alone)
    assert both["b"] == alone["b"]


def test_a_list_of_one_is_the_text() -> None:
    assert priorities(services({"a": ["/ab"]})) == priorities(services({"a": "/ab"}))
