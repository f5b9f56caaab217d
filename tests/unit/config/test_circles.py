"""Services that call each other: which they are, and in which order all come."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from provisioner.config.circles import callees_first, in_circles

NAMES = "abcdef"
CALLS = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3, unique=True) for name in NAMES})


def test_members_of_a_circle_are_all_that_lead_back() -> None:
    calls = {"a": ["b"], "b": ["c"], "c": ["a", "d"], "d": ["e"], "e": [], "f": ["a"]}
    assert in_circles(calls) == {"a", "b", "c"}
    assert list(callees_first(calls)) == ["e", "d", "c", "b", "a", "f"]


@given(CALLS)
def test_all_come_once_and_after_callees_outside_of_circles(calls: dict[str, Sequence[str]]) -> None:
    order, circles = callees_first(calls), in_circles(calls)
    assert sorted(order) == [*NAMES]
    for caller, callees in calls.items():
        for callee in callees:
            if not {caller, callee} <= circles:
                assert order.index(callee) < order.index(caller)


def test_a_long_chain_ends() -> None:
    calls = {str(number): [str((number + 1) % 500)] for number in range(500)}
    assert len(in_circles(calls)) == len(callees_first(calls)) == 500
