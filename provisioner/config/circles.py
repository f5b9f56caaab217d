"""Services that call each other in circles, and an order of services in spite of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter


def in_circles(calls: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return the services that a chain of calls leads back to."""
    return frozenset(name for name in calls if name in _reached(calls, name))


def callees_first(calls: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the services, each after the services that it calls; in a circle, one comes before a service it calls."""
    try:
        return list(TopologicalSorter(calls).static_order())
    except CycleError:
        order, seen = list[str](), set[str]()

        def visit(name: str) -> None:
            if name not in seen:
                seen.add(name)
                for callee in calls[name]:
                    visit(callee)
                order.append(name)

        for name in calls:
            visit(name)
        return order


def _reached(calls: Mapping[str, Sequence[str]], start: str) -> set[str]:
    """Return the services that a chain of calls from a service leads to."""
    found, todo = set[str](), [*calls[start]]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += calls.get(name, ())
    return found
