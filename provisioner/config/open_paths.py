"""The paths of a public service that need no sign-in: one rule before the service's own has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provisioner.config.base import Problem
from provisioner.config.path_patterns import ALL, MAX_VALUES, contains, length, longest

KEY = "sign_in_except"


def problems(patterns: Sequence[str], paths: Sequence[str], hosts: Sequence[str], *, signed: bool) -> Iterator[Problem]:
    """Yield patterns that one rule before the service's own cannot have.

    Args:
        paths, hosts: those of the service. signed: whether it has a sign-in.
    """
    if not patterns:
        return
    if not signed:
        yield KEY, f"has no effect without sign_in: add that, or remove {KEY}"
        return
    if outside := next((one for one in patterns if not any(contains(path, one) for path in paths)), ""):
        yield KEY, f'"{outside}" is no part of path, {", ".join(paths)}: name paths of the service alone'
    if ALL not in paths and length(longest(patterns)) <= length(longest(paths)):
        why = f'is tried behind path "{longest(paths)}", which is as long, or longer'
        yield KEY, f'"{longest(patterns)}" {why}: name a longer path, or none'
    if len(patterns) + max(1, len(hosts)) > MAX_VALUES:
        why = f"and a rule takes {MAX_VALUES} values, hosts among them"
        yield KEY, f"has {len(patterns)} patterns, {why}: join some with *, or use fewer"
