"""Metric math: the value of an expression over several metrics, as far as target tracking is known to use it.

Source: CloudWatch user guide, "Using math expressions with CloudWatch metrics": arithmetic, comparisons that give 1 or
0, FILL and IF. A missing point makes the result missing, except where FILL has a value for it.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Mapping
from typing import Any

Values = Mapping[str, float | None]

_ARITHMETIC: Mapping[type[ast.operator], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARED: Mapping[type[ast.cmpop], Any] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class Unknown(Exception):
    """An expression that is not understood here."""


def value(expression: str, values: Values) -> float | None:
    """Return the value of an expression; None if a point is missing, or something is divided by 0.

    Args:
        values: the values of the other queries, by id.

    Raises:
        Unknown: it has other functions or operators, or an id that there is not.
    """
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError:
        raise Unknown(expression) from None
    return _value(tree, values)


def _value(node: ast.expr, values: Values) -> float | None:
    match node:
        case ast.Constant(int() | float() as number):
            return float(number)
        case ast.Name(name) if name in values:
            return values[name]
        case ast.BinOp(left, operation, right) if type(operation) in _ARITHMETIC:
            return _both(_ARITHMETIC[type(operation)], _value(left, values), _value(right, values))
        case ast.Compare(left, [comparison], [right]) if type(comparison) in _COMPARED:
            return _both(_COMPARED[type(comparison)], _value(left, values), _value(right, values))
        case ast.Call(ast.Name("FILL"), [filled, instead]):
            found = _value(filled, values)
            return _value(instead, values) if found is None else found
        case ast.Call(ast.Name("IF"), [condition, yes, no]):
            found = _value(condition, values)
            return None if found is None else _value(yes if found else no, values)
    raise Unknown(ast.unparse(node))


def _both(operation: Any, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    try:
        return float(operation(left, right))
    except ZeroDivisionError:
        return None
