"""The user's own modules: the package that they are imported under, and their line that raised an error."""

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
    """Return whether a function or class is one of the user's."""
    return defined.__module__ == PACKAGE or defined.__module__.startswith(f"{PACKAGE}.")


def shown(path: str | Path) -> str:
    """Return the path of the user's file as messages name it, such as `steps/queue.py`."""
    file, package = Path(path), sys.modules.get(PACKAGE)
    for folder in getattr(package, "__path__", ()):
        if file.is_relative_to(folder):
            return str(file.relative_to(Path(folder).parent))
    return str(path)


def class_name(defined: type) -> str:
    """Return the name of a class for messages: with its file if it is the user's, else with its module."""
    if is_own(defined):
        return f"{defined.__qualname__} in {shown(str(sys.modules[defined.__module__].__file__))}"
    return f"{defined.__module__}.{defined.__qualname__}"


def place(error: BaseException) -> str:
    """Return the innermost line of the user's code that an error passed, as `steps/queue.py:31`; empty if none."""
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__", "")).split(".", 1)[0] == PACKAGE:
            found = f"{shown(frame.f_code.co_filename)}:{line}"
    return found


def line_of(function: Callable[..., Any]) -> str:
    """Return the file and first line of a user's function, as `steps/queue.py:12`."""
    code = function.__code__
    return f"{shown(code.co_filename)}:{code.co_firstlineno}"


def told(error: BaseException) -> str:
    """Return the text of an error from the user's own code, without its place."""
    if isinstance(error, ProvisionError):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def blamed(error: Exception, what: str, where: str = "") -> ConfigurationError:
    """Return the error to show the user for a failure in the user's own code.

    Args:
        what: the step or type that failed, in words.
        where: the place, if the error itself passed none.
    """
    return ConfigurationError(f"{place(error) or where}: {what}: {told(error)}")


def unsupported(type_name: str) -> tuple[str, str]:
    """Return the message for a resource of an unknown type, to be put behind its address, and the remedy."""
    if "." in type_name:
        return (
            "is of a type of your own that no trusted file of the steps folder defines",
            "restore the file that defines it, and trust it (`provision plan` asks)",
        )
    return "has a resource type that this version does not support", "upgrade"
