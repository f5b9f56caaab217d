"""Variables of containers and of image builds in a state: their names, and one digest of their values.

Users put passwords and keys into variables. A state has more readers than its resources, and outlasts them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

TASK_DEFINITION, IMAGE = "task_definition", "image"
"""The types whose records have variables: of containers, and of image builds."""
PREFIX = "pbkdf2-sha256:"
"""The beginning of each digest."""
DIGEST = "digest"
"""The name of the member that stands before a recorded container's variables in place of their values."""
ROUNDS = 20_000
"""The hash rounds of a digest: 10 ms of a processor for a service. A reader of the state can still guess values."""

_PLAIN = {
    r"(DB_)?PORT": r"\d{1,5}",
    r"DB_HOST": r"[a-z0-9.-]+\.rds\.amazonaws\.com(\.cn)?",
    r"[A-Z0-9_]+_URL": r"http://[a-z0-9-]+(\.[a-z0-9-]+)+:\d{1,5}",
}
"""Names and values, as regular expressions, that stay readable: the addresses of the stack's parts, never secrets.

A rehearsal needs them to know which workload calls which.
"""


def without_values(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task definition's arguments as a state holds them; arguments in that form are returned unchanged.

    Variables keep their names and lose their values. Before them stands one digest of all values together, so that a
    guess must be right for all of them. It is salted with family and container, so that equal values have different
    digests elsewhere.
    """
    containers = arguments.get("container_definitions")
    if not isinstance(containers, list | tuple):
        return dict(arguments)
    family = str(arguments.get("family"))
    return {**arguments, "container_definitions": [_container(one, family) for one in containers]}


def as_held(type_name: Any, arguments: Any) -> Any:
    """Return the arguments of a resource of any type as a state holds them."""
    if not isinstance(arguments, Mapping):
        return arguments
    if type_name == TASK_DEFINITION:
        return without_values(arguments)
    return _without_build_values(arguments) if type_name == IMAGE else arguments


def _without_build_values(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return an image's arguments with one digest in place of its build values; unchanged if the digest is there."""
    values = arguments.get("build_args")
    if not isinstance(values, Mapping) or not values or "" in values:
        return dict(arguments)
    content = json.dumps(sorted(values.items(), key=repr), default=repr)
    digest = _digest(content, str(arguments.get("repository_name")))
    return {**arguments, "build_args": {"": digest, **dict.fromkeys(values, "")}}


def _container(container: Any, family: str) -> Any:
    if not isinstance(container, Mapping) or not isinstance(container.get("environment"), list | tuple):
        return container
    variables = [one for one in container["environment"] if isinstance(one, Mapping)]
    hidden = {str(one.get("name")): one["value"] for one in variables if "value" in one and not _plain(one)}
    if not hidden:
        return container
    before = [one for one in variables if DIGEST in one]
    content = json.dumps(sorted(hidden.items()), default=repr)
    digest = before[:1] or [{DIGEST: _digest(content, f"{family}/{container.get('name')}")}]
    names = [one if _plain(one) else {"name": one.get("name")} for one in variables if one not in before]
    return {**container, "environment": [*digest, *names]}


def _plain(variable: Mapping[str, Any]) -> bool:
    name, value = variable.get("name"), variable.get("value")
    if not isinstance(name, str) or not isinstance(value, str):
        return False
    return any(re.fullmatch(names, name) and re.fullmatch(values, value) for names, values in _PLAIN.items())


def digest_of(text: str, salt: str) -> str:
    """Return the digest that a state holds in place of a text; a digest is returned unchanged."""
    return text if text.startswith(PREFIX) else _digest(text, salt)


@lru_cache(maxsize=4096)
def _digest(content: str, salt: str) -> str:
    found = hashlib.pbkdf2_hmac("sha256", content.encode(), salt.encode("utf-8", "backslashreplace"), ROUNDS)
    return f"{PREFIX}{ROUNDS}:{found.hex()}"
