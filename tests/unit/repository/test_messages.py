"""Messages are short, plain, and errors end with a remedy: a lint of the string literals that users can see."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from provisioner.engine.ports import Row

ROOT = Path(__file__).parents[3]
PACKAGES = ("provisioner", "state", "steps")
LONGEST = 200
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
    "a contraction": re.compile(r"\b\w+n't\b|\b(?:here|it|that|there|what|who)'s\b|'(?:ll|re|ve)\b", re.IGNORECASE),
    "an exclamation mark": re.compile(r"\w!(?!=)"),
}
"""The shapes and words that messages avoid, each with the advice for it."""

NOT_OURS = {
    "What to do:": "the heading of the remedies of an error family",
    "failed to roll back": "a word of the JSON documents, by which programs go",
    "unable to consistently start tasks": "ECS's words, by which an event is known",
    "changes dry-run dryrun preview refresh what-if whatif": "words of other tools",
}
"""Texts that hold banned words, and why they stay."""

VERBS = (
    "add allow answer apply ask assume attach build change check choose complete confirm copy correct create delete "
    "deploy disable do edit enable end exclude fix follow free give import increase install join keep leave let list "
    "log lower make merge move name open pass pull push put raise read remove rename renew repair report request "
    "restore review run save see set sign sleep start stop take try turn undo unset update upgrade use wait write"
)
REMEDY = re.compile(
    rf"(?:^|[:;.,(] |\b(?:and|first|or|so|then|to) )(?:{VERBS.replace(' ', '|')})\b"
    r"|\bmust be\b|\bdid you mean\b|; there are "
    r"|`(?:provision|up|down|aws|docker|chmod|pip|uv)\b[^`]*`|\bdocs/\w+\.md\b",
    re.IGNORECASE,
)
"""An imperative at the beginning of a clause, a wanted value, a choice, a command or a page."""

SAYS_MORE = {
    "command_line": "a command of this tool",
    "suggestion": "the nearest name, or all of them",
    "explained": "`aws.errors` ends each of its texts with a hint",
    "advice": "`planning.refusals`: restore the value, or make the stack anew",
    "fix": "a parameter whose values are imperatives",
    "MISSING": "`aws.credential_sources`: to sign in",
    "NEEDED": "`docker.push`: the permissions to allow",
}
"""Functions and names whose text is a remedy, and why."""

COMPLETED = {
    "Cancelled": "the user has answered no",
    "CredentialsError": "image_copies and doctor add the remedy",
    "NoSession": "operations/shell/diagnosis.py finds the cause, and adds the remedy",
    "NotExpired": "the reason for which a stack stays, in the list of `down --expired`",
    "NotStarted": "ECS's own reason, another for each task",
    "OutcomeUnknown": "the scheduler looks the resource up; at its time limit TimedOut has the remedy",
    "RegistryError": "image_copies and doctor add the remedy",
    "Unreadable": "names the line of a file of another tool, without which `init --from` goes on",
}
"""Classes of errors whose messages need no remedy, those below them included, and why."""

WITHOUT_REMEDY = {
    "aws/connection.py: str(stopped)": "repeats the message of Interrupted",
    "cli/reports.py: {}. `{}` itself has ended, with exit code {}": "a note beside the command's own end",
    "cli/run.py: {}: {}": "the user has answered no",
    "config/loader.py: {}: is not TOML: {}": "the parser names the line and the mistake",
    "cost/load.py: --load {}: it is not TOML: {}": "the parser names the line and the mistake",
    "engine/errors.py: {}: {}": "counts failures that were shown before, each with its remedy",
    "engine/errors.py: error.skipped": "lines of `deployment.withdrawal`; `render.advice` has the command",
    "engine/execution/failed_changes.py: {}. {}": "AWS's reason, and the missing permission",
    "resources/ecs/progress.py: reason": "AWS's reason",
    "engine/execution/apply.py: why": "AWS's reason for a failed creation",
    "engine/execution/apply.py: reasons[0]": "AWS's reason for a change that it took back",
    "engine/own_code.py: {}: {}: {}": "the error of the user's own code, with its line",
    "engine/planning/refusals.py: {} cannot be changed in place: {}": "the plan adds refusals.advice",
    "operations/commands/approve.py: _unclear(chosen, found, list(waits))": "a deployment to name, or none",
    "operations/commands/scale.py: {} cannot have {}: {}.{}: {}": "ends with the configuration's own message",
    "operations/context/account.py: {}: account.id: {}: {}": "ends with one of two remedies, both in a tuple",
    "operations/context/embedded_cloud.py: str(error)": "the emulator's own messages",
    "operations/context/own_step_checks.py: {}: {}": "ends with the message of a check, each with its remedy",
    "operations/deployment/scope.py: {}{}{}": "a command, or the suggestion of a service",
    'operations/deployment/scope.py: --image: "{}" {}': "ends with a message of docker.reference",
    "operations/inspection/log_reader.py: --container {}: {} has none{}": "the suggestion of a container",
    "operations/planning/dns_takeover.py: {}: {}": "only the owner of the record can move it",
    "operations/prerequisites/instance_sizes.py: problem": "ends with a message of config.room",
    "operations/shell/diagnosis.py: {}. AWS says: {}": "begins with the causes, each with its remedy",
    "operations/state_admin/state_transfer.py: {}: {}": "ends with a message of the state",
    "resources/cloudcontrol/resource.py: live.status.removeprefix(FAILED)": "AWS's reason",
    "resources/ecr/copied_images.py: refused": "the registry's reason",
    "resources/ecr/images.py: ECR cannot delete {}: {}": "AWS's reason",
    "resources/ecs/cluster.py: capacity provider {} cannot be deleted: {}": "AWS's reason",
    "resources/ecs/cluster.py: capacity provider {} could not be created:{}": "AWS's reason",
    "resources/ecs/job_run.py: ECS did not start it: {}": "AWS's reason",
    "resources/ecs/job_run.py: str(why)": "AWS's reason, and the last lines of the job",
    "resources/elbv2/balancer.py: load balancer {} could not be created: {}": "AWS's reason",
    "resources/route53/delegation.py: live.status": "made by the same type, with the name servers to set",
    "session/forward.py: str(error)": "a broken stream of the agent",
    "state/local.py: self._broken": "one of the messages of this file, or a program's own mistake",
    "state/s3.py: self._broken": "repeats the message of the write that failed",
    "steps/given.py: {}: {}": "ends with a message of config.validators",
}
"""Errors without a remedy, as `path: message` (without `provisioner/`), and why."""


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
    completed = [name for base in COMPLETED for name in subclasses(base)]
    lacking = [one for one in found if one.name not in completed and not has_remedy(one.argument, one.path)]
    assert set(WITHOUT_REMEDY) - {one.key for one in lacking} == set()
    assert [f"line {one.argument.lineno}: {one.key}" for one in lacking if one.key not in WITHOUT_REMEDY] == []


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
    called = dotted(node.func) if isinstance(node, ast.Call) else ""
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
    def key(self) -> str:
        """The module and the message, or the expression that makes it."""
        return f"{self.path.removeprefix('provisioner/')}: {written(self.argument) or ast.unparse(self.argument)}"


def errors() -> Iterator[Error]:
    """Yield the message of each error that is made; of a class that words it itself, the message in its `__init__`."""
    classes = subclasses("ProvisionError") | subclasses("StateError")
    wording = {
        name: (call.args[-1], path)
        for name, (node, path) in classes.items()
        for call in calls(node, {"super().__init__", "ProvisionError.__init__"})
        if dotted(call.args[-1]) != "message"
    }
    yield from (Error(name, path, message) for name, (message, path) in wording.items())
    for path, tree in sources().items():
        for call in calls(tree, classes.keys() - wording):
            if call.args:
                yield Error(dotted(call.func), path, call.args[0])


@cache
def subclasses(base: str) -> dict[str, tuple[ast.ClassDef, str]]:
    """Return a class and the classes below it by name, each with its module."""
    defined = [(node, path) for path, tree in sources().items() for node in tree.body if isinstance(node, ast.ClassDef)]
    found = {node.name: (node, path) for node, path in defined if node.name == base}
    while more := {
        node.name: (node, path)
        for node, path in defined
        if node.name not in found and {dotted(one) for one in node.bases} & found.keys()
    }:
        found |= more
    return found


def calls(tree: ast.AST, names: Container[str]) -> Iterator[ast.Call]:
    """Yield the calls of functions with these names."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and dotted(node.func) in names)


def dotted(node: ast.expr) -> str:
    """Return a name with the names before it, such as `re.compile` or `super().__init__`; "" for other expressions."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    return node.id if isinstance(node, ast.Name) else ""


def has_remedy(node: ast.expr, path: str, depth: int = 6) -> bool:
    """Tell whether a message, or a text filled into it, has a remedy.

    A name stands for all texts that are assigned to it in its module (a constant: in any module), and a call for all
    texts that the function returns: each of them has to have a remedy.
    """
    if REMEDY.search(written(node)):
        return True
    if isinstance(node, ast.JoinedStr | ast.BinOp | ast.FormattedValue):
        return any(has_remedy(part, path, depth) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))
    if ast.unparse(node).startswith(r"'\n'.join("):
        # a list of problems, each of which is worded where it is found
        return True
    texts = meanings(node, path) if depth else []
    return named(node) in SAYS_MORE or (bool(texts) and all(has_remedy(one, where, depth - 1) for one, where in texts))


def named(node: ast.expr) -> str:
    """Return the last part of a name or of the name of a called function; "" for other expressions."""
    return dotted(node.func if isinstance(node, ast.Call) else node).rpartition(".")[2]


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
    """Return the texts that are assigned to each name, with the modules."""
    index: dict[str, list[tuple[ast.expr, str]]] = {}
    for path, tree in sources().items():
        for node in ast.walk(tree):
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                    | ast.NamedExpr(target=ast.Name(id=name), value=value)
                ):
                    if not isinstance(value, ast.Constant) or value.value:
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
