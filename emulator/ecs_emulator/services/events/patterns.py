"""Event patterns: check their validity, and match events against them.

Sources: EventBridge user guide, "Comparison operators for use in event patterns" and "Matching on multiple field
values"; aws/event-ruler, the library that EventBridge uses. By its "JSON Array Matching", fields of objects in an array
have to match in the same object.
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Pattern = Mapping[str, Any]
_ABSENT = object()
_OR = "$or"
_NUMBERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def wrong(pattern: Any) -> str:
    """Return the error of a pattern in EventBridge's words; empty if the pattern is valid.

    Sources of the words: cloud-custodian/cloud-custodian#6507, buildkite/docs#896, aws/event-ruler, `JsonRuleCompiler`.
    """
    if not isinstance(pattern, dict):
        return "Filter is not an object"
    if not pattern:
        return "Empty objects are not allowed"
    for name, value in pattern.items():
        parts = value if _alternatives(name, value) else [value] if isinstance(value, dict) else []
        found = next(filter(None, map(wrong, parts)), "") if parts else _wrong_values(name, value)
        if found:
            return found
    return ""


def _alternatives(name: str, value: Any) -> bool:
    """Return whether a member is `$or` with two objects or more; any other value makes it a field of that name."""
    return name == _OR and isinstance(value, list) and len(value) > 1 and all(isinstance(one, dict) for one in value)


def _wrong_values(name: str, values: Any) -> str:
    if not isinstance(values, list):
        return f'"{name}" must be an object or an array'
    if not values:
        return "Empty arrays are not allowed"
    for one in values:
        if isinstance(one, list):
            return "Match value must be String, number, true, false, or null"
        if isinstance(one, dict) and len(one) != 1:
            return "Only one key allowed in match expression"
        if isinstance(one, dict) and (found := _wrong_operator(*next(iter(one.items())))):
            return found
    return ""


def _wrong_operator(name: str, said: Any) -> str:
    if name not in _SAID:
        return f"Unrecognized match type {name}"
    return "" if _SAID[name](said) else f"The value of {name} is not valid"


def matches(pattern: Pattern, event: Any) -> bool:
    """Return whether an event, or an object in it, matches a valid pattern; of an array, one object has to match."""
    if isinstance(event, list):
        return any(matches(pattern, one) for one in event)
    found = event if isinstance(event, dict) else {}
    return all(_member(name, wanted, found) for name, wanted in pattern.items())


def _member(name: str, wanted: Any, event: Mapping[str, Any]) -> bool:
    if _alternatives(name, wanted):
        return any(matches(one, event) for one in wanted)
    value = event.get(name, _ABSENT)
    return matches(wanted, value) if isinstance(wanted, dict) else _leaf(wanted, value)


def _leaf(wanted: Sequence[Any], value: Any) -> bool:
    """Return whether a value is among the wanted values; of an array, one element has to be."""
    values = value if isinstance(value, list) else [] if value is _ABSENT or isinstance(value, dict) else [value]
    for one in wanted:
        if isinstance(one, dict) and "exists" in one:
            if bool(values) is one["exists"]:
                return True
        elif any(_is(one, each) for each in values):
            return True
    return False


def _is(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, dict):
        [(name, said)] = wanted.items()
        return _OPERATORS[name](said, value)
    return isinstance(wanted, bool) is isinstance(value, bool) and bool(wanted == value)


def _anything_but(said: Any, value: Any) -> bool:
    """Return whether a value is none of these values, or matches an operator with none of its texts."""
    if isinstance(said, dict):
        [(name, texts)] = said.items()
        return not any(_OPERATORS[name](text, value) for text in _several(texts))
    return not any(_is(one, value) for one in _several(said))


def _numeric(said: Sequence[Any], value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return all(_NUMBERS[sign](value, bound) for sign, bound in zip(said[::2], said[1::2], strict=True))


def _within(said: str, value: Any) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(said, strict=False)
    except ValueError:
        return False


def _wildcard(said: str, value: Any) -> bool:
    form = ".*".join(map(re.escape, said.split("*")))
    return isinstance(value, str) and re.fullmatch(form, value, re.DOTALL) is not None


def _begins(said: Any, value: Any) -> bool:
    if isinstance(said, dict):
        return isinstance(value, str) and value.lower().startswith(said["equals-ignore-case"].lower())
    return isinstance(value, str) and value.startswith(said)


def _ends(said: Any, value: Any) -> bool:
    if isinstance(said, dict):
        return isinstance(value, str) and value.lower().endswith(said["equals-ignore-case"].lower())
    return isinstance(value, str) and value.endswith(said)


def _same_letters(said: str, value: Any) -> bool:
    return isinstance(value, str) and value.lower() == said.lower()


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_text(said: Any) -> bool:
    return isinstance(said, str)


def _is_end(said: Any) -> bool:
    """Return whether an operand is a text, or `equals-ignore-case` with a text."""
    return _is_text(
        said["equals-ignore-case"] if isinstance(said, dict) and [*said] == ["equals-ignore-case"] else said
    )


def _is_network(said: Any) -> bool:
    try:
        return _is_text(said) and bool(ipaddress.ip_network(said, strict=False))
    except ValueError:
        return False


def _is_number(said: Any) -> bool:
    return isinstance(said, (int, float)) and not isinstance(said, bool)


def _is_range(said: Any) -> bool:
    """Return whether an operand is a list of one or two signs, each with a number."""
    if not isinstance(said, list) or len(said) not in (2, 4):
        return False
    return all(one in _NUMBERS for one in said[::2]) and all(map(_is_number, said[1::2]))


def _is_exclusion(said: Any) -> bool:
    """Return whether an operand is one or several texts or numbers, or an operator on texts."""
    if isinstance(said, dict):
        texts = ("prefix", "suffix", "equals-ignore-case", "wildcard")
        return len(said) == 1 and {*said} <= {*texts} and all(map(_is_text, _several(next(iter(said.values())))))
    several = _several(said)
    return bool(several) and (all(map(_is_text, several)) or all(map(_is_number, several)))


_SAID: Mapping[str, Callable[[Any], bool]] = {
    "anything-but": _is_exclusion,
    "cidr": _is_network,
    "equals-ignore-case": _is_text,
    "exists": lambda said: isinstance(said, bool),
    "numeric": _is_range,
    "prefix": _is_end,
    "suffix": _is_end,
    "wildcard": _is_text,
}
"""By operator: a function that tells whether the operator accepts a value."""
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "anything-but": _anything_but,
    "cidr": _within,
    "equals-ignore-case": _same_letters,
    "numeric": _numeric,
    "prefix": _begins,
    "suffix": _ends,
    "wildcard": _wildcard,
}
