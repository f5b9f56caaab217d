"""Messages are short, plain, and errors end with a remedy: a lint of the string literals that users can see."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from provisioner.engine.ports import Row

ROOT = Path(__file__).parents[3]
PACKAGES = ("provisioner", "state", "steps")
LONGEST = 240
MEANING = list(Row.__dataclass_fields__).index("meaning")

NO_MESSAGES = {
    "provisioner/aws/durations.py": "sources of durations",
    "provisioner/config/reserved_words.py": "MySQL's words",
    "provisioner/permissions/boundary.py": "names of actions",
    "provisioner/permissions/containers.py": "names of actions",
    "provisioner/permissions/keys.py": "names of actions",
    "provisioner/permissions/network.py": "names of actions",
    "provisioner/render/picture/svg.py": "markup",
    "provisioner/render/timeline_svg.py": "markup",
    "provisioner/session/command.py": "shell programs",
    "steps/capacity.py": "a shell program",
}
"""Files whose strings of several words are no sentences of the tool, and why."""

BANNED = {
    "a free relative: name the object": re.compile(
        r"(?<!say )(?<!says )(?<!said )(?<!show )(?<!shows )(?<!shown )(?<!see )(?<!know )(?<!knows )(?<!known )"
        r"(?<!ask )(?<!asks )(?<!tell )(?<!tells )(?<!print )(?<!prints )(?<!review )(?<!read )\bwhat\b(?! to do:)"
        r"|\b(?:whatever|whichever|whoever|whomever)\b",
        re.IGNORECASE,
    ),
    "who without a noun: name the person": re.compile(
        r"(?:^|[;:.] |\b(?:and|asks?|by|for|from|names?|on|or|says?|shows?|than|to|with) )(?:who|whose)\b|\bwhom\b",
        re.IGNORECASE,
    ),
    "a question without a question mark: begin with a noun": re.compile(
        r"^(?:How|What|Where|Which|Who|Whose|Why)\b(?!.*\?)"
    ),
    "a pronoun without a noun: name the object": re.compile(
        r"\bthose (?:of|that|which|who|below|above)\b|\b(?:the )?ones? that\b|\bsuch ones?\b|\bsuch that\b",
        re.IGNORECASE,
    ),
    "a word that docs/glossary.md does not know": re.compile(
        r"\bat the (?:least|most)\b|\bbring (?:it|them) up with\b|\bby the clock\b|\blook(?:s|ed)? into\b"
        r"|\bmade up by\b|\bput right\b|\bstands? (?:in|with)\b|\btrying on\b",
        re.IGNORECASE,
    ),
    "a filler or an apology": re.compile(r"\b(?:just|please|simply|sorry)\b", re.IGNORECASE),
    "say that it failed, or why": re.compile(r"\b(?:failed|unable) to\b", re.IGNORECASE),
    "a contraction": re.compile(r"\b\w+n't\b|\b(?:he|here|it|she|that|there|what|who)'s\b|'(?:ll|re|ve)\b", re.IGNORECASE),
    "an exclamation mark": re.compile(r"\w!(?!=)"),
}
"""The shapes and words that messages avoid, each with the advice for it."""

NOT_OURS = {
    "unable to consistently start tasks": "ECS's words, by which an event is known",
}
"""Texts that hold banned words, and why they stay."""

VERBS = (
    "add allow answer apply ask assume attach build change check choose complete confirm copy correct create delete "
    "deploy disable edit enable exclude fix follow free give import increase install join keep leave let list log lower "
    "make merge move name open pull push put raise read remove rename renew repair report request restore review run "
    "save see set sign sleep start state stop take turn undo unset update upgrade use wait write"
).split()
REMEDY = re.compile(
    rf"(?:^|[:;.,(] |\b(?:and|first|must|or|please|so|then|to) )(?:{'|'.join(VERBS)})\b"
    r"|`(?:provision|up|down|aws|docker|chmod|pip|uv)\b[^`]*`|\bdid you mean\b|\bdocs/\w+\.md\b",
    re.IGNORECASE,
)
"""An imperative at the beginning of a clause, a command, a correction or a page."""

SAYS_MORE = {
    "command_line": "a command of this tool",
    "suggestion": "the nearest name, or all of them",
}
"""Functions and names whose text is a remedy, and why."""

COMPLETED: dict[str, str] = {}
"""Classes of errors to which the code that catches them adds the remedy."""

WITHOUT_REMEDY: dict[str, str] = {}
"""Errors without a remedy, by the end of their message, and why."""


def test_sentences_of_messages_are_short() -> None:
    long = [
        f"{message.place}: {len(sentence)}: {sentence}"
        for message in messages()
        for sentence in re.split(r"(?<=[.?]) |\n", message.text)
        if len(sentence) > LONGEST
    ]
    assert long == []


def test_messages_are_plain() -> None:
    seen = {message.text for message in messages() if message.text in NOT_OURS}
    wrong = [
        f"{message.place}: {advice}: {found[0]!r} in: {message.text}"
        for message in messages()
        if message.text not in NOT_OURS
        for advice, pattern in BANNED.items()
        if (found := pattern.search(message.text))
    ]
    assert wrong == []
    assert seen == set(NOT_OURS)


def test_errors_end_with_a_remedy() -> None:
    found = list(errors())
    assert len(found) > 400
    assert {error.name for error in found} >= set(COMPLETED)
    lacking = [error for error in found if error.name not in COMPLETED and not has_remedy(error.argument, error.path)]
    waived = {end for end in WITHOUT_REMEDY if any(error.text.endswith(end) for error in lacking)}
    assert waived == set(WITHOUT_REMEDY)
    assert [f"{e.path}:{e.argument.lineno}: {e.text}" for e in lacking if not e.text.endswith(tuple(WITHOUT_REMEDY))] == []


# -- messages ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Message:
    """A string of two words or more; a value that is filled in is written {}."""

    place: str
    text: str


@cache
def messages() -> tuple[Message, ...]:
    """Return the messages of all packages, in the order of their lines."""
    return tuple(
        Message(f"{name}:{line}", text)
        for name, tree in sources().items()
        if name not in NO_MESSAGES
        for line, text in strings(tree)
    )


@cache
def sources() -> dict[str, ast.Module]:
    """Return the syntax tree of each module by its path."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each string of two words. Docstrings, which are statements, are left out."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        waiting += reversed(parts(node))
        text = written(node)
        if re.search(r"\S\s+\S", text) and re.search("[A-Za-z]{2}", text):
            yield getattr(node, "lineno", 0), text


def parts(node: ast.AST) -> list[ast.AST]:
    """Return the parts of a node that may hold messages.

    Users see neither the patterns of `re` nor the patterns and sources of a `Row`, nor why an action is granted.
    """
    if isinstance(node, ast.JoinedStr):
        return [part for part in node.values if isinstance(part, ast.FormattedValue)]
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    if isinstance(node, ast.Call) and called == "Row":
        return [*node.args[MEANING : MEANING + 1]]
    if called == "grants":
        return []
    below = list(ast.iter_child_nodes(node))
    return below[:1] + below[2:] if called.startswith("re.") else below


def written(node: ast.AST) -> str:
    """Return the text of a string with {} for each value that is filled in; "" for a node that is no string."""
    if isinstance(node, ast.JoinedStr):
        return "".join(written(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return "{}"
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


# -- errors ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Error:
    """A message with which an error is made."""

    name: str
    path: str
    argument: ast.expr

    @property
    def text(self) -> str:
        """The message as written, or the expression that makes it."""
        return written(self.argument) or ast.unparse(self.argument)


def errors() -> Iterator[Error]:
    """Yield the message of each error that is made; of a class with an `__init__`, the message that this passes on."""
    classes = subclasses("ProvisionError") | subclasses("StateError")
    made = {name for name, node in classes.items() if any(method(node, "__init__"))}
    for path, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name in made:
                for call in calls(node, {"super().__init__"}):
                    yield Error(node.name, path, call.args[0])
        for call in calls(tree, classes.keys() - made):
            if call.args:
                yield Error(ast.unparse(call.func), path, call.args[0])


@cache
def subclasses(base: str) -> dict[str, ast.ClassDef]:
    """Return a class and the classes below it, by name."""
    defined = [node for tree in sources().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {node.name: node for node in defined if node.name == base}
    while more := [n for n in defined if n.name not in found and {ast.unparse(b) for b in n.bases} & found.keys()]:
        found |= {node.name: node for node in more}
    return found


def method(node: ast.ClassDef, name: str) -> Iterator[ast.stmt]:
    """Yield the method of a class with this name."""
    return (stmt for stmt in node.body if isinstance(stmt, ast.FunctionDef) and stmt.name == name)


def calls(tree: ast.AST, names: set[str]) -> Iterator[ast.Call]:
    """Yield the calls of functions with these names."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) in names)


def has_remedy(node: ast.expr, path: str, depth: int = 6) -> bool:
    """Tell whether a message, or a text filled into it, says what to do.

    A name stands for all texts that are assigned to it in its module (a constant: in any module), and a call for all
    texts that the function returns: each of them has to have a remedy.
    """
    if REMEDY.search(written(node)):
        return True
    if isinstance(node, ast.JoinedStr | ast.BinOp | ast.FormattedValue):
        return any(has_remedy(part, path, depth) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))
    texts = meanings(node, path) if depth else []
    return bool(texts) and all(has_remedy(text, where, depth - 1) for text, where in texts) or named(node) in SAYS_MORE


def named(node: ast.expr) -> str:
    """Return the last part of a name or of the name of a called function; "" for other expressions."""
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def meanings(node: ast.expr, path: str) -> list[tuple[ast.expr, str]]:
    """Return the texts that an expression may have, each with the module in which it is written."""
    if isinstance(node, ast.IfExp):
        return [(node.body, path), (node.orelse, path)]
    if isinstance(node, ast.BoolOp):
        return [(value, path) for value in node.values]
    index = returned() if isinstance(node, ast.Call) else assigned()
    found = index.get(named(node), [])
    return [(text, where) for text, where in found if where == path] or found


@cache
def assigned() -> dict[str, list[tuple[ast.expr, str]]]:
    """Return the values that are assigned to each name, with the modules."""
    index: dict[str, list[tuple[ast.expr, str]]] = {}
    for path, tree in sources().items():
        for node in ast.walk(tree):
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                    | ast.NamedExpr(target=ast.Name(id=name), value=value)
                ):
                    index.setdefault(name, []).append((value, path))
    return index


@cache
def returned() -> dict[str, list[tuple[ast.expr, str]]]:
    """Return the values that each function returns, with the modules."""
    index: dict[str, list[tuple[ast.expr, str]]] = {}
    for path, tree in sources().items():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                values = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
                index.setdefault(function.name, []).extend((value, path) for value in values)
    return index
