"""Complete the table of a `stack.toml` before all checks: inherited keys, words in braces, defaults by environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.config import extends, loader, private_names, production, stack_words


@dataclass(frozen=True)
class Completed:
    """The table of a `stack.toml` with all its keys.

    Attributes:
        table: the table.
        by_environment: the dotted keys that are not in the file and have another default because of `env`.
        images: by service or job, the workload whose image it runs.
    """

    table: Mapping[str, Any]
    by_environment: tuple[str, ...]
    images: Mapping[str, str]


def completed(table: Mapping[str, Any], project: str, env: str) -> Completed:
    """Return a table with the keys that it inherits and the defaults of its environment.

    Args:
        project, env: the names of a file that says none.

    Raises:
        Inconsistent: a key cannot be inherited, or a word in braces is unknown.
    """
    extended = extends.extended(table)
    if extended.problems:
        raise loader.Inconsistent(extended.problems)
    said = extended.table
    filled, unknown = stack_words.filled(said, str(said.get("project", project)), str(said.get("env", env)))
    if unknown:
        raise loader.Inconsistent(unknown)
    whole, keys = production.with_defaults(filled)
    whole, named = private_names.with_defaults(whole, project, env)
    return Completed(whole, (*keys, *named), extended.images)
