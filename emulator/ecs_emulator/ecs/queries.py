"""The cluster query language, in which ListContainerInstances is asked (ECS developer guide, cluster-query-language).

An expression is `subject operator [argument]`, and several are joined by `and`, `or`, `not` and brackets. A subject may
have several values, as the groups of an instance's tasks. Without a value an instance passes `not_exists` alone, so
`attribute:retiring != true` finds the instances that have the attribute, with another value (containers-roadmap#486).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from ecs_emulator.patch import refuse

Values = Mapping[str, Sequence[str]]
"""The values of an instance, by subject; a subject that it lacks is not there."""
Test = Callable[[Values], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>'[^']*'|"[^"]*")|(?P<sign>&&|\|\||==|!=|=~|!~|>=|<=|[<>!()\[\],])|(?P<word>[^\s'"&|=!<>~()\[\],]+))"""
)
_NAMES = {
    "equals": "==", "not_equals": "!=", "greater_than": ">", "greater_than_equal": ">=", "less_than": "<",
    "less_than_equal": "<=", "not_exists": "!exists", "not_in": "!in", "matches": "=~", "not_matches": "!~",
    "&&": "and", "||": "or",
}  # fmt: skip
_LISTS, _TEXTS, _ORDERED = ("in", "!in"), ("==", "!=", "=~", "!~"), ("==", "!=", ">", ">=", "<", "<=")
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_SUBJECTS: dict[str, tuple[tuple[str, ...], Callable[[str], Any]]] = {
    "agentConnected": ((*_TEXTS, *_LISTS), str),
    "agentVersion": (_ORDERED, _version),
    "attribute": ((*_TEXTS, *_LISTS, "exists", "!exists"), str),
    "ec2InstanceId": ((*_TEXTS, *_LISTS), str),
    "registeredAt": (_ORDERED, _moment),
    "runningTasksCount": (_ORDERED, int),
    "task:group": ((*_TEXTS, *_LISTS), str),
}
"""The operators of each subject, and how its values are read."""


def query(text: str) -> Test:
    """Return the test that an expression is."""
    parser = _Parser(text, _tokens(text))
    test = parser.any()
    if parser.tokens:
        parser.fail()
    return test


def _tokens(text: str) -> list[str]:
    found, position = [], 0
    while text[position:].strip():
        token = _TOKEN.match(text, position)
        if token is None:
            _fail(text)
        found.append(token.group().strip() if not token["quoted"] else f"'{token['quoted'][1:-1]}")
        position = token.end()
    return found


def _fail(text: str) -> NoReturn:
    """Refuse an expression; the code is the operation's (API reference, Errors), the words are ours."""
    refuse("InvalidParameterException", f"Invalid filter expression: {text}")


@dataclass
class _Parser:
    """Reads an expression from its words and signs; a quoted word has a quote before it."""

    text: str
    tokens: list[str]

    def fail(self) -> NoReturn:
        """Refuse the whole expression."""
        _fail(self.text)

    def any(self) -> Test:
        """Read expressions that `or` joins."""
        tests = [self.all()]
        while self._takes("or"):
            tests.append(self.all())
        return tests[0] if len(tests) == 1 else lambda values: any(test(values) for test in tests)

    def all(self) -> Test:
        """Read expressions that `and` joins."""
        tests = [self.one()]
        while self._takes("and"):
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else lambda values: all(test(values) for test in tests)

    def one(self) -> Test:
        """Read an expression, its opposite, or expressions in brackets."""
        if self._takes("not", "!"):
            test = self.one()
            return lambda values: not test(values)
        if not self._takes("("):
            return self._simple()
        test = self.any()
        if not self._takes(")"):
            self.fail()
        return test

    def _simple(self) -> Test:
        subject = self._next()
        kind = "attribute" if subject.startswith("attribute:") else subject
        sign = self._next()
        if sign == "!":
            sign += self._next()
        sign = _NAMES.get(sign, sign)
        operators, read = _SUBJECTS.get(kind, ((), str))
        if sign not in operators:
            self.fail()
        if sign in ("exists", "!exists"):
            return lambda values: (subject in values) == (sign == "exists")
        passes = self._argument(sign, read)
        return lambda values: any(passes(read(value)) for value in values.get(subject, ()))

    def _argument(self, sign: str, read: Callable[[str], Any]) -> Callable[[Any], bool]:
        try:
            if sign in _LISTS:
                wanted = self._list()
                return lambda value: (value in wanted) == (sign == "in")
            if sign in ("=~", "!~"):
                pattern = re.compile(self._next())
                return lambda value: (pattern.fullmatch(value) is not None) == (sign == "=~")
            argument, compare = read(self._next()), _COMPARED[sign]
        except (ValueError, re.error):
            self.fail()
        return lambda value: compare(value, argument)

    def _list(self) -> list[str]:
        if not self._takes("["):
            self.fail()
        found = [self._next()]
        while self._takes(","):
            found.append(self._next())
        if not self._takes("]"):
            self.fail()
        return found

    def _next(self) -> str:
        """Take the next word or sign."""
        if not self.tokens:
            self.fail()
        return self.tokens.pop(0).removeprefix("'")

    def _takes(self, *signs: str) -> bool:
        """Take the next word or sign if it is one of these."""
        found = bool(self.tokens) and _NAMES.get(self.tokens[0], self.tokens[0]) in signs
        if found:
            self.tokens.pop(0)
        return found
