"""The time that a run still takes: the longest path through the work ahead of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

LATE = 0.1
"""The share of its expected seconds that an overdue resource is assumed to need still."""
CALL = 0.5
"""The least seconds that a resource takes before its dependents begin."""


@dataclass(frozen=True)
class RemainingWork:
    """The expected work on one resource.

    Attributes:
        step: the step that it belongs to.
        seconds: its expected seconds.
        after: its dependencies, each with the expected seconds from the dependency's begin to its own.
        least: the least seconds that it can be expected to take.
    """

    step: str
    seconds: float = 0.0
    after: Mapping[str, float] = field(default_factory=dict)
    least: float = 0.0


UNKNOWN = RemainingWork("")
"""The work of a resource without an estimate."""


@dataclass(frozen=True)
class TimeLeft:
    """The seconds that are left, and the step that takes most of them."""

    seconds: float
    step: str


def left(tasks: Mapping[str, RemainingWork], done: Collection[str], begun: Mapping[str, float]) -> TimeLeft:
    """Return the time left of a run.

    Args:
        done: the addresses that are finished or will never begin.
        begun: the seconds that each begun resource has taken so far.
    """
    begins: dict[str, tuple[float, str]] = {}

    def rest(address: str) -> float:
        """Return the seconds that a resource takes from now, or from its begin if that is still to come."""
        expected = tasks[address].seconds
        return max(expected - begun.get(address, 0.0), expected * LATE)

    def free(dependency: str, lag: float) -> float:
        """Return the seconds until a dependency has worked for `lag`, and to its end if that covers all of it."""
        if dependency not in begun:
            return begin(dependency) + lag
        at_its_end = lag >= tasks[dependency].seconds
        return max(lag - begun[dependency], rest(dependency) if at_its_end else 0.0)

    def begin(address: str) -> float:
        """Return the seconds until a resource begins, and note its longest dependency."""
        if address in begun:
            return 0.0
        if address not in begins:
            # a cycle waits for nothing: this is only an estimate
            begins[address] = (0.0, "")
            open_dependencies = [(n, lag) for n, lag in tasks[address].after.items() if n in tasks and n not in done]
            begins[address] = max(((free(one, lag), one) for one, lag in open_dependencies), default=(0.0, ""))
        return begins[address][0]

    ends = {address: begin(address) + rest(address) for address in tasks if address not in done}
    if not ends:
        return TimeLeft(0.0, "")
    chain = [max(ends, key=lambda address: ends[address])]
    while (before := begins.get(chain[-1], (0.0, ""))[1]) and before not in chain:
        chain.append(before)
    return TimeLeft(max(ends.values()), tasks[max(chain, key=rest)].step)


def chains(tasks: Mapping[str, RemainingWork]) -> dict[str, float]:
    """Return for each resource the expected seconds of the longest chain from its begin to the end of the run."""
    dependents: dict[str, list[tuple[str, float]]] = {address: [] for address in tasks}
    for address, task in tasks.items():
        for dependency, lag in task.after.items():
            if dependency in dependents:
                dependents[dependency].append((address, lag))
    found: dict[str, float] = {}
    for start in tasks:
        todo = [] if start in found else [start]
        while todo:
            address = todo[-1]
            # a cycle counts for nothing: this is only an estimate
            found.setdefault(address, 0.0)
            new = [dependent for dependent, _ in dependents[address] if dependent not in found]
            if new:
                todo += new
                continue
            todo.pop()
            onwards = (max(lag, CALL) + found[dependent] for dependent, lag in dependents[address])
            found[address] = max([tasks[address].seconds, *onwards])
    return found
