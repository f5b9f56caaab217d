"""The check of `[tags]` in `stack.toml`: the limits of tags that all AWS services have in common."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from provisioner.config.loader import Inconsistent, shown
from provisioner.config.secret_values import looks_secret

MOST = 40
"""The most tags: a resource has at most 50, and the stack's own tags need up to ten of them."""
LONGEST_KEY, LONGEST_VALUE = 128, 256
OWN = ("Project", "Environment", "ManagedBy")
"""The owner tags of this tool."""
RESERVED = {
    **dict.fromkeys(map(str.lower, OWN), "is a tag of this tool's own, by which it finds resources"),
    "name": "would give all resources one name",
    "amazonecsmanaged": "is a tag of ECS's own",
}
"""By key in lower case, the reason why users cannot have it. IAM does not tell upper and lower case apart (IAM user
guide, "Rules for tagging in IAM")."""
PREFIXES = {"aws:": "AWS keeps that prefix for itself", "provisioner:": "this tool keeps that prefix for itself"}
"""Prefixes that users' keys cannot have."""
_MARKS = frozenset("_.:/=+-@")
ALLOWED = "use letters, digits, spaces and _ . : / = + - @"
"""The characters that ECS, IAM, Elastic Load Balancing, CloudFront, S3 and others allow in keys and values alike.

Their API references have the pattern `[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*`.
"""


def check(tags: Mapping[str, str]) -> Mapping[str, str]:
    """Accept only tags that each resource of a stack can have.

    Raises:
        Inconsistent: with the key and the message of each wrong tag.
        ValueError: there are too many.
    """
    problems = [(key, text) for key, value in tags.items() if (text := _wrong(key, value, tags))]
    if problems:
        raise Inconsistent(problems)
    if len(tags) > MOST:
        raise ValueError(f"has {len(tags)} tags, and AWS allows 50 with the stack's own: use {MOST} or fewer")
    return tags


def fits(key: str, value: str) -> bool:
    """Return whether a tag alone can stand in `[tags]`."""
    return not _wrong(key, value, {})


def _wrong(key: str, value: str, tags: Mapping[str, Any]) -> str:
    """Return the fault of a tag and the fix; empty if it has none."""
    lower = key.lower()
    if prefix := next((one for one in PREFIXES if lower.startswith(one)), ""):
        return f"begins with {prefix}, and {PREFIXES[prefix]}: use another key"
    if lower in RESERVED:
        return f"{RESERVED[lower]}: use another key"
    if twin := next((one for one in tags if one != key and one.lower() == lower), ""):
        return f"differs from {shown(twin)} in upper and lower case alone, which IAM does not tell apart: remove one"
    if not 1 <= len(key) <= LONGEST_KEY:
        return f"has {len(key)} characters as a key: use 1 to {LONGEST_KEY}"
    if key != key.strip() or not _plain(key):
        return f"is not a key that all services allow: {ALLOWED}, and no space at an end"
    if not value:
        return 'is empty, which EventBridge Scheduler refuses: write a value, such as "yes"'
    if len(value) > LONGEST_VALUE:
        return f"has {len(value)} characters as a value: use {LONGEST_VALUE} or fewer"
    if not _plain(value):
        return f"has a character that not all services allow: {ALLOWED}"
    if looks_secret(key, value):
        return "looks like a secret, and every reader of the account sees tags: remove it"
    return ""


def _plain(text: str) -> bool:
    return all(one in _MARKS or unicodedata.category(one)[0] in "LNZ" for one in text)
