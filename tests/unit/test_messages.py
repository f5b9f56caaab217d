"""Every sentence that the tool can print, and every help page, as one file to read and to edit: messages.txt.

It is written anew with `UPDATE_MESSAGES=1 pytest tests/unit/test_messages.py`; read its diff.
"""

from __future__ import annotations

import ast
import difflib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from provisioner.cli import main  # noqa: F401  (it registers the commands)
from provisioner.cli.app import app
from provisioner.engine.ports import Row
from provisioner.render.text import visible

ROOT = Path(__file__).parents[2]
SNAPSHOT = Path(__file__).with_name("messages.txt")
SOURCES = ("emulator", "provisioner", "state", "steps")
WORD = re.compile("[A-Za-z]{2}")
WORDS = re.compile(r"\S\s+\S")
FILLED_IN = re.compile(r"\{.*?\}")
MEANING = list(Row.__dataclass_fields__).index("meaning")
NOT_OURS = {
    "emulator/ecs_emulator/durations.py": "where each duration is known from",
    "provisioner/aws/durations.py": "where each duration is known from",
    "emulator/ecs_emulator/authorization": "AWS's words",
    "emulator/ecs_emulator/ecs": "AWS's words",
    "emulator/ecs_emulator/rules": "AWS's words",
    "emulator/ecs_emulator/services": "AWS's words",
    "provisioner/permissions/boundary.py": "names of actions",
    "provisioner/permissions/containers.py": "names of actions, and docs/security.md",
    "provisioner/permissions/network.py": "names of actions, and docs/security.md",
    "provisioner/permissions/keys.py": "names of actions, and docs/security.md",
}
"""What holds no sentence of the tool, and why."""


def test_every_message_and_help_page_is_as_it_was_read() -> None:
    text = "\n".join([*messages(), *help_pages()]) + "\n"
    if os.environ.get("UPDATE_MESSAGES") == "1":
        SNAPSHOT.write_text(text)
    read, now = SNAPSHOT.read_text().splitlines(), text.splitlines()
    if changes := list(difflib.unified_diff(read, now, "as read", "as it is now", n=0, lineterm="")):
        pytest.fail("\n".join(["Read it, then UPDATE_MESSAGES=1 rewrites messages.txt:", *changes]), pytrace=False)


# -- messages ----------------------------------------------------------------------------------------------------------


def messages() -> Iterator[str]:
    """Yield the sentences of each file, in the order of its lines."""
    for path in sorted(path for source in SOURCES for path in (ROOT / source).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(tuple(NOT_OURS)) and (found := dict.fromkeys(sentences(ast.parse(path.read_text())))):
            yield from (f"== {name}", *found, "")


def sentences(tree: ast.Module) -> Iterator[str]:
    """Yield each string of two words, what is filled in counting as one. Docstrings, which are statements, are none."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        waiting += reversed(below(node))
        text = shown(node)
        if WORDS.search(text) and WORD.search(FILLED_IN.sub("", text)):
            yield visible(text)


def below(node: ast.AST) -> list[ast.AST]:
    """Return the parts of a node in which sentences are looked for.

    Users see neither a pattern of `re` nor, of a `Row`, what it matches and its source: only its `meaning`.
    """
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    parts = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call) and called == "Row":
        return [*node.args[MEANING : MEANING + 1]]
    if called == "grants":
        # names of actions, and why they are needed, which docs/security.md says
        return []
    if called.startswith("re."):
        return parts[:1] + parts[2:]
    if isinstance(node, ast.JoinedStr):
        return [part for part in parts if isinstance(part, ast.FormattedValue)]
    return parts


def shown(node: ast.AST) -> str:
    """Return the text of a string, with what is filled in as {name}; empty if the node is none."""
    if isinstance(node, ast.JoinedStr):
        return "".join(shown(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return "{" + ast.unparse(node.value) + "}"
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


# -- help pages --------------------------------------------------------------------------------------------------------


def help_pages() -> Iterator[str]:
    """Yield the help of the program and of each command, 80 columns wide."""
    root = typer.main.get_command(app)
    waiting = [root.make_context("provision", [], resilient_parsing=True, terminal_width=80)]
    while waiting:
        context = waiting.pop(0)
        yield from (f"== {context.command_path} --help", *context.get_help().splitlines(), "")
        below = getattr(context.command, "commands", {})
        waiting += [
            command.make_context(name, [], parent=context, resilient_parsing=True) for name, command in below.items()
        ]
