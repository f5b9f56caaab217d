"""The places of a stack's rules at a listener that others use too: none of theirs loses a request, or its place.

A listener tries its rules from the lowest number on (Application Load Balancer guide, "Listener rules"). A rule of the
stack stands behind each rule of others with which it has requests in common, and before those that take all of its
requests, such as one for all hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from zlib import crc32

from provisioner.config.facts import ExistingListener, OthersRule
from provisioner.config.path_patterns import ALL, contains, length, longest, meet
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.words import names
from provisioner.steps.rules import LAST_PRIORITY, Rule

LENGTHS = 130
"""The parts of the free places: one for each length of a path, and the last one for names with a wildcard."""


def shared_priorities(
    listener: ExistingListener, wanted: Mapping[str, Rule], recorded: Mapping[str, int]
) -> dict[str, int]:
    """Return a free place for each rule; a standing rule keeps its own as long as the stack's own order allows it.

    Args:
        recorded: the places in the state, by name; the tags at the listener show them as well.

    Raises:
        ConfigurationError: a rule of others takes the same requests, or there is no free place between theirs.
    """
    taken = {one.priority for one in listener.others}
    there = {**recorded, **listener.own}
    standing = {name: there[name] for name in wanted if name in there and there[name] not in taken}
    # a rule that goes keeps its place until traffic has moved
    taken |= {place for name, place in listener.own.items() if standing.get(name) != place}
    ordered = sorted(wanted, key=lambda name: (_place_in_order(wanted[name]), name))
    kept: dict[str, int] = {}
    for name in (one for one in ordered if one in standing):
        low, high = _own_bounds(name, wanted, kept)
        if low < standing[name] < high:
            kept[name] = standing[name]
    bounds = {name: _bounds(listener, wanted[name]) for name in ordered if name not in kept}
    # if no place is left where they are spread, the first free ones are taken
    for spread in (True, False):
        found = dict(kept)
        for name, (low, high) in bounds.items():
            own_low, own_high = _own_bounds(name, wanted, found)
            within = range(max(low, own_low) + 1, min(high, own_high))
            free = [place for place in within if place not in taken and place not in found.values()]
            if not free:
                break
            found[name] = _spread(free, wanted[name]) if spread else free[0]
        else:
            return found
    raise ConfigurationError(
        f"load_balancer.listener is {listener.arn}, whose rules {names(sorted(map(str, taken)))} leave no free place "
        f"for a rule of the public services between them: ask their owners to move theirs (SetRulePriorities)"
    )


def _bounds(listener: ExistingListener, rule: Rule) -> tuple[int, int]:
    """Return the last place of others before which a new rule must not stand, and the first behind which it must not.

    Raises:
        ConfigurationError: a rule of others takes the same requests.
    """
    covering = [one for one in listener.others if _takes_all(one, rule) and not _is_inside(one, rule)]
    high = min((one.priority for one in covering), default=LAST_PRIORITY + 1)
    # behind a rule that takes everything, none gets a request of this rule
    before = [one for one in listener.others if one.priority < high and _meets(one, rule)]
    if same := next((one for one in before if _takes_all(one, rule)), None):
        what = f"{' '.join(rule.hosts)} {' '.join(rule.paths)}".strip()
        raise ConfigurationError(
            f"load_balancer.listener is {listener.arn}, whose rule {same.priority} leads {what} elsewhere already, "
            f"where service {rule.service} wants it: use other hosts or another path, or have its owner remove it"
        )
    return max((one.priority for one in before), default=0), high


def _own_bounds(name: str, wanted: Mapping[str, Rule], found: Mapping[str, int]) -> tuple[int, int]:
    """Return the bounds that the stack's other rules with requests in common set: longer paths come first."""
    rule, order = wanted[name], _place_in_order(wanted[name])
    common = {one: _place_in_order(wanted[one]) for one in found if one != name and _common(wanted[one], rule)}
    low = max((found[one] for one, its in common.items() if its < order), default=0)
    return low, min((found[one] for one, its in common.items() if its > order), default=LAST_PRIORITY + 1)


def _place_in_order(rule: Rule) -> tuple[bool, int]:
    return rule.for_any, -length(longest(rule.paths))


def _spread(free: Sequence[int], rule: Rule) -> int:
    """Return a place in the part for the path's length, by a checksum, so that two stacks seldom want the same."""
    part = LENGTHS - 1 if rule.for_any else min(LENGTHS - 2, max(0, 128 - length(longest(rule.paths))))
    first, end = (len(free) * one // LENGTHS for one in (part, part + 1))
    checksum = crc32(repr((rule.service, rule.hosts, rule.paths)).encode())
    return free[first + checksum % max(1, end - first)]


def _common(one: Rule, other: Rule) -> bool:
    return _any(one.hosts, other.hosts) and _any(one.paths, other.paths)


def _meets(theirs: OthersRule, rule: Rule) -> bool:
    return _any(theirs.hosts, rule.hosts) and _any(theirs.paths, rule.paths)


def _any(some: Sequence[str], others: Sequence[str]) -> bool:
    return not some or not others or any(meet(one, other) for one in some for other in others)


def _takes_all(theirs: OthersRule, rule: Rule) -> bool:
    """Return whether a rule of others takes every request of a rule of the stack."""
    return not theirs.narrower and _inside(rule.hosts, theirs.hosts) and _inside(rule.paths, theirs.paths)


def _is_inside(theirs: OthersRule, rule: Rule) -> bool:
    return _inside(theirs.hosts, rule.hosts) and _inside(theirs.paths, rule.paths)


def _inside(some: Iterable[str], wider: Sequence[str]) -> bool:
    """Return whether patterns take nothing that the wider ones do not take; none stand for everything."""
    if not wider or ALL in wider:
        return True
    patterns = list(some)
    return bool(patterns) and all(any(contains(one, pattern) for one in wider) for pattern in patterns)
