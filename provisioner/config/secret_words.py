"""Guess which words of a command are secrets: an option and its value are looked at like a variable.

A text that a shell splits is one word of a command, so the parts of each word are looked at. A reference to a variable,
such as `$DB_PASSWORD`, is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from provisioner.config.secret_values import Why, looks_secret

_OPTION = re.compile(r"--?(?!no-)[A-Za-z][\w.-]*")
"""Matches an option whose value may be the next word."""
_ASSIGNED = re.compile(r"[\"']?(?P<name>-{0,2}[A-Za-z][\w.-]*)=")
"""Matches the beginning of a word that is an option or a variable together with its value."""
_SCHEMES = frozenset({"bearer", "basic"})
"""Words of the header `Authorization`, in small letters, before a token."""
_TOKEN = 8
"""The fewest characters of such a token."""
_REFERENCE = re.compile(r"\$(\w+|\{[^}]*\})")


def looks(command: Iterable[str]) -> Why:
    """Return the reason why a word of a command looks like a secret, `name` or `form`; empty if none does."""
    return next((why for parts in _looked_at(command) for _, _, why in parts if why), "")


def without_secrets(command: Iterable[str], instead: str) -> list[str]:
    """Return a command with a text in place of each part of its words that looks like a secret."""
    return [
        "".join(f"{kept}{instead}" if why else f"{kept}{rest}" for kept, rest, why in parts)
        for parts in _looked_at(command)
    ]


def _looked_at(command: Iterable[str]) -> Iterator[list[tuple[str, str, Why]]]:
    """Yield the parts of each word: a part's beginning that may be shown, its rest, and the reason to hide the rest."""
    before = ""
    for word in command:
        parts = list[tuple[str, str, Why]]()
        # the separators stand at the odd places
        for number, part in enumerate(re.split(r"(\s+)", word)):
            if number % 2 or not part:
                parts.append((part, "", ""))
                continue
            parts.append(_part(part, before))
            before = part
        yield parts


def _part(part: str, before: str) -> tuple[str, str, Why]:
    text = _REFERENCE.sub("", part).strip("\"'")
    if assigned := _ASSIGNED.match(part):
        value = text.partition("=")[2]
        return assigned[0], part[assigned.end() :], looks_secret(assigned["name"], value) or looks_secret("", text)
    if before.strip("\"'").lower() in _SCHEMES and len(text) >= _TOKEN:
        return "", part, "form"
    name = before if _OPTION.fullmatch(before) and not part.startswith("-") else ""
    return "", part, looks_secret(name, text)
