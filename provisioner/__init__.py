"""Creates, changes and deletes a complete Amazon ECS stack with plain boto3.

What own steps and programs may import stands in `__all__`; docs/own-steps.md describes it, and says what is stable.
Nothing is imported before it is asked for: most commands need little of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.aws.tagging import observed
    from provisioner.engine.declaration import Handle, ids, ready, step
    from provisioner.engine.errors import Failed
    from provisioner.engine.resource import Change, Changes, Observed, Resource
    from provisioner.steps.stack import Stack

__version__ = "0.1.0"

_PLACES = {
    "Aws": "aws.client",
    "Change": "engine.resource",
    "Changes": "engine.resource",
    "Failed": "engine.errors",
    "Handle": "engine.declaration",
    "Observed": "engine.resource",
    "Resource": "engine.resource",
    "Stack": "steps.stack",
    "ids": "engine.declaration",
    "observed": "aws.tagging",
    "ready": "engine.declaration",
    "step": "engine.declaration",
}
"""The module below this package that defines each name."""

__all__ = [
    "Aws",
    "Change",
    "Changes",
    "Failed",
    "Handle",
    "Observed",
    "Resource",
    "Stack",
    "__version__",
    "ids",
    "observed",
    "ready",
    "step",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
