"""Orphans that `recover` finds, resources of this stack that are no longer declared: the order of their deletion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from provisioner.engine.declaration import Declared, reachable
from provisioner.engine.resource import Observed, Resource

GENERATED_ID = re.compile(r"arn:.+|[a-z]+-[0-9a-z]{8,}|Z[0-9A-Z]{8,}")
"""An id that AWS generated. Unlike a name, no two resources share it."""


@dataclass
class Orphans:
    """Resources of this stack that are no longer declared, with their dependencies, which are deleted after them.

    Attributes:
        declared: the declared resources, by address.
        observed: the existing ones of the declared resources, by address.
        resources: the orphans by address.
    """

    declared: Mapping[str, Declared]
    observed: Mapping[str, Observed]
    resources: Mapping[str, tuple[type[Resource], Observed]]

    def step(self, resource_type: type[Resource]) -> str:
        """Return the step that declares resources of this type."""
        return next((item.step for item in self.declared.values() if type(item.resource) is resource_type), "")

    @cached_property
    def dependencies(self) -> Mapping[str, Sequence[str]]:
        """The dependencies of each orphan.

        An orphan depends on each resource that it names by a generated id, or in a field that is called as the
        identity of that type, such as `cache_subnet_group_name`. It also depends on resources of the types on
        which declared resources of its type depend: on those that it names, or on all of them if it names none. Too
        many are better than too few, since they only order a teardown. A dependency that closes a cycle is left out.
        """
        dependencies: dict[str, list[str]] = {address: [] for address in self.resources}
        for address in self.resources:
            # dependencies of declared resources never lead to an orphan
            dependencies[address] += [
                dependency
                for dependency in self._built_on(address)
                if address not in reachable(dependency, lambda one: dependencies.get(one, ()))
            ]
        return dependencies

    def _type(self, address: str) -> type[Resource]:
        return self.resources[address][0] if address in self.resources else type(self.declared[address].resource)

    def _built_on(self, address: str) -> list[str]:
        resource_type, live = self.resources[address]
        words = set(words_in(live.attributes))
        others = {**self.observed, **{a: other for a, (_, other) in self.resources.items()}}
        del others[address]
        named = {a: words & names_of(other) for a, other in others.items()}
        usual = {
            address.partition("/")[0]
            for item in self.declared.values()
            if type(item.resource) is resource_type
            for address in item.recorded_dependencies
        }
        found = {a for a, names in named.items() if any(map(GENERATED_ID.fullmatch, names))}
        # with its type no declaration is left that tells what it is built on
        fields = {name: value for name, value in live.attributes.items() if name not in resource_type.identity}
        found |= {a for a, other in others.items() if _named_by(fields, self._type(a), other)}
        for sort in usual:
            of_it = {a for a in others if a.partition("/")[0] == sort}
            found |= {a for a in of_it if named[a]} or (of_it if sort != resource_type.type_name else set())
        return [a for a in others if a in found]


def _named_by(fields: Mapping[str, Any], resource_type: type[Resource], live: Observed) -> bool:
    """Return whether a resource's only identity is one of these fields, under the same name and with its value."""
    match resource_type.identity:
        case [name]:
            return name in fields and fields[name] == live.attributes.get(name) is not None
    return False


def names_of(live: Observed) -> set[str]:
    """Return the id and the outputs by which other resources can name this one."""
    return {live.id, *(value for value in live.outputs.values() if isinstance(value, str))} - {""}


def words_in(value: Any) -> Iterator[str]:
    """Yield all words in a nested value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from words_in(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from words_in(item)
