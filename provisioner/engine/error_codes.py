"""The family of an error, by which `provision explain` and programs know it."""

from __future__ import annotations

from provisioner.engine import own_code
from provisioner.engine.errors import ProvisionError, SomeFailed
from provisioner.state.model import StateError

OWN_STEPS, UNEXPECTED = "own-steps", "unexpected"
"""The families of errors raised by the user's own steps, and of unforeseen errors."""


def error_code(error: BaseException) -> str:
    """Return the code of an error's family; of several failures, their common code if there is one."""
    if isinstance(error, SomeFailed):
        codes = set(map(error_code, error.failures.values()))
        return codes.pop() if len(codes) == 1 else error.code
    if isinstance(error, ProvisionError | StateError):
        return error.code
    return OWN_STEPS if own_code.place(error) else UNEXPECTED
