"""References to the stack's own stores, for programs that read a store's address or password by names of their own.

`secrets = { PGPASSWORD = "database.password" }` gives a container the stack's own parameter, and
`environment = { PGHOST = "{database.host}" }` a setting of the store, also inside of other text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from provisioner.config.base import Problem
from provisioner.config.store_words import SECRETS, STORE, VALUES, suggestion

if TYPE_CHECKING:
    from provisioner.config.container import Container
    from provisioner.config.workload import Workload

STORES = ("database", "redis")
"""The tables of stores, and the keys of services and jobs that may connect to them."""
_WORD = re.compile(r"(?<![${])\{((?:database|redis)\.[\w.-]*)\}(?!\})")
"""A word in braces. `${database.host}`, as Spring has it, and `{{database.host}}` are texts for the program."""


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return the value of a variable with the stores' settings in the places of their words."""
    return _WORD.sub(lambda found: values[found[1]], text)


def words(text: str) -> list[str]:
    """Return the words in braces of a value that are references."""
    return _WORD.findall(text)


def named(workload: Workload) -> frozenset[str]:
    """Return the references of all containers in a workload's tasks."""
    found: set[str] = set()
    for container in (workload, *workload.sidecars.values()):
        found.update(one.place for one in container.secrets.values() if one.kind == STORE)
        found.update(word for value in container.environment.values() for word in words(value))
    return frozenset(found)


def problems(workloads: Mapping[str, Workload], tables: Collection[str]) -> Iterator[Problem]:
    """Yield references that are unknown, or to a store that a workload may not connect to.

    Args:
        workloads: the services and jobs, by their dotted keys.
        tables: the stores that the file has, `database` and `redis`.
    """
    for key, workload in workloads.items():
        beside = {f"{key}.sidecars.{name}": sidecar for name, sidecar in workload.sidecars.items()}
        for at, container in {key: workload, **beside}.items():
            found = {
                place: why for place, word in _references(at, container) if (why := _wrong(word, key, workload, tables))
            }
            yield from found.items()


def _references(key: str, container: Container) -> Iterator[tuple[str, str]]:
    """Yield the dotted key and the word of each reference of a container."""
    for name, secret in container.secrets.items():
        if secret.kind == STORE:
            yield f"{key}.secrets.{name}", secret.place
    for name, value in container.environment.items():
        for word in dict.fromkeys(words(value)):
            yield f"{key}.environment.{name}", f"{{{word}}}"


def _wrong(reference: str, key: str, workload: Workload, tables: Collection[str]) -> str:
    """Return the reason why a reference leads nowhere, and the fix; empty if it is right."""
    word = reference.strip("{}")
    store = word.partition(".")[0]
    if reference != word and word in SECRETS:
        url = "" if word.endswith(".url") else f', and "{store}.url" is the whole URL with the password in it'
        return (
            f"has {reference}, which every reader of task definitions would see: move the variable to secrets, with "
            f'the value "{word}" alone{url}'
        )
    if reference != word and word not in VALUES:
        return f"has {reference}, which stands for nothing{suggestion(word, VALUES)}"
    if getattr(workload, store):
        # without the table, the key `database` or `redis` itself is refused
        return ""
    table = "" if store in tables else f", and a table [{store}]"
    return (
        f'refers to "{word}", and the tasks of {key} may not connect to it: add {store} = true to [{key}]{table}, or '
        f"take the reference away"
    )
