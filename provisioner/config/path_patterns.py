"""The path patterns of public services: their lengths, which decide the order of rules, and paths that two share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from provisioner.config.base import Problem

ALL = "/*"
"""The pattern of all paths."""
MAX_VALUES, MAX_WILDCARDS = 5, 5
"""The most values in all conditions of one rule, hosts and paths together, and the most wildcards in them (quotas of
Application Load Balancers; an older quota page has 6 wildcards)."""
Paths = Mapping[str, Sequence[str]]
"""The path patterns of each public service."""


def listed(value: object) -> object:
    """Return the list of a single pattern; return a list as it is."""
    return (value,) if isinstance(value, str) else value


def length(pattern: str) -> int:
    """Return the length of a pattern as the order of rules counts it: without wildcards at its end."""
    return len(pattern.rstrip("*"))


def wildcards(patterns: Iterable[str]) -> int:
    """Return the number of wildcards in patterns of paths or hosts."""
    return sum(one.count("*") + one.count("?") for one in patterns)


def longest(patterns: Iterable[str]) -> str:
    """Return the pattern that decides the place of a service's rule: the longest, and of these the first by letters."""
    return min(patterns, key=lambda one: (-length(one), one))


def beginning(patterns: Iterable[str]) -> str:
    """Return the one beginning of patterns such as `/api` and `/api/*`; empty if they have none, or several."""
    found = {one.removesuffix("/*") for one in patterns}
    first = next(iter(found), "")
    return first if len(found) == 1 and not {"*", "?"} & {*first} and not first.endswith("/") else ""


def check(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Accept only patterns that one rule of a load balancer can have.

    Raises:
        ValueError: there are none, too many, or too many wildcards in them; or one takes all that the others take.
    """
    if not patterns:
        raise ValueError(f'is empty: name a path pattern, or remove the key for "{ALL}"')
    if len(patterns) > MAX_VALUES:
        raise ValueError(
            f"has {len(patterns)} patterns, and AWS allows {MAX_VALUES} in a rule: join some with *, or use fewer"
        )
    if (found := wildcards(patterns)) > MAX_WILDCARDS:
        raise ValueError(f"has {found} wildcards (* and ?), and AWS allows {MAX_WILDCARDS} in a rule: use fewer")
    if ALL in patterns and len(patterns) > 1:
        raise ValueError(f'"{ALL}" takes all that the other patterns take: write "{ALL}" alone, or remove it')
    return patterns


def problems(paths: Paths, at: str = "") -> Iterator[Problem]:
    """Yield patterns that two services have, and patterns of a list that take requests from a longer pattern.

    Args:
        paths: the patterns of services that answer under the same host. at: the host's name, if there are several.
    """
    where = f" at {at}" if at else ""
    owners: dict[str, str] = {}
    for name, patterns in paths.items():
        for pattern in patterns:
            if (other := owners.setdefault(pattern, name)) != name:
                text = f'"{pattern}"{where} is the path of services.{other} too: change one, such as "/{name}/*"'
                yield f"services.{name}.path", text
    for name, patterns in paths.items():
        place = length(longest(patterns))
        for other, theirs in paths.items():
            behind = length(longest(theirs)) <= place
            pairs = ((one, its) for one in patterns for its in theirs if other != name and behind)
            for one, its in pairs:
                if length(one) < length(its) and meet(one, its):
                    why = f'with "{longest(patterns)}" in the list it is tried before "{its}" of services.{other}'
                    yield f"services.{name}.path", f'"{one}": {why}, which is longer: use patterns of one length'
                    break


def meet(one: str, other: str) -> bool:
    """Return whether two patterns take a path in common."""

    @cache
    def common(first: int, second: int) -> bool:
        """Return whether the rest of the one pattern and the rest of the other take a text in common."""
        a, b = one[first : first + 1], other[second : second + 1]
        if a == "*" or b == "*":
            # the asterisk takes nothing more, or what the other pattern has next
            if a == "*":
                return common(first + 1, second) or (bool(b) and common(first, second + 1))
            return common(first, second + 1) or (bool(a) and common(first + 1, second))
        return a == b == "" or (bool(a) and bool(b) and (a == b or "?" in (a, b)) and common(first + 1, second + 1))

    return common(0, 0)


def contains(wider: str, pattern: str) -> bool:
    """Return whether a pattern takes no text that a wider one does not take."""

    @cache
    def rest(first: int, second: int) -> bool:
        """Return whether the rest of the wider pattern takes all that the rest of the other one takes."""
        a, b = wider[first : first + 1], pattern[second : second + 1]
        if a == "*":
            return rest(first + 1, second) or (bool(b) and rest(first, second + 1))
        if a == "?":
            return b not in ("", "*") and rest(first + 1, second + 1)
        return a == b and (not a or rest(first + 1, second + 1))

    return rest(0, 0)
