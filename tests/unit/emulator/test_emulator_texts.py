"""Each sentence of AWS occurs once in the emulator, so that a correction in one place is complete."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

EMULATOR = Path(__file__).parents[3] / "emulator" / "ecs_emulator"
WORDS = 4
"""The least words of a text that counts as a sentence."""


def template(text: ast.JoinedStr) -> str:
    """Return an f-string with `{}` for its fields."""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in text.values)


def test_each_sentence_of_a_refusal_stands_once() -> None:
    places = defaultdict(set)
    for file in sorted(EMULATOR.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        parts = {id(part) for one in ast.walk(tree) if isinstance(one, ast.JoinedStr) for part in one.values}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                text = ""
                if isinstance(argument, ast.JoinedStr):
                    text = template(argument)
                elif isinstance(argument, ast.Constant) and id(argument) not in parts:
                    text = str(argument.value)
                if len(text.split()) >= WORDS and not is_source(text):
                    places[text].add(f"{file.relative_to(EMULATOR)}:{argument.lineno}")
    assert len(places) > 300
    assert {text: sorted(found) for text, found in places.items() if len(found) > 1} == {}


def is_source(text: str) -> bool:
    """Return whether a text names a document, as each row of a table does."""
    return "#" in text or any(word in text for word in ("user guide", "developer guide", "Reference", " API"))
