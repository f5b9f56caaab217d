"""How the embedded cloud lays its rules over moto: replace a method, add an operation, refuse as AWS does."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NoReturn

from moto.core.exceptions import ServiceException

Method = Callable[..., Any]


class Refusal(ServiceException):
    """AWS says no. A class of ours: moto looks for an exception's service model by the package it is defined in."""


_resets: list[Callable[[], None]] = []


def wrap(cls: type, name: str) -> Callable[[Method], Method]:
    """Replace the method `name` of a moto class; the replacement gets the original as its first argument.

    >>> @wrap(EC2Backend, "delete_subnet")
    ... def delete_subnet(original, self, subnet_id): ...
    """
    original: Method = getattr(cls, name)

    def decorate(replacement: Method) -> Method:
        @functools.wraps(original)
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            return replacement(original, self, *args, **kwargs)

        setattr(cls, name, method)
        return replacement

    return decorate


def add(cls: type, name: str) -> Callable[[Method], Method]:
    """Give a moto class a method that it lacks: in a response class, an operation by its snake_case name."""
    if hasattr(cls, name):
        raise TypeError(f"{cls.__name__}.{name} exists already: use wrap")

    def decorate(method: Method) -> Method:
        setattr(cls, name, method)
        return method

    return decorate


def refuse(code: str, message: str, **members: Any) -> NoReturn:
    """Answer the current request with AWS's error `code`, whatever the service's protocol.

    The HTTP status is the one of the service's model, else 400. `members` are further fields of a modelled error.
    """
    error = Refusal(code, message)
    for name, value in members.items():
        setattr(error, name, value)
    raise error


def on_reset(function: Callable[[], None]) -> Callable[[], None]:
    """Have `function` called whenever the whole cloud is emptied (`POST /_cloud/reset`)."""
    _resets.append(function)
    return function


def reset() -> None:
    """Call every function given to `on_reset`, in order."""
    for function in _resets:
        function()
