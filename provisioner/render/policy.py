"""IAM policies as `provision policy` prints them, and how to attach them."""

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


def attaching(found: Policies, command_line: str, *, boundary: bool) -> None:
    """Say on standard error how to attach what was printed.

    Args:
        command_line: how to call the command once more, in backticks.
        boundary: whether it is a permissions boundary.
    """
    first = next(iter(found))
    create = f"aws iam create-policy --policy-name {first} --policy-document file://{first}.json"
    lines = []
    if len(found) > 1:
        lines.append(f"{len(found)} policies, because IAM allows 6,144 characters per policy. Attach all of them.")
        lines.append(f"{command_line[:-1]} --part 1 > {first}.json`, up to --part {len(found)}; then for each:")
    else:
        lines.append(f"to attach it, saved as {first}.json:")
    attach = "attach-role-policy --role-name ROLE --policy-arn"
    if boundary:
        attach = "put-role-permissions-boundary --role-name ROLE --permissions-boundary"
    lines += [f"  {create}", f"  aws iam {attach} ARN"]
    if boundary:
        lines.append("Repeat it for each role of the stack. A boundary grants no permissions by itself.")
    say([f"note: {lines[0]}", *lines[1:]], sys.stderr)
