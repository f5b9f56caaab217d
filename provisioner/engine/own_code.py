"""The user's own modules: the package that they are imported under, and which line of theirs raised an error."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from provisioner.engine.errors import ConfigurationError, ProvisionError

PACKAGE = "provisioner_own_steps"
"""No folder has this name, so nothing else can be imported in its place, and `sys.path` stays as it is."""


def is_own(defined: Callable[..., Any] | type) -> bool:
    """Say whether a function or class is one of the user's."""
    return defined.__module__ == PACKAGE or defined.__module__.startswith(f"{PACKAGE}.")


def shown(path: str | Path) -> str:
    """Return a file of the user's as messages name it, such as `steps/queue.py`."""
    file, package = Path(path), sys.modules.get(PACKAGE)
    for folder in getattr(package, "__path__", ()):
        if file.is_relative_to(folder):
            return str(file.relative_to(Path(folder).parent))
    return str(path)


def class_name(defined: type) -> str:
    """Return a class as messages name it: of the user's own with its file, else with its module."""
    if is_own(defined):
        return f"{defined.__qualname__} in {shown(str(sys.modules[defined.__module__].__file__))}"
    return f"{defined.__module__}.{defined.__qualname__}"


def place(error: BaseException) -> str:
    """Return the innermost line of the user's own that an error passed, as `steps/queue.py:31`; empty if none."""
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__", "")).split(".", 1)[0] == PACKAGE:
            found = f"{shown(frame.f_code.co_filename)}:{line}"
    return found


def line_of(function: Callable[..., Any]) -> str:
    """Return where a function of the user's begins, as `steps/queue.py:12`."""
    code = function.__code__
    return f"{shown(code.co_filename)}:{code.co_firstlineno}"


def told(error: BaseException) -> str:
    """Return an error of the user's own code as a sentence without its place."""
    if isinstance(error, ProvisionError):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def blamed(error: Exception, what: str, where: str = "") -> ConfigurationError:
    """Return the error that is told of what went wrong in the user's own code.

    Args:
        what: which step or type it was, in words.
        where: the place, if the error itself passed none.
    """
    return ConfigurationError(f"{place(error) or where}: {what}: {told(error)}")


def unsupported(type_name: str) -> tuple[str, str]:
    """Return what is said of a resource whose type nobody knows, to be put behind its address, and what to do."""
    if "." in type_name:
        return (
            "is of a type of your own that no trusted file of the steps folder defines",
            "restore the file that defines it, and trust it (`provision plan` asks)",
        )
    return "has a resource type that this version does not support", "upgrade"
