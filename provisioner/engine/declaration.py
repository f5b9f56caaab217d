"""Steps: plain functions that declare resources. The parameters of a step name the steps that run before it."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar, cast

from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import Resource
from provisioner.engine.resource_types import ADDRESS

REFERENCE = re.compile(rf"\$\{{({ADDRESS}):(\w+)(!?)\}}")
"""A value that is not known yet: `${address:output}`, with `!` when the resource must be ready before it is used."""

STEPS: dict[str, Callable[..., Any]] = {}
"""Every step by its name."""
BEFORE: dict[str, tuple[str, ...]] = {}
"""By step, further steps that run before it without being its parameters: they may add to its resources."""

F = TypeVar("F", bound=Callable[..., Any])
K = TypeVar("K", bound=Resource)


@dataclass(frozen=True)
class Dependency:
    """An edge of the graph: the needed address, its needed output if any, and whether it must be ready.

    Attributes:
        order_only: the needed resource need not outlast this one. It counts only while the needed one is new; it is not
            recorded, and sets no order of deletion.
        for_changes: an `order_only` edge that counts only for a standing resource: a new one begins beside it.
        while_new: an address that has an `order_only` edge count as well as long as it is new.
        always: an `order_only` edge that counts whether the needed one is new or not.
        narrowing: an `order_only` edge that counts only when settings are removed: first from the dependent resource.
    """

    address: str
    output: str | None = None
    ready: bool = False
    order_only: bool = False
    for_changes: bool = False
    while_new: str = ""
    always: bool = False
    narrowing: bool = False

    def is_new(self, standing: Collection[str]) -> bool:
        """Return whether the needed resource, or `while_new`, was not ready before the run."""
        if self.always or self.narrowing:
            return self.always
        return not {self.address, self.while_new or self.address} <= {*standing}


@dataclass(frozen=True)
class Handle:
    """A declared resource. Its attributes are references to AWS's later values; they work in f-strings and JSON."""

    address: str
    resource_type: type[Resource]
    must_be_ready: bool = False

    @property
    def id(self) -> str:
        """A reference for the id that AWS gives the resource."""
        return self._reference("id")

    def __getattr__(self, output: str) -> str:
        if output.startswith("_") or output not in self.resource_type.outputs:
            raise AttributeError(
                f"{self.address} has no output {output!r}; it has {', '.join(self.resource_type.outputs)}"
            )
        return self._reference(output)

    def _reference(self, output: str) -> str:
        return f"${{{self.address}:{output}{'!' if self.must_be_ready else ''}}}"


def ready(handle: Handle) -> Handle:
    """Return the handle in a form that makes its users wait until the resource is ready, not only there."""
    return dataclasses.replace(handle, must_be_ready=True)


def ids(handles: Iterable[Handle]) -> list[str]:
    """Return the ids of several resources, as references."""
    return [handle.id for handle in handles]


@dataclass(frozen=True)
class Declared:
    """One declared resource, its dependencies, and the step that declared it.

    `keys` names the key of `stack.toml` that a field comes from, for fields that AWS cannot change in place.

    Attributes:
        recorded: the addresses of all its dependencies, while `dependencies` has only the ones of this run.
    """

    resource: Resource
    dependencies: tuple[Dependency, ...]
    step: str
    keys: Mapping[str, str] = field(default_factory=dict)
    recorded: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The resource's address."""
        return self.resource.address

    @property
    def built_on(self) -> list[str]:
        """The addresses of its dependencies in this run: these outlast it."""
        return list(dict.fromkeys(one.address for one in self.dependencies if not one.order_only))

    @property
    def uses(self) -> list[str]:
        """The addresses that may lose settings only after this one has: its dependencies and the resources it uses."""
        return [*self.built_on, *(one.address for one in self.dependencies if one.narrowing)]

    @property
    def recorded_dependencies(self) -> list[str]:
        """The addresses of all its dependencies, as the state records them."""
        return [*self.recorded] or self.built_on

    def waits_for(self, standing: Collection[str]) -> list[Dependency]:
        """Return the dependencies that it waits for in a run.

        Args:
            standing: the addresses of the resources that were ready before the run.
        """
        stands = self.address in standing
        return [
            one
            for one in self.dependencies
            if not one.order_only or (one.is_new(standing) and (stands or not one.for_changes))
        ]


@dataclass
class Declarations:
    """The resources that the steps declare: each step gets the stack, and calls `ensure`.

    Attributes:
        declared: the resources declared so far, by address, in order.
        notices: sentences for the user that came up while declaring.
        ended: the steps that were run.
    """

    declared: dict[str, Declared] = field(default_factory=dict, kw_only=True)
    notices: list[str] = field(default_factory=list, kw_only=True)
    ended: list[str] = field(default_factory=list, kw_only=True)
    _step: str = field(default="", kw_only=True)

    @property
    def running(self) -> str:
        """The step that is being run, or was last."""
        return self._step

    def ensure(
        self,
        desired: Resource,
        *,
        after: Iterable[Handle] = (),
        start_after: Iterable[Handle] = (),
        change_after: Mapping[Handle, Handle] | None = None,
        follows: Iterable[Handle] = (),
        uses: Iterable[Handle] = (),
        keys: Mapping[str, str] | None = None,
    ) -> Handle:
        """Declare that a resource should exist as described. No call is made.

        Args:
            desired: the resource. Its fields may hold references of other handles, which it then needs.
            after: further resources that must exist (or, with `ready`, be ready) before this one.
            start_after: resources that must be ready before this one is created or changed, as long as they are new.
                They may be deleted before it.
            change_after: the same, but only if this resource exists already: otherwise both are created at once. A key
                is also waited for if its value, a resource that this change brings into use, is new.
            follows: resources whose changes come before this one's: it is created once they are there, and changed once
                they are ready. They may be deleted before it.
            uses: resources that this one uses without depending on them: they lose former settings only after this one
                is ready without its own former settings.
            keys: for fields that AWS cannot change in place, the key of `stack.toml` that each comes from.

        Raises:
            ValueError: the address is declared twice, or something needed is not declared.
        """
        if desired.address in self.declared:
            other = self.declared[desired.address].step
            raise ValueError(f"{desired.address} is declared twice: in {other} and {self._step}")
        dependencies = [Dependency(m[1], m[2], bool(m[3])) for m in _references(desired.fields())]
        dependencies += [Dependency(handle.address, ready=handle.must_be_ready) for handle in after]
        dependencies += [Dependency(one.address, ready=True, order_only=True) for one in start_after]
        dependencies += [
            Dependency(one.address, ready=True, order_only=True, for_changes=True, while_new=new.address)
            for one, new in (change_after or {}).items()
        ]
        for one in follows:
            there = Dependency(one.address, order_only=True, always=True)
            dependencies += [there, dataclasses.replace(there, ready=True, for_changes=True)]
        dependencies += [Dependency(one.address, order_only=True, narrowing=True) for one in uses]
        if missing := {one.address for one in dependencies} - self.declared.keys():
            raise ValueError(
                f"{desired.address} depends on {', '.join(sorted(missing))}, which no earlier step declares"
            )
        self.declared[desired.address] = Declared(desired, tuple(dict.fromkeys(dependencies)), self._step, keys or {})
        return Handle(desired.address, type(desired))

    def notice(self, text: str) -> None:
        """Note a sentence for the user that is no error."""
        self.notices.append(text)

    def run(self, steps: Mapping[str, Callable[..., Any]] | None = None) -> None:
        """Call every step once, in the order that their signatures give."""
        steps = STEPS if steps is None else steps
        results: dict[str, Any] = {}
        for name in order(steps):
            self._step = name
            results[name] = steps[name](self, **{p: results[p] for p in dependencies_of(steps[name])})
            self.ended.append(name)


def step(function: F) -> F:
    """Register a function as a step. Its first parameter is the stack, each further one names a step before it.

    Raises:
        ConfigurationError: another module has a step of that name.
    """
    other = STEPS.get(function.__name__)
    if other is not None and other.__module__ != function.__module__:
        raise ConfigurationError(
            f"step {function.__name__} is defined in {other.__code__.co_filename} as well: use another name"
        )
    STEPS[function.__name__] = function
    return function


def dependencies_of(function: Callable[..., Any]) -> list[str]:
    """Return the names of the steps that a step's signature asks for."""
    return list(inspect.signature(function).parameters)[1:]


def needed_by(steps: Mapping[str, Callable[..., Any]], name: str) -> list[str]:
    """Return the names of the steps that run before a step: its parameters, and its entries in `BEFORE`."""
    return [*dependencies_of(steps[name]), *(one for one in BEFORE.get(name, ()) if one in steps)]


def order(steps: Mapping[str, Callable[..., Any]]) -> list[str]:
    """Return the steps' names, each after the steps that it needs.

    Raises:
        ValueError: a step depends on an unknown step, or steps depend on each other.
    """
    graph = {name: needed_by(steps, name) for name in steps}
    for name, dependencies in graph.items():
        if unknown := [one for one in dependencies if one not in graph]:
            raise ValueError(f"step {name} depends on {', '.join(unknown)}, which is not a step")
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ValueError(f"steps depend on each other: {' -> '.join(error.args[1])}") from None


def reachable(start: str, dependencies: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """Yield a node of a graph and all its direct and indirect dependencies, each once."""
    met, todo = {start}, [start]
    while todo:
        yield (node := todo.pop())
        new = [one for one in dict.fromkeys(dependencies(node)) if one not in met]
        met.update(new)
        todo += new


def _references(value: Any) -> list[re.Match[str]]:
    if isinstance(value, str):
        return list(REFERENCE.finditer(value))
    if isinstance(value, Mapping):
        return [m for pair in value.items() for part in pair for m in _references(part)]
    if isinstance(value, (list, tuple)):
        return [m for part in value for m in _references(part)]
    return []


def unknown(value: Any) -> bool:
    """Return whether any part of the value is still a reference."""
    return bool(_references(value))


def fill(value: Any, lookup: Callable[[str, str], Any]) -> Any:
    """Return the value with each reference replaced by `lookup(address, output)`; a None answer leaves it in."""
    if isinstance(value, str):
        if (whole := REFERENCE.fullmatch(value)) and (answer := lookup(whole[1], whole[2])) is not None:
            return answer
        return REFERENCE.sub(lambda m: m[0] if (a := lookup(m[1], m[2])) is None else str(a), value)
    if isinstance(value, Mapping):
        return {fill(key, lookup): fill(item, lookup) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [fill(item, lookup) for item in value]
    return value


def filled(desired: K, lookup: Callable[[str, str], Any]) -> K:
    """Return the resource with its references replaced as far as they are known."""
    values = {name: fill(value, lookup) for name, value in desired.fields().items()}
    return cast("K", dataclasses.replace(cast("Any", desired), **values))
