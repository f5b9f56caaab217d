"""Patch moto: three functions that change it, and refusals as AWS words them.

Nothing in moto, or in a library below it, is changed in any other way (`tests/cloud/emulator/test_hooks.py`).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, NoReturn, TypeVar

from moto.core.exceptions import ServiceException

Owner = type | ModuleType
Method = Callable[..., Any]
Ours = TypeVar("Ours")

MISSING = object()
"""The former value of an attribute that did not exist."""


@dataclass(frozen=True)
class Hook:
    """A change to moto.

    Attributes:
        verb: the kind of the change.
        owner: the class or the module that is changed.
        name: its attribute.
        before: the attribute's former value, unbound, or `MISSING`.
        ours: our value; for `wrap`, the function that takes the former value as its first argument.
    """

    verb: Literal["replace", "wrap", "add"]
    owner: Owner
    name: str
    before: Any
    ours: Any

    @property
    def target(self) -> str:
        """The attribute's full name."""
        if isinstance(self.owner, ModuleType):
            return f"{self.owner.__name__}.{self.name}"
        return f"{self.owner.__module__}.{self.owner.__qualname__}.{self.name}"


HOOKS: list[Hook] = []
"""All changes so far, in their order."""


def replace(owner: Owner, name: str) -> Callable[[Ours], Ours]:
    """Replace moto's attribute `name` by ours: a method, a property, a function or a table.

    >>> @replace(EC2Backend, "get_security_group_from_id")
    ... def get_security_group_from_id(self, group_id): ...

    To replace a value that moto assigns to each object of a class (`self.status = ...`), use a property of the class.
    """
    before = inspect.getattr_static(owner, name, MISSING)

    def decorate(ours: Ours) -> Ours:
        if before is MISSING and inspect.isfunction(ours):
            raise TypeError(f"{owner.__name__}.{name} is not there to be replaced: use add")
        _lay(Hook("replace", owner, name, before, ours), ours)
        return ours

    return decorate


def wrap(owner: Owner, name: str) -> Callable[[Method], Method]:
    """Call ours instead of moto's method, property or function `name`, with moto's as the first argument, to call it.

    >>> @wrap(EC2Backend, "delete_subnet")
    ... def delete_subnet(original, self, subnet_id): ...

    A property stays a property, and a static method stays static: ours then gets no `self`.
    """
    before = inspect.getattr_static(owner, name, MISSING)
    if before is MISSING:
        raise TypeError(f"{owner.__name__}.{name} is not there to be wrapped: use add")
    original: Any = before.fget if isinstance(before, property) else getattr(owner, name)

    def decorate(ours: Method) -> Method:
        @functools.wraps(original)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            return ours(original, *args, **kwargs)

        stands: Any = wrapped
        if isinstance(before, property):
            stands = before.getter(wrapped)
        elif isinstance(before, staticmethod):
            stands = staticmethod(wrapped)
        _lay(Hook("wrap", owner, name, before, ours), stands)
        return ours

    return decorate


def add(owner: Owner, name: str) -> Callable[[Ours], Ours]:
    """Add an attribute that moto lacks: in a response class, an operation by its snake_case name.

    >>> @add(EC2Response, "describe_security_group_references")
    ... def describe_security_group_references(self): ...
    """

    def decorate(ours: Ours) -> Ours:
        if hasattr(owner, name):
            raise TypeError(f"{owner.__name__}.{name} exists already: use replace or wrap")
        _lay(Hook("add", owner, name, MISSING, ours), ours)
        return ours

    return decorate


def _lay(hook: Hook, stands: Any) -> None:
    setattr(hook.owner, hook.name, stands)
    HOOKS.append(hook)


class ServiceError(ServiceException):
    """A refusal by AWS. The class is ours: moto finds an exception's service model by the package of its class."""


_resets: list[Callable[[], None]] = []


def refuse(code: str, message: str, **members: Any) -> NoReturn:
    """Raise AWS's error `code` as the answer to the current request, in the service's protocol.

    The HTTP status comes from the service's model, else it is 400. `members` are further fields of a modelled error.
    """
    error = ServiceError(code, message)
    for name, value in members.items():
        setattr(error, name, value)
    raise error


def on_reset(function: Callable[[], None]) -> Callable[[], None]:
    """Register `function` to be called whenever the whole cloud is emptied (`POST /_cloud/reset`)."""
    _resets.append(function)
    return function


def reset() -> None:
    """Call every function registered with `on_reset`, in order."""
    for function in _resets:
        function()
