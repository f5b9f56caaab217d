"""IAM policies of tasks from the user: files beside `stack.toml`, and managed policies by their ARNs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.config import validators
from provisioner.config.base import Problem
from provisioner.config.loader import shown

Document = Mapping[str, Any]
"""A policy in the form of IAM's JSON."""

MANAGED = re.compile(r"arn:aws[a-z-]*:iam::(?:aws|\d{12}):policy/[\w+=,.@/-]{1,512}", re.ASCII)
MOST_MANAGED = 10
"""The most managed policies of a role, unless the quota was raised (IAM quotas, managed policies attached to an IAM
role)."""
LONGEST = 10_240
"""The most characters of all inline policies of a role, without white space (IAM quotas)."""
LARGEST_FILE = 1 << 16
READING = ("Get", "List", "Simulate", "Generate")
"""Prefixes of the IAM actions that change nothing."""
ONE_ROLE = re.compile(r"arn:[^:]*:iam::[^:]*:role/[^*?]+")
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9*?]+")
_ALLOWED = {"Sid", "Effect", "Action", "Resource", "Condition"}


@dataclass(frozen=True)
class Allowed:
    """The permissions of one statement."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]


def named(value: str) -> str:
    """Accept only ARNs of managed policies, and paths of files beside `stack.toml`."""
    if value.startswith("arn:"):
        if not MANAGED.fullmatch(value):
            example = '"arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"'
            raise ValueError(f"{shown(value)} is not the ARN of a managed policy, such as {example}")
        return value
    try:
        return validators.inside(value)
    except ValueError:
        example = '"policies/send-mail.json"'
        raise ValueError(f"{shown(value)} is neither a file beside this one, such as {example}, nor an ARN") from None


def files(policies: Sequence[str]) -> list[str]:
    """Return the policies that are files."""
    return [one for one in policies if not one.startswith("arn:")]


def managed(policies: Sequence[str]) -> list[str]:
    """Return the policies that are ARNs."""
    return [one for one in policies if one.startswith("arn:")]


def read(workloads: Mapping[str, Sequence[str]], root: Path) -> tuple[dict[str, Document], list[Problem]]:
    """Return the documents of all files, by path, and the errors in them.

    Args:
        workloads: by the dotted key of each service or job, its policies.
        root: the directory that paths are relative to.
    """
    found: dict[str, Document] = {}
    wrong: list[Problem] = []
    tried = set[str]()
    for key, policies in workloads.items():
        for path in files(policies):
            if path not in tried:
                tried.add(path)
                try:
                    found[path] = _document(root, path)
                except ValueError as error:
                    wrong.append((f"{key}.policies", f"{path} {error}"))
        characters = sum(len(json.dumps(found.get(path, {}), separators=(",", ":"))) for path in files(policies))
        if characters > LONGEST:
            what = f"the files have {characters} characters together, and IAM allows {LONGEST} for a role"
            wrong.append((f"{key}.policies", f"{what}: allow less, or make managed policies of them"))
    return found, wrong


def _document(root: Path, path: str) -> Document:
    """Return the policy in a file.

    Raises:
        ValueError: there is no policy, or a task must not have it; the message does not name the path.
    """
    file = root / path
    try:
        if not file.resolve().is_relative_to(root.resolve()):
            raise ValueError("leads out of the directory of this file: keep the policy inside it")
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}: write the policy there, or correct the path") from None
    if len(content) > LARGEST_FILE:
        raise ValueError(f"is larger than {LARGEST_FILE} bytes: IAM allows {LONGEST} characters")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON: write a policy as IAM has it") from None
    if not (isinstance(document, dict) and isinstance(document.get("Statement"), dict | list)):
        raise ValueError("is not a policy: it needs a Statement")  # noqa: TRY004 (of the file, not of a type)
    for number, statement in enumerate(_each(document["Statement"]), 1):
        if why := _why_refused(statement):
            raise ValueError(f"(statement {number}) {why}")
    return document


def _why_refused(statement: object) -> str:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        return 'has no Effect: write "Allow" or "Deny"'
    if statement["Effect"] == "Deny":
        return "" if statement.keys() & {"Action", "NotAction"} else "has no Action: name some"
    if more := sorted(statement.keys() - _ALLOWED):
        return f"has {more[0]}, with which it would allow more than it names: write Action and Resource"
    actions, resources = (_texts(statement.get(key)) for key in ("Action", "Resource"))
    if not actions or not resources:
        return "names no Action, or no Resource: name both"
    if wrong := next((one for one in actions if not _ACTION.fullmatch(one)), ""):
        return f'allows {shown(wrong)}, which is not an action of one service, such as "sqs:SendMessage"'
    if wrong := next((one for one in resources if one != "*" and not one.startswith("arn:")), ""):
        return f'is about {shown(wrong)}, which is neither an ARN nor "*"'
    if not isinstance(statement.get("Condition", {}), dict):
        return "has a Condition that is not an object"
    return next(filter(None, (_why_climbing(action, resources) for action in actions)), "")


def _why_climbing(action: str, resources: Sequence[str]) -> str:
    """Return the reason why an action would let a task exceed its role, even with a boundary; empty if it would not."""
    service, _, name = action.partition(":")
    if service != "iam" or name.startswith(READING):
        return ""
    if name != "PassRole":
        return f"allows {action}, by which a task could change the permissions of roles, its own too: take it out"
    if not all(map(ONE_ROLE.fullmatch, resources)):
        return "allows iam:PassRole on more than single roles, and so the permissions of all of them: name each role"
    return ""


def allowed(document: Document) -> Iterator[Allowed]:
    """Yield the permissions of a checked policy, statement by statement."""
    for statement in _each(document["Statement"]):
        if statement["Effect"] == "Allow":
            conditions = tuple(
                (operator, key, _texts(value))
                for operator, keys in statement.get("Condition", {}).items()
                for key, value in keys.items()
            )
            yield Allowed(_texts(statement["Action"]), _texts(statement["Resource"]), conditions)


def _each(statements: Any) -> list[Any]:
    return statements if isinstance(statements, list) else [statements]


def _texts(value: object) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in several if one is not None)
