"""References to the stack's own stores, for programs that read a store's address or password by names of their own.

`secrets = { PGPASSWORD = "database.password" }` gives a container the stack's own parameter, and
`environment = { PGHOST = "{database.host}" }` a setting of the store, also inside of other text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from provisioner.config.base import Problem
from provisioner.config.store_words import SECRETS, VALUES, meant, suggestion

if TYPE_CHECKING:
    from provisioner.config.container import Container
    from provisioner.config.workload import Workload

STORES = ("database", "redis")
"""The tables of stores, and the keys of services and jobs that may connect to them."""
_WORD = re.compile(r"(?<![${])\{((?:database|redis)\.[\w.-]*)\}(?!\})")
"""A word in braces. `${database.host}`, as Spring has it, and `{{database.host}}` are texts for the program."""
_MISSPELT = re.compile(r"(?<![${])\{([a-z]{4,12}\.[a-z]{3,8})\}(?!\})")
"""A word in braces that may be one of these, misspelt."""


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return the value of a variable with the stores' settings in the places of their words."""
    return _WORD.sub(lambda found: values[found[1]], text)


def words(text: str) -> list[str]:
    """Return the words in braces of a value that are references."""
    return _WORD.findall(text)


def named(workload: Workload) -> frozenset[str]:
    """Return the references of all containers in a workload's tasks."""
    return frozenset(reference.strip("{}") for _, reference in _all(workload))


def problems(workloads: Mapping[str, Workload], tables: Collection[str]) -> Iterator[Problem]:
    """Yield references that are unknown, or to a store that a workload may not connect to.

    Args:
        workloads: the services and jobs, by their dotted keys.
        tables: the stores that the file has, `database` and `redis`.
    """
    closed: dict[tuple[str, str], dict[str, str]] = {}
    for key, workload in workloads.items():
        found: dict[str, str] = {}
        for at, reference in _all(workload):
            word = reference.strip("{}")
            store = word.partition(".")[0]
            if why := _wrong(reference):
                found.setdefault(f"{key}.{at}", why)
            elif not getattr(workload, store):
                closed.setdefault((at, store), {}).setdefault(key, word)
        yield from found.items()
    # one line for all workloads that have it from the same place, such as [defaults]
    for (at, store), users in closed.items():
        first, *others = users
        also = f" (also of {', '.join(others)})" if others else ""
        table = "" if store in tables else f" and a table [{store}]"
        why = f'refers to "{users[first]}", and the tasks of {first} may not connect there'
        yield f"{first}.{at}", f"{why}: add {store} = true to [{first}]{table}, or take the reference away{also}"


def warnings(containers: Mapping[str, Container]) -> Iterator[str]:
    """Yield a warning for each variable that is nearly a reference, and is handed on as the text that it is.

    Args:
        containers: the containers, by their dotted keys.
    """
    for key, container in containers.items():
        for name, value in container.environment.items():
            if word := _nearly(value):
                way = f'"{{{word}}}"' if word in VALUES else f'"{word}" in secrets'
                store = word.partition(".")[0]
                yield f"{key}.environment.{name} is only a text: write {way} for the {store} of the stack"


def _nearly(value: str) -> str:
    """Return the word that a value has without its braces, or misspelt in them; empty if there is none."""
    if value in VALUES or value in SECRETS:
        return value
    misspelt = (meant(word, VALUES) for word in _MISSPELT.findall(value) if not _WORD.fullmatch(f"{{{word}}}"))
    return next(filter(None, misspelt), "")


def _all(workload: Workload) -> Iterator[tuple[str, str]]:
    """Yield the references of all containers in a workload's tasks, with keys relative to the workload."""
    yield from _references("", workload)
    for name, sidecar in workload.sidecars.items():
        yield from _references(f"sidecars.{name}.", sidecar)


def _references(before: str, container: Container) -> Iterator[tuple[str, str]]:
    """Yield the key and the word of each reference of a container; in `environment` with its braces."""
    for name, secret in container.store_secrets.items():
        yield f"{before}secrets.{name}", secret.place
    for name, value in container.environment.items():
        for word in dict.fromkeys(words(value)):
            yield f"{before}environment.{name}", f"{{{word}}}"


def _wrong(reference: str) -> str:
    """Return the reason why a reference stands for nothing, and the fix; empty if it is right."""
    word = reference.strip("{}")
    if reference == word or word in VALUES:
        return ""
    if word in SECRETS:
        whole = f"{word.partition('.')[0]}.url"
        url = "" if word == whole else f', or use "{whole}", which has the password in it'
        return (
            f"has {reference}, which every reader of task definitions would see: move the variable to secrets, with "
            f'the value "{word}" alone{url}'
        )
    return f"has {reference}, which stands for nothing{suggestion(word, VALUES)}"
