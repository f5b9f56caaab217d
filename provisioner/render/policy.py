"""IAM policies as `provision policy` prints them, and the commands that attach them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from provisioner.render.text import say

Policies = Mapping[str, Mapping[str, Any]]


def policies(found: Policies, *, as_json: bool) -> None:
    """Print the policy, or a list of several; as JSON for scripts a list of names and documents in one line."""
    if as_json:
        say([json.dumps([{"name": name, "document": document} for name, document in found.items()])])
        return
    documents = list(found.values())
    say([json.dumps(documents[0] if len(documents) == 1 else documents, indent=2)])


def attaching(found: Policies, command_line: str) -> None:
    """Print the commands that attach the printed policies, on standard error.

    Args:
        command_line: the command line that repeats the command, in backticks.
    """
    first = next(iter(found))
    create = f"aws iam create-policy --policy-name {first} --policy-document file://{first}.json"
    lines = []
    if len(found) > 1:
        lines.append(f"{len(found)} policies, because IAM allows 6,144 characters per policy. Attach all of them.")
        lines.append(f"{command_line[:-1]} --part 1 > {first}.json`, up to --part {len(found)}; then for each:")
    else:
        lines.append(f"to attach it, saved as {first}.json:")
    lines += [f"  {create}", "  aws iam attach-role-policy --role-name ROLE --policy-arn ARN"]
    say([f"note: {lines[0]}", *lines[1:]], sys.stderr)


def bounded(arn: str, create: str) -> None:
    """Print the boundary that the roles need, and the way to make it, on standard error.

    Args:
        create: the command that makes it, in backticks; empty if the policy is somebody else's.
    """
    name = arn.rpartition(":policy/")[2]
    how = f"let an administrator make it, by {create}" if create else "it has to exist"
    lines = [
        f"note: with these policies, roles can be written only if they have the permissions boundary {name}.",
        f"Before `up`, {how}. `up` gives it to all roles of the stack.",
    ]
    say(lines, sys.stderr)


def unbound(database: str, create: str) -> None:
    """Print the way to use a printed boundary, on standard error.

    Args:
        database: the database's resource id in it, or `*`.
        create: the command that makes it, in backticks.
    """
    lines = [f"note: {create} makes it, or brings it up to date; `up` then gives it to all roles of the stack."]
    if database != "*":
        lines.append(f"It names the database {database}: do so again when that has been replaced.")
    say(lines, sys.stderr)


def made(arn: str, done: str, *, as_json: bool) -> None:
    """Print the result for the boundary (`create`, `update` or nothing)."""
    if as_json:
        say([json.dumps({"arn": arn, "done": f"{done}d" if done else ""})])
    else:
        say([f"{arn}: {f'{done}d' if done else 'no changes'}"])
