"""The names of tests read at a glance in a report."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parents[2]
LONGEST = 60


def test_no_test_has_a_name_longer_than_60_characters() -> None:
    named = [
        f"{path.relative_to(TESTS)}:{node.lineno}: {node.name}"
        for path in sorted(TESTS.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    assert len(named) > 1000
    assert [line for line in named if len(line.rpartition(" ")[2]) > LONGEST] == []
