"""First lines of docstrings name a verb and its object, so that a newcomer reads each of them once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("benchmarks", "demos", "emulator/ecs_emulator", "provisioner", "state", "steps", "tests", "tools")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
HEADLESS = re.compile(
    r"^(?:How|Those|What|Whatever|When|Where|Whether|Which|Who|Whoever|Whose|Why)\b"
    r"|\b(?:about|after|against|by|for|from|in|of|on|to|with) (?:what|those|which ones?|who|whom|whose)\b"
    r"|\b(?:what|who|whoever|whatever)\b"
    r"|\bthose (?:of|that|which|who)\b"
    r"|\b(?:one|ones|such) that\b|\bsuch ones?\b",
    re.IGNORECASE,
)
"""Question words as nouns, and pronouns that stand for an object instead of its name."""


@pytest.mark.parametrize("package", PACKAGES)
def test_first_lines_name_their_object(package: str) -> None:
    assert [f"{place}: {line}" for place, line in first_lines(ROOT / package) if HEADLESS.search(line)] == []


def first_lines(package: Path) -> Iterator[tuple[str, str]]:
    """Yield the place and the first line of each docstring below a directory, and of each string under a constant."""
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, DOCUMENTED):
                for line, text in _docstrings(node):
                    yield f"{path.relative_to(ROOT)}:{line}", text.splitlines()[0]


def _docstrings(node: Documented) -> Iterator[tuple[int, str]]:
    if text := ast.get_docstring(node):
        yield 1 if isinstance(node, ast.Module) else node.lineno, text
    for before, after in pairwise(node.body):
        match before, after:
            case (ast.Assign() | ast.AnnAssign(), ast.Expr(value=ast.Constant(value=str() as text))):
                yield after.lineno, text
